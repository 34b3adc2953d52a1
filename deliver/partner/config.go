package partner

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is a partner's protocol.
type Kind string

// The protocols.
const (
	OTLP    Kind = "otlp"
	Datadog Kind = "datadog"
	Elastic Kind = "elastic"
)

// Secret is text that is never printed: not by fmt, whatever the verb, not by
// slog, and not as JSON. string(s) is the text.
type Secret string

const hidden = "XXXXX"

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the text from encoders, too: to store a secret is a decision.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Connection is how a partner is reached, whatever its protocol.
type Connection struct {
	// Endpoint is the base URL of the API, as Check wants it. Required.
	Endpoint string

	// Headers are sent with every request; their values are secrets, because
	// partners take keys in headers of any name. Those that describe the body, and
	// those that a key of the configuration sets, cannot be given.
	Headers map[string]Secret

	// CA are PEM certificates of the authorities that the endpoint's certificate
	// may be of, instead of the system's. Nil means the system's.
	CA []byte

	// TLS is the configuration of TLS, for client certificates; CA is added to it.
	// Nil means Go's defaults.
	TLS *tls.Config

	// Client sends the requests; then CA and TLS are its own affair, and must not
	// be given. Nil means a client of this destination alone. Redirects are never
	// followed, and cookies never kept, whatever the client would do: a redirect
	// would take the keys elsewhere.
	Client *http.Client

	// NoGzip sends bodies as they are. They are compressed otherwise.
	NoGzip bool

	// MaxBytes bounds the body of a request before compression; a record that is
	// larger goes alone. Zero means what the protocol allows or recommends.
	MaxBytes int

	// MaxRecords bounds the records of a request. Zero means the protocol's limit.
	MaxRecords int

	// Timeout bounds one request with its answer. Zero means 30 s.
	Timeout time.Duration

	// MaxWait is how long Deliver waits at most when the partner has asked, with
	// Retry-After, to be left alone for longer. Zero means 30 s.
	MaxWait time.Duration

	// Logger is told what the partner remarks on. Nil discards.
	Logger *slog.Logger

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	// Wait waits. It returns early, with its error, when ctx ends. Nil waits by the
	// clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// String names the endpoint and nothing else.
func (c Connection) String() string { return place(c.Endpoint) }

// Check says whether endpoint can be the Endpoint of a destination of that kind:
// an http or https URL with a host, without user, query or fragment, all of which
// are places where people put keys. It looks nothing up. Its errors do not repeat
// what they refuse.
func Check(kind Kind, endpoint string) error {
	_, err := checkEndpoint(kind, endpoint)
	return err
}

const maxEndpoint = 2048

func checkEndpoint(kind Kind, endpoint string) (*url.URL, error) {
	paths := map[Kind]string{OTLP: "/v1/logs", Datadog: "/api/v2/logs", Elastic: "/_bulk"}
	path, ok := paths[kind]
	if !ok {
		return nil, fmt.Errorf("no partner protocol %q: want %s, %s or %s", kind, OTLP, Datadog, Elastic)
	}
	if len(endpoint) > maxEndpoint {
		return nil, fmt.Errorf("the endpoint has %d bytes: use one of up to %d", len(endpoint), maxEndpoint)
	}
	u, err := url.Parse(endpoint)
	var parse *url.Error
	switch {
	case errors.As(err, &parse):
		return nil, errors.New("the endpoint is no URL: write it like https://host.example:4318")
	case err != nil:
		return nil, errors.New("the endpoint cannot be read: write it like https://host.example:4318")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the endpoint is no http or https URL: write it like https://host.example:4318")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("the endpoint has no host: write it like https://host.example:4318")
	case u.User != nil:
		return nil, errors.New("the endpoint has a user or password in it: give credentials by their own settings")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("the endpoint has a query: give keys by their own settings or as headers")
	case u.Fragment != "" || strings.HasSuffix(endpoint, "#"):
		return nil, errors.New("the endpoint has a fragment: leave out what begins with #")
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errors.New("the endpoint's port is no number from 1 to 65535")
		}
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	if !strings.HasSuffix(u.Path, path) { // the whole URL may have been given
		u.Path += path
	}
	return u, nil
}

// place is what errors call an endpoint: scheme and host, because a path may hold
// a key.
func place(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "an invalid endpoint"
	}
	return u.Scheme + "://" + u.Host
}

// checkHeaders refuses what cannot be sent and what describes the body.
func checkHeaders(headers map[string]Secret, taken ...string) error {
	const maxHeaders, maxValue = 64, 16 << 10
	if len(headers) > maxHeaders {
		return fmt.Errorf("%d headers: give up to %d", len(headers), maxHeaders)
	}
	taken = append(taken, "Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection",
		"Host", "Trailer", "Te", "Upgrade", "Accept-Encoding", "User-Agent", "Expect", "Keep-Alive", "Proxy-Connection")
	seen := make(map[string]bool, len(headers))
	for name, v := range headers {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case name == "" || strings.ContainsFunc(name, notToken):
			return fmt.Errorf("%q is no name of a header", name)
		case slices.Contains(taken, canonical):
			return fmt.Errorf("header %s cannot be given: it is set from elsewhere", canonical)
		case seen[canonical]:
			return fmt.Errorf("header %s is given twice", canonical)
		case len(v) > maxValue || strings.ContainsFunc(string(v), notValue):
			return fmt.Errorf("the value of header %s is over %d bytes or has control characters", canonical, maxValue)
		}
		seen[canonical] = true
	}
	return nil
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func notValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
