package identity

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// EndpointsConfig is what NewEndpoints needs.
type EndpointsConfig struct {
	Issuer    *Issuer
	Directory *Directory
	// BaseURL is the node's address as the client knows it, "https://localhost:10443";
	// what is answered leads there. nil is https and the Host of the request.
	BaseURL func(r *http.Request) string
	// Logger is told who signs in and who is refused; nil discards.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Endpoints is the sign-in surface of the node's tenant, for applications that
// have a secret (OAuth 2.0 client credentials, RFC 6749, 4.4). There are three
// authorities, under which clients look for it:
//
//	/adfs                   for az and clients that take the node for Azure Stack
//	/{tenant}, with /v2.0   for the Azure SDKs; tenant is the Issuer's TenantID
//	/{tenant}               the same in the older version
//
// Each has a discovery document, its keys and a token endpoint; see endpoint. It
// is no matter for which audience a token is asked: any absolute URI or GUID will
// do, for it is the resource that decides which audiences it takes, and a token
// for another one is worth nothing.
type Endpoints struct {
	cfg EndpointsConfig
	// The endpoints by their paths below an authority.
	belowADFS, belowTenant map[string]endpoint
}

// NewEndpoints returns the sign-in surface. Mount it at the root of an HTTPS
// server, where Handles says so.
func NewEndpoints(cfg EndpointsConfig) *Endpoints {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.BaseURL == nil {
		cfg.BaseURL = func(r *http.Request) string { return "https://" + r.Host }
	}
	return &Endpoints{cfg: cfg, belowADFS: adfsEndpoints(), belowTenant: tenantEndpoints()}
}

// endpoint is what a path leads to.
type endpoint struct {
	authority Authority
	tenant    string // as in the path; "" in /adfs without one
	what      string // "metadata", "keys", "token", …
	method    string
}

func adfsEndpoints() map[string]endpoint {
	get, post := http.MethodGet, http.MethodPost
	return map[string]endpoint{
		".well-known/openid-configuration": {ADFS, "", "metadata", get},
		"discovery/keys":                   {ADFS, "", "keys", get},
		"oauth2/token":                     {ADFS, "", "token", post},
		"oauth2/authorize":                 {ADFS, "", "authorize", get},
		"oauth2/devicecode":                {ADFS, "", "devicecode", post},
	}
}

func tenantEndpoints() map[string]endpoint {
	get, post := http.MethodGet, http.MethodPost
	return map[string]endpoint{
		".well-known/openid-configuration":      {TenantV1, "", "metadata", get},
		"discovery/keys":                        {TenantV1, "", "keys", get},
		"oauth2/token":                          {TenantV1, "", "token", post},
		"oauth2/authorize":                      {TenantV1, "", "authorize", get},
		"oauth2/devicecode":                     {TenantV1, "", "devicecode", post},
		"v2.0/.well-known/openid-configuration": {TenantV2, "", "metadata", get},
		"discovery/v2.0/keys":                   {TenantV2, "", "keys", get},
		"oauth2/v2.0/token":                     {TenantV2, "", "token", post},
		"oauth2/v2.0/authorize":                 {TenantV2, "", "authorize", get},
		"oauth2/v2.0/devicecode":                {TenantV2, "", "devicecode", post},
		"discovery/instance":                    {TenantV2, "", "instance", get},
	}
}

// find returns the endpoint of a path.
func (e *Endpoints) find(path string) (endpoint, bool) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !strings.EqualFold(first, "adfs") {
		found, ok := e.belowTenant[rest]
		found.tenant = first
		return found, ok && (found.what != "instance" || strings.EqualFold(first, "common"))
	}
	found, ok := e.belowADFS[rest]
	if !ok { // /adfs/{tenant}/…
		var tenant string
		tenant, rest, _ = strings.Cut(rest, "/")
		found, ok = e.belowADFS[rest]
		found.tenant = tenant
	}
	return found, ok
}

// Handles reports whether a path belongs to the sign-in surface.
func (e *Endpoints) Handles(path string) bool {
	_, ok := e.find(path)
	return ok
}

// ServeHTTP is the one path of all requests: find the endpoint, check method and
// tenant, do the work, encode.
func (e *Endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := e.find(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != found.method && (found.method != http.MethodGet || r.Method != http.MethodHead) {
		w.Header().Set("Allow", found.method)
		e.fail(w, r, &oauthError{status: http.StatusMethodNotAllowed, code: "invalid_request", number: 900561, message: "The endpoint only accepts " + found.method + " requests."})
		return
	}
	answer, err := e.answer(w, r, found)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	e.write(w, http.StatusOK, answer)
}

func (e *Endpoints) answer(w http.ResponseWriter, r *http.Request, found endpoint) (any, *oauthError) {
	if err := e.checkTenant(found); err != nil {
		return nil, err
	}
	switch found.what {
	case "metadata":
		return e.metadata(r, found.authority), nil
	case "keys":
		return e.cfg.Issuer.JWKS(), nil
	case "instance":
		return e.instance(r)
	case "token":
		return e.token(w, r, found.authority)
	}
	// The ways in which people sign in: clients expect the endpoints, and are told
	// that there are no people here.
	return nil, &oauthError{
		status: http.StatusBadRequest, code: "unauthorized_client", number: 700016,
		message: "Only applications sign in here, with a secret: use the grant type client_credentials.",
	}
}

// checkTenant lets the tenant of the Issuer pass, the /adfs that has none, and
// the common one for what is the same for all.
func (e *Endpoints) checkTenant(found endpoint) *oauthError {
	shared := found.what == "keys" || found.what == "instance"
	switch {
	case strings.EqualFold(found.tenant, e.cfg.Issuer.TenantID()),
		found.authority == ADFS && found.tenant == "",
		shared && strings.EqualFold(found.tenant, "common"):
		return nil
	}
	return &oauthError{
		status: http.StatusBadRequest, code: "invalid_tenant", number: 90002,
		message: "Tenant '" + clip(found.tenant) + "' not found. The tenant of this node is " + e.cfg.Issuer.TenantID() + ".",
	}
}

// metadata is the discovery document (OpenID Connect Discovery 1.0, section 3).
// Clients refuse one without the authorization endpoints, which refuse.
func (e *Endpoints) metadata(r *http.Request, a Authority) any {
	base := e.base(r)
	authority, oauth2, keys := base+"/adfs", "/oauth2/", "/discovery/keys"
	if a != ADFS {
		authority = base + "/" + e.cfg.Issuer.TenantID()
	}
	if a == TenantV2 {
		oauth2, keys = "/oauth2/v2.0/", "/discovery/v2.0/keys"
	}
	return map[string]any{
		"issuer":                                e.cfg.Issuer.Name(a, base),
		"token_endpoint":                        authority + oauth2 + "token",
		"authorization_endpoint":                authority + oauth2 + "authorize",
		"device_authorization_endpoint":         authority + oauth2 + "devicecode",
		"jwks_uri":                              authority + keys,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"claims_supported":                      []string{"aud", "iss", "iat", "nbf", "exp", "sub", "oid", "appid", "azp", "tid", "ver", "idtyp", "uti"},
	}
}

// instance tells clients that the host they were given is an authority (the
// instance discovery of MSAL, api-version 1.1).
func (e *Endpoints) instance(r *http.Request) (any, *oauthError) {
	base := e.base(r)
	here, err := url.Parse(base)
	asked, askedErr := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || askedErr != nil || !strings.EqualFold(asked.Host, here.Host) {
		return nil, &oauthError{status: http.StatusBadRequest, code: "invalid_instance", number: 50049, message: "Unknown or invalid instance."}
	}
	type metadata struct {
		Network string   `json:"preferred_network"`
		Cache   string   `json:"preferred_cache"`
		Aliases []string `json:"aliases"`
	}
	return map[string]any{
		"tenant_discovery_endpoint": base + "/" + e.cfg.Issuer.TenantID() + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []metadata{{here.Host, here.Host, []string{here.Host}}},
	}, nil
}

func (e *Endpoints) base(r *http.Request) string {
	return strings.TrimRight(e.cfg.BaseURL(r), "/")
}

func (e *Endpoints) write(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		e.cfg.Logger.Debug("sign-in answer not delivered", "err", err)
	}
}
