package arm

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"reslog/resource"
)

// signalRTypes are SignalR hubs. Source: the REST reference of
// Microsoft.SignalRService.
func signalRTypes() []*resourceType {
	return []*resourceType{{
		name: "Microsoft.SignalRService/SignalR", created: http.StatusCreated, unique: true,
		versions: []string{"2024-03-01", "2023-02-01", "2022-08-01-preview", "2022-02-01", "2021-10-01", "2020-05-01", "2018-10-01", "2018-03-01-preview"},
		names:    names(`[A-Za-z][A-Za-z0-9-]{1,61}[A-Za-z0-9]`, "3 to 63 letters, digits and hyphens, begin with a letter and end with a letter or digit"),
		sku:      "Standard_S1", kind: "SignalR", tiered: true,
		computed: []string{"externalIP", "hostName", "hostNamePrefix", "publicPort", "serverPort", "version", "privateEndpointConnections", "sharedPrivateLinkResources"},
		promises: []promise{{"disableLocalAuth", true}, {"publicNetworkAccess", "Disabled"}, {"networkACLs.defaultAction", "Deny"}, {"tls.clientCertEnabled", true}},
		prepare:  prepareSignalR,
		verify:   verifySignalR, always: true,
		show:     showSignalR,
		actions:  []action{{name: "listKeys", run: listSignalRKeys}, {name: "regenerateKey", run: regenerateSignalRKey}},
	}}
}

// prepareSignalR checks the mode of the service.
func prepareSignalR(d *draft) error {
	features, _ := d.props.get("features").([]any)
	for _, f := range features {
		f, _ := asObject(f)
		flag, _ := f.get("flag").(string)
		value, _ := f.get("value").(string)
		if fold(flag, "ServiceMode") && !fold(value, "Default") && !fold(value, "Serverless") && !fold(value, "Classic") {
			return refuse(http.StatusBadRequest, "InvalidParameter", "The value '%.32s' of the feature 'ServiceMode' is invalid. Allowed are Default, Serverless and Classic.", value)
		}
	}
	return drawKeys(d, shortKey)
}

// verifySignalR checks the web hooks. What is wrong is told without their URLs, which
// may carry a code.
func verifySignalR(_ context.Context, s *Server, d *draft) error {
	templates, _ := d.props.at("upstream.templates").([]any)
	for i, t := range templates {
		t, _ := asObject(t)
		address, _ := t.get("urlTemplate").(string)
		if err := s.cfg.CheckUpstream(address); err != nil {
			return refuse(http.StatusBadRequest, "InvalidParameter", "The template %d of 'upstream' is invalid: %s.", i+1, err)
		}
	}
	return nil
}

func showSignalR(s *Server, res *resource.Resource, props object) {
	props["version"] = "1.0"
	props["hostNamePrefix"] = res.ID.Name()
	u, err := url.Parse(s.cfg.Endpoints(*res)["signalr"])
	if err != nil || u.Host == "" {
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	props["hostName"] = u.Hostname()
	if n, err := strconv.Atoi(cmp.Or(port, "80")); err == nil {
		props["publicPort"], props["serverPort"] = n, n
	}
}

// signalRKeys is the answer of listKeys. A hub that the node does not serve has
// no connection strings.
func (s *Server) signalRKeys(res *resource.Resource, keys KeyPair) map[string]any {
	body := map[string]any{"primaryKey": keys.PrimaryKey, "secondaryKey": keys.SecondaryKey, "primaryConnectionString": nil, "secondaryConnectionString": nil}
	if endpoint := s.cfg.Endpoints(*res)["signalr"]; endpoint != "" {
		of := func(key string) string { return SignalRConnectionString(endpoint, key) }
		body["primaryConnectionString"], body["secondaryConnectionString"] = of(keys.PrimaryKey), of(keys.SecondaryKey)
	}
	return body
}

// SignalRConnectionString is what SDKs connect with. The port stands beside the endpoint,
// as the emulator has it: some drop one that is in it.
func SignalRConnectionString(endpoint, key string) string {
	port := ""
	if u, err := url.Parse(endpoint); err == nil && u.Port() != "" {
		port = "Port=" + u.Port() + ";"
		endpoint = strings.TrimSuffix(strings.TrimSuffix(endpoint, "/"), ":"+u.Port())
	}
	return "Endpoint=" + strings.TrimSuffix(endpoint, "/") + ";" + port + "AccessKey=" + key + ";Version=1.0;"
}

func listSignalRKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	keys, err := secretsOf[KeyPair](res)
	if err != nil {
		return answer{}, err
	}
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	return ok(s.signalRKeys(&res, keys))
}

// regenerateSignalRKey answers 202, the only status that the SDKs take, with
// the operation that is done already.
func regenerateSignalRKey(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	primary, err := keyType(r)
	if err != nil {
		return answer{}, err
	}
	keys, err := secretsOf[KeyPair](res)
	if err != nil {
		return answer{}, err
	}
	keys.regenerate(primary, shortKey)
	if err := s.keepSecrets(ctx, r, res, keys, keyName(primary)); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, header: s.operation(r, res.Location), body: s.signalRKeys(&res, keys)}, nil
}

// keyName is how the activity log names a key of a pair.
func keyName(primary bool) string {
	if primary {
		return "Primary"
	}
	return "Secondary"
}
