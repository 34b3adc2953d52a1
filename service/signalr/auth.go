package signalr

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/event"
	"reslog/service/signalr/rest"
	"reslog/service/signalr/token"
	"reslog/service/signalr/transport"
)

// hubName is what a hub may be called.
var hubName = regexp.MustCompile("^[A-Za-z][A-Za-z0-9_`,.\\[\\]]{0,127}$")

const badHub = "Invalid hub name. Valid hub name should be in between 1 and 128 characters long. " +
	"The first character must be a letter, other characters can be letters, digits or the following symbols _`,.[]"

// hubOf returns the hub that a request names, in lower case.
func hubOf(query url.Values) (name, problem string) {
	switch names := query["hub"]; {
	case len(names) > 1:
		return "", "The query parameter hub is there more than once."
	case len(names) == 0 || !hubName.MatchString(names[0]):
		return "", badHub
	default:
		return strings.ToLower(names[0]), ""
	}
}

// pass is what acceptClient found out about a client.
type pass struct {
	hub   string
	token token.Token
}

// diagnostic reports whether a client is logged in full.
func (p *pass) diagnostic() bool { return isTrue(p.token.System[token.SystemDiagnostic]) }

func isTrue(s string) bool { return strings.EqualFold(s, "true") }

// seconds reads a claim that is a number of seconds.
func seconds(s string, most int64) time.Duration {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return time.Duration(min(n, most)) * time.Second
}

// acceptClient is transport.Config's Accept.
func (v *service) acceptClient(r *http.Request) (transport.Grant, *transport.Refusal) {
	name, problem := hubOf(r.URL.Query())
	if problem != "" {
		v.figures.userErrors.Add(1)
		return transport.Grant{}, &transport.Refusal{Status: http.StatusBadRequest, Text: problem}
	}
	p := &pass{hub: name}
	scheme, host := addressed(r)
	t, err := v.verifier.Verify(transport.BearerToken(r), v.audience(token.ClientURL(scheme, host, name), scheme, host))
	if err != nil {
		return transport.Grant{}, &transport.Refusal{Status: http.StatusUnauthorized, Header: v.refuse(r, err, event.Client, name)}
	}
	p.token = t
	// Limits are for those who come, not for those who are there.
	if path := strings.TrimSuffix(r.URL.Path, "/"); strings.HasSuffix(path, "/negotiate") {
		if over := v.limits.room(v.mode() != Serverless); over != "" {
			v.throttled429(over, r, p)
			return transport.Grant{}, tooMany(over)
		}
	}
	return transport.Grant{
		Allowed:     transportsOf(t.System[token.SystemTransports]),
		PollTimeout: seconds(t.System[token.SystemPollTimeout], 300),
		Owner:       name + "\x00" + t.User,
		Detail:      p,
	}, nil
}

// transportsOf reads the mask of transports that a client may use.
func transportsOf(mask string) []transport.Kind {
	n, err := strconv.Atoi(mask)
	if err != nil {
		return nil
	}
	kinds := []transport.Kind{} // none at all is not the same as all
	for i, k := range []transport.Kind{transport.WebSockets, transport.ServerSentEvents, transport.LongPolling} {
		if n&(1<<i) != 0 {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

func tooMany(over string) *transport.Refusal {
	return &transport.Refusal{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}, Text: over}
}

// throttled429 logs that a client was not let in.
func (v *service) throttled429(over string, r *http.Request, p *pass) {
	v.figures.userErrors.Add(1)
	v.flood.log(v.log, event.Event{
		Operation:  event.ConnectionThrottled,
		Level:      event.Warning,
		Collection: event.Throttling,
		Message:    over,
		Side:       event.Client,
		User:       p.token.User,
		Hub:        p.hub,
		Caller:     callerOf(r),
	})
}

// acceptServer is appserver.Config's Accept.
func (v *service) acceptServer(r *http.Request, name string) (string, *appserver.Refusal) {
	scheme, host := addressed(r)
	t, err := v.verify(r, token.ServerURL(scheme, host, name), scheme, host, permission+"serverConnection/write")
	if err != nil {
		return "", &appserver.Refusal{Status: http.StatusUnauthorized, Header: v.refuse(r, err, event.Server, name)}
	}
	if t.User != "" {
		return t.User, nil
	}
	return r.Header.Get("X-ASRS-Server-Id"), nil
}

// acceptREST is rest.Config's Accept.
func (v *service) acceptREST(r *http.Request) *rest.Refusal {
	scheme, host := addressed(r)
	if _, err := v.verify(r, token.RequestURL(scheme, host, r.URL.EscapedPath()), scheme, host, actionOf(r)); err != nil {
		return &rest.Refusal{Status: http.StatusUnauthorized, Header: v.refuse(r, err, "", hubOfPath(r.URL.Path))}
	}
	return nil
}

// verify checks the token of a server: one that is signed with a key, or one of
// Microsoft Entra for an action.
func (v *service) verify(r *http.Request, want, scheme, host, action string) (token.Token, error) {
	raw := transport.BearerToken(r)
	if !isEntra(raw) {
		return v.verifier.Verify(raw, v.audience(want, scheme, host))
	}
	refused := &token.Error{
		Reason:    "The Microsoft Entra token is refused for the action " + action + ".",
		Challenge: `Bearer error="invalid_token"`,
	}
	if v.server.c.Identity == nil {
		refused.Reason = "Microsoft Entra tokens are not taken here: set up identities."
		return token.Token{}, refused
	}
	if err := v.server.c.Identity(r.Context(), raw, v.id, action); err != nil {
		refused.Reason += " " + err.Error()
		return token.Token{}, refused
	}
	return token.Token{}, nil
}

// isEntra reports whether a token is signed with somebody's public key.
func isEntra(raw string) bool {
	head, _, _ := strings.Cut(raw, ".")
	if len(head) > token.MaxLength {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return false
	}
	var h struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(b, &h) != nil {
		return false
	}
	return strings.HasPrefix(h.Alg, "RS") || strings.HasPrefix(h.Alg, "PS") || strings.HasPrefix(h.Alg, "ES")
}

// audience is who a token must be for: the address that was asked, and that of the
// service's own name.
func (v *service) audience(want, scheme, host string) token.Audience {
	own := v.id.Name() + ".service.signalr.net"
	if strings.EqualFold((&url.URL{Host: host}).Hostname(), own) {
		return token.Audience{URLs: []string{want}}
	}
	u, err := url.Parse(want)
	if err != nil {
		return token.Audience{URLs: []string{want}}
	}
	u.Scheme, u.Host = "https", own
	return token.Audience{URLs: []string{want, u.String()}}
}

// addressed is the scheme and host that a request was sent to. What a proxy says of the
// scheme may be a lie, and is harmless: it changes what a token must be for, not who may
// have signed it.
func addressed(r *http.Request) (scheme, host string) {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https", r.Host
	}
	return "http", r.Host
}

func callerOf(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap()
}

// refuse logs why a token is refused, and returns the header for who sent it. The
// answer has no body.
func (v *service) refuse(r *http.Request, err error, side event.Side, hub string) http.Header {
	refused := &token.Error{Reason: "The token is refused.", Challenge: "Bearer"}
	errors.As(err, &refused)
	v.figures.userErrors.Add(1)
	v.flood.log(v.log, event.Event{
		Operation:  event.AuthorizationFailed,
		Level:      event.Warning,
		Collection: event.Authorization,
		Message:    refused.Reason,
		Side:       side,
		Hub:        hub,
		Caller:     callerOf(r),
	})
	return http.Header{"Www-Authenticate": {refused.Challenge}}
}

// clientToken is rest.Config's Token.
func (v *service) clientToken(r *http.Request, hub, user string, roles []string, lifetime time.Duration) (string, error) {
	keys := v.keys()
	if len(keys) == 0 || keys[0] == "" {
		return "", errors.New("the service has no access key to sign with")
	}
	if lifetime <= 0 {
		lifetime = time.Hour
	}
	scheme, host := addressed(r)
	now := v.now()
	claims := make([]token.Claim, 0, 5+len(roles))
	if user != "" {
		claims = append(claims, token.Claim{Type: "asrs.s." + token.SystemUser, Value: user})
	}
	for _, role := range roles {
		claims = append(claims, token.Claim{Type: "role", Value: role})
	}
	unix := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	claims = append(claims,
		token.Claim{Type: "nbf", Value: unix(now)},
		token.Claim{Type: "exp", Value: unix(now.Add(lifetime))},
		token.Claim{Type: "iat", Value: unix(now)},
		token.Claim{Type: "aud", Value: token.ClientURL(scheme, host, hub)})
	return token.Sign(keys[0], claims...), nil
}

// permission is what the names of all data actions begin with.
const permission = "Microsoft.SignalRService/SignalR/"

// actionOf is the data action that a request of the REST API needs of who has a token of
// Microsoft Entra.
//
// Source: "Azure permissions for Web and Mobile", Microsoft.SignalRService.
func actionOf(r *http.Request) string {
	const p = permission
	path := r.URL.EscapedPath() // a name may have a slash in it
	switch {
	case strings.HasSuffix(path, "/auth/accessKey"):
		return p + "auth/accessKey/action"
	case strings.HasSuffix(path, "/:generateToken"):
		return p + "auth/clientToken/action"
	}
	kind := kindOfPath(path)
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return p + kind + "/read"
	case r.Method == http.MethodPut || r.Method == http.MethodDelete || strings.HasSuffix(path, "/:closeConnections"):
		if kind == "hub" {
			kind = "clientConnection"
		}
		return p + kind + "/write"
	}
	return p + kind + "/send/action"
}

// kindOfPath is what of a hub a path is about, as data actions call it. Kinds and names
// take turns behind the hub, and a group comes before whom it has.
func kindOfPath(path string) string {
	_, path, _ = strings.Cut(path, "/hubs/")
	kind := "hub"
	for i, segment := range strings.Split(path, "/") {
		switch {
		case i%2 == 0: // a name
		case segment == "groups":
			return "group"
		case kind != "hub":
		case segment == "connections":
			kind = "clientConnection"
		case segment == "users":
			kind = "user"
		}
	}
	return kind
}

// hubOfPath is the hub of a path of the REST API, for the log.
func hubOfPath(path string) string {
	_, rest, _ := strings.Cut(path, "/hubs/")
	name, _, _ := strings.Cut(rest, "/")
	if !hubName.MatchString(name) {
		return ""
	}
	return strings.ToLower(name)
}
