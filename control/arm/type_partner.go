package arm

import (
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
)

// Bounds of the headers of a monitor.
const (
	maxHeaders     = 32
	maxHeaderValue = 4 << 10
)

// partnerTypes are the monitors of partners. Source: the REST references of the
// four providers. Those of Azure stand for an account at the partner; here they
// say where records go: endpoint, protocol, index, encoding, and the secrets
// apiKey, username, password, headers, which are never read back.
func partnerTypes() []*resourceType {
	monitor := func(name, protocol, sku string, secret string, versions ...string) *resourceType {
		return &resourceType{
			name: name, versions: versions, created: http.StatusCreated,
			names: names(`[A-Za-z0-9_-]{1,64}`, "1 to 64 letters, digits, hyphens and underscores"),
			sku:   sku,
			computed: []string{
				"marketplaceSubscriptionStatus", "liftrResourceCategory", "liftrResourcePreference",
			},
			own:     []string{"endpoint", "protocol", "index", "encoding"},
			prepare: func(d *draft) error { return prepareMonitor(d, protocol, secret) },
		}
	}
	return []*resourceType{
		monitor("Microsoft.Datadog/monitors", "datadog", "", "datadogOrganizationProperties.apiKey",
			"2023-10-20", "2023-07-07", "2023-01-01", "2022-06-01", "2021-03-01", "2020-02-01-preview"),
		monitor("Microsoft.Elastic/monitors", "elasticsearch", "", "",
			"2024-06-01-preview", "2024-03-01", "2023-06-01", "2022-07-01-preview", "2020-07-01"),
		monitor("Dynatrace.Observability/monitors", "otlp", "", "",
			"2024-04-24", "2023-04-27", "2021-09-01", "2021-09-01-preview"),
		monitor("NewRelic.Observability/monitors", "otlp", "", "newRelicAccountProperties.accountInfo.ingestionKey",
			"2024-01-01", "2023-11-01", "2022-07-01", "2022-07-01-preview"),
	}
}

// prepareMonitor checks a monitor. The secret is where the partner's own
// documents have the key.
func prepareMonitor(d *draft, protocol, secret string) error {
	endpoint, err := d.text("endpoint")
	if err != nil {
		return err
	}
	if endpoint == nil || *endpoint == "" {
		return refuse(http.StatusBadRequest, "InvalidProperty", "The property 'endpoint' is required: the URL that records are sent to.")
	}
	if _, why := endpointURL(*endpoint); why != "" {
		return refuse(http.StatusBadRequest, "InvalidProperty", "The property 'endpoint' %s.", why)
	}
	d.props.set("endpoint", *endpoint)

	known := []string{"otlp", "datadog", "elasticsearch"}
	d.props.fill("protocol", protocol)
	if err := d.oneOf("protocol", known...); err != nil {
		return err
	}
	if err := d.option("index", "elasticsearch", indexForm); err != nil {
		return err
	}
	if err := d.option("encoding", "otlp", encodingForm); err != nil {
		return err
	}
	d.props.fill("monitoringStatus", "Enabled")
	return d.hideMonitor(secret)
}

// Forms of options. Elasticsearch's rules for the names of indices, and the
// encodings of OTLP over HTTP.
var (
	indexForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,254}$`)
	encodingForm = regexp.MustCompile(`^(json|protobuf)$`)
)

// option checks a property that only one protocol has.
func (d *draft) option(name, protocol string, form *regexp.Regexp) error {
	v := d.props.take(name)
	if v == nil || v == "" {
		return nil
	}
	if text, _ := v.(string); !form.MatchString(text) {
		return refuse(http.StatusBadRequest, "InvalidProperty", "The property '%s' must match %s.", name, form)
	}
	if d.props.get("protocol") != protocol {
		return refuse(http.StatusBadRequest, "InvalidProperty", "The property '%s' is one of the protocol '%s'.", name, protocol)
	}
	d.props.set(name, v)
	return nil
}

// hideMonitor takes the secrets out of the properties. One that is not given
// stays as it was, an empty one goes.
func (d *draft) hideMonitor(keyPath string) error {
	was, err := secretsOf[MonitorSecrets](d.Resource)
	if err != nil {
		return err
	}
	// Where the partner's own documents have the key, it counts as apiKey.
	if keyPath != "" {
		if v := d.props.takeAt(keyPath); v != nil && v != "" && d.props.get("apiKey") == nil {
			d.props.set("apiKey", v)
		}
	}
	now := was
	var stay []string // names of secrets that are not given and not empty
	for _, secret := range []struct {
		name  string
		field *string
	}{{"apiKey", &now.APIKey}, {"username", &now.Username}, {"password", &now.Password}} {
		given, err := d.text(secret.name)
		switch {
		case err != nil:
			return err
		case given != nil && strings.ContainsFunc(*given, isControl):
			return refuse(http.StatusBadRequest, "InvalidProperty", "The property '%s' may not have control characters.", secret.name)
		case given != nil:
			*secret.field = *given
		case *secret.field != "":
			stay = append(stay, secret.name)
		}
	}
	if v := d.props.take("headers"); v != nil {
		if now.Headers, err = monitorHeaders(v); err != nil {
			return err
		}
	} else if len(was.Headers) > 0 {
		stay = append(stay, "headers")
	}
	if err := d.keepsTo(stay); err != nil {
		return err
	}
	return d.hide(now)
}

// keepsTo refuses to send secrets that the client does not know to a place of its
// choice: who changes the endpoint gives them again.
func (d *draft) keepsTo(stay []string) error {
	if d.old == nil || d.trusted || len(stay) == 0 {
		return nil
	}
	was, err := MonitorOf(*d.old)
	if err != nil {
		return err
	}
	if origin(d.word("endpoint")) == origin(was.Endpoint) {
		return nil
	}
	return refuse(http.StatusBadRequest, "InvalidProperty", "The property 'endpoint' names another host: give '%s' again, or empty to remove.", strings.Join(stay, "', '"))
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")

// monitorHeaders reads headers that are added to every request to the partner.
// Those that frame a request are the destination's own.
func monitorHeaders(v any) (map[string]string, error) {
	in, isObject := asObject(v)
	if !isObject || len(in) > maxHeaders {
		return nil, refuse(http.StatusBadRequest, "InvalidProperty", "The property 'headers' must be an object with at most %d members.", maxHeaders)
	}
	framing := []string{
		"Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host", "Keep-Alive", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
	}
	headers := make(map[string]string, len(in))
	for name, v := range in {
		value, isText := v.(string)
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if _, twice := headers[canonical]; twice || !headerName.MatchString(name) || slices.Contains(framing, canonical) ||
			!isText || len(value) > maxHeaderValue || strings.ContainsFunc(value, isControl) {
			return nil, refuse(http.StatusBadRequest, "InvalidProperty", "The header '%.64s' is not allowed.", name)
		}
		headers[canonical] = value
	}
	return headers, nil
}
