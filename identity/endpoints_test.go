package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// surface is a sign-in surface with one application.
type surface struct {
	t      *testing.T
	clock  *clock
	issuer *Issuer
	dir    *Directory
	app    Principal
	secret string
	log    bytes.Buffer
	*Endpoints
}

func newSurface(t *testing.T) *surface {
	s := &surface{t: t, clock: newClock()}
	s.issuer = openTestIssuer(t, t.TempDir(), s.clock)
	s.dir = openTestDirectory(t, newMemory(), s.clock)
	s.app, s.secret = create(t, s.dir, ServicePrincipalSpec{DisplayName: "app"})
	s.Endpoints = NewEndpoints(EndpointsConfig{
		Issuer: s.issuer, Directory: s.dir, Now: s.clock.now,
		BaseURL: func(*http.Request) string { return "https://localhost:10443/" },
		Logger:  slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return s
}

func (s *surface) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *surface) get(path string, into any) int {
	s.t.Helper()
	w := s.do(httptest.NewRequest(http.MethodGet, path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		s.t.Errorf("%s: %v: %s", path, err, w.Body)
	}
	return w.Code
}

// form is a request for a token that succeeds, with changes; a nil value removes.
func (s *surface) form(change map[string]any) url.Values {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.app.AppID}, "client_secret": {s.secret}, "scope": {"https://storage.azure.com/.default"},
	}
	for name, value := range change {
		switch value := value.(type) {
		case nil:
			form.Del(name)
		case string:
			form.Set(name, value)
		case []string:
			form[name] = value
		}
	}
	return form
}

func post(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (s *surface) tokenPath() string { return "/" + s.issuer.TenantID() + "/oauth2/v2.0/token" }

// Every discovery document leads to a token endpoint whose tokens are of the
// issuer that the document names, and to the keys that verify them.
func TestDiscoveryLeadsToTokens(t *testing.T) {
	s := newSurface(t)
	v := newTestVerifier(t, VerifierConfig{Local: s.issuer, Now: s.clock.now})
	tenant := s.issuer.TenantID()
	for path, version := range map[string]string{
		"/adfs/.well-known/openid-configuration":                                    "1.0",
		"/adfs/" + tenant + "/.well-known/openid-configuration":                     "1.0",
		"/" + tenant + "/.well-known/openid-configuration":                          "1.0",
		"/" + tenant + "/v2.0/.well-known/openid-configuration":                     "2.0",
		"/" + strings.ToUpper(tenant) + "/v2.0/.well-known/openid-configuration?x=": "2.0",
	} {
		var doc struct {
			Issuer    string `json:"issuer"`
			Token     string `json:"token_endpoint"`
			Authorize string `json:"authorization_endpoint"`
			Device    string `json:"device_authorization_endpoint"`
			Keys      string `json:"jwks_uri"`
		}
		if status := s.get(path, &doc); status != http.StatusOK {
			t.Fatalf("%s: %d", path, status)
		}
		for _, u := range []string{doc.Issuer, doc.Token, doc.Authorize, doc.Device, doc.Keys} {
			if !strings.HasPrefix(u, "https://localhost:10443/") || strings.Contains(u[8:], "//") {
				t.Errorf("%s: leads to %q", path, u)
			}
		}
		var keys JWKSet
		if status := s.get(doc.Keys, &keys); status != http.StatusOK || len(keys.Keys) != 1 {
			t.Errorf("%s: %d, %d keys", doc.Keys, status, len(keys.Keys))
		}
		w := s.do(post(doc.Token, s.form(map[string]any{"resource": "https://storage.azure.com"})))
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", doc.Token, w.Code, w.Body)
		}
		raw, _ := answer["access_token"].(string)
		got, err := v.Verify(t.Context(), raw, acceptStorage)
		if err != nil || got.Issuer != doc.Issuer || got.ObjectID != s.app.ObjectID || got.AppID != s.app.AppID || got.TenantID != tenant {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
		if part(t, raw, 0)["kid"] != keys.Keys[0].ID || part(t, raw, 1)["ver"] != version {
			t.Errorf("%s: header %v, claims %v", path, part(t, raw, 0), part(t, raw, 1))
		}
		if w.Header().Get("Cache-Control") != "no-store, no-cache" || answer["token_type"] != "Bearer" || fmt.Sprint(answer["expires_in"]) != "3600" {
			t.Errorf("%s: %v, %v", doc.Token, w.Header(), answer)
		}
		// The ways in which people sign in refuse.
		if w := s.do(httptest.NewRequest(http.MethodGet, doc.Authorize, nil)); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", doc.Authorize, w.Code)
		}
		if w := s.do(post(doc.Device, nil)); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", doc.Device, w.Code)
		}
	}
	for _, path := range []string{"/common/discovery/keys", "/common/discovery/v2.0/keys"} {
		var keys JWKSet
		if status := s.get(path, &keys); status != http.StatusOK || len(keys.Keys) != 1 {
			t.Errorf("%s: %d, %d keys", path, status, len(keys.Keys))
		}
	}
}

func TestInstanceDiscovery(t *testing.T) {
	s := newSurface(t)
	var doc struct {
		Endpoint string `json:"tenant_discovery_endpoint"`
		Metadata []struct {
			Aliases []string `json:"aliases"`
		} `json:"metadata"`
		Error string `json:"error"`
	}
	at := func(endpoint string) string {
		return "/common/discovery/instance?api-version=1.1&authorization_endpoint=" + url.QueryEscape(endpoint)
	}
	if status := s.get(at("https://LOCALHOST:10443/x/oauth2/v2.0/authorize"), &doc); status != http.StatusOK {
		t.Fatal(status)
	}
	if doc.Endpoint != "https://localhost:10443/"+s.issuer.TenantID()+"/v2.0/.well-known/openid-configuration" || len(doc.Metadata) != 1 || doc.Metadata[0].Aliases[0] != "localhost:10443" {
		t.Errorf("document %+v", doc)
	}
	for _, path := range []string{at("https://login.microsoftonline.com/common"), at("::"), "/common/discovery/instance"} {
		if status := s.get(path, &doc); status != http.StatusBadRequest || doc.Error != "invalid_instance" {
			t.Errorf("%s: %d %s", path, status, doc.Error)
		}
	}
}

func TestTokenAudience(t *testing.T) {
	s := newSurface(t)
	tenant := s.issuer.TenantID()
	v1, v2, adfs := "/"+tenant+"/oauth2/token", s.tokenPath(), "/adfs/oauth2/token"
	for _, c := range []struct {
		path, parameter, value, want string
	}{
		{v2, "scope", "https://h:1/.default", "https://h:1"},
		{v2, "scope", "https://h:1//.default", "https://h:1/"},
		{v2, "scope", "https://h:1/arm/.default openid offline_access profile", "https://h:1/arm"},
		{v2, "scope", "api://" + alice + "/.default", "api://" + alice},
		{v2, "scope", alice + "/.default", alice},
		{v2, "scope", "urn:ours/.default", "urn:ours"},
		{adfs, "scope", "https://h:1//.default", "https://h:1/"},
		{adfs, "resource", "https://h:1/", "https://h:1/"},
		{v1, "resource", "https://h:1/", "https://h:1/"},
		{v1, "scope", "https://h:1/.default", "https://h:1"},
	} {
		w := s.do(post(c.path, s.form(map[string]any{"scope": nil, c.parameter: c.value})))
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Errorf("%s %s: %d %s", c.path, c.value, w.Code, w.Body)
			continue
		}
		if aud := part(t, answer["access_token"].(string), 1)["aud"]; aud != c.want {
			t.Errorf("%s %s: audience %v", c.path, c.value, aud)
		}
		if c.path == v1 && (answer["resource"] != c.want || answer["expires_on"] != fmt.Sprint(s.clock.now().Add(time.Hour).Unix())) {
			t.Errorf("%s: %v", c.path, answer)
		}
	}
}

func TestBasicAuthentication(t *testing.T) {
	s := newSurface(t)
	const chosen = "a secret: with + & %"
	p, _ := create(t, s.dir, ServicePrincipalSpec{DisplayName: "chosen", Secret: chosen})
	basic := func(user, password string, change map[string]any) *httptest.ResponseRecorder {
		r := post(s.tokenPath(), s.form(change))
		r.SetBasicAuth(user, password)
		return s.do(r)
	}
	none := map[string]any{"client_id": nil, "client_secret": nil}
	if w := basic(url.QueryEscape(p.AppID), url.QueryEscape(chosen), none); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := basic(p.AppID, url.QueryEscape(chosen), map[string]any{"client_id": p.AppID, "client_secret": nil}); w.Code != http.StatusOK {
		t.Errorf("named in the body too: %d %s", w.Code, w.Body)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"twice":      basic(p.AppID, url.QueryEscape(chosen), map[string]any{"client_id": nil}),
		"another":    basic(p.AppID, url.QueryEscape(chosen), map[string]any{"client_secret": nil}),
		"unreadable": basic(p.AppID, "%zz", none),
	} {
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := basic(p.AppID, "wrong secret", none); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("wrong: %d %v", w.Code, w.Header())
	}
}

func TestTokenRefusals(t *testing.T) {
	s := newSurface(t)
	with := func(change map[string]any) *http.Request { return post(s.tokenPath(), s.form(change)) }
	raw := func(contentType, body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, s.tokenPath(), strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	inURL := httptest.NewRequest(http.MethodPost, s.tokenPath()+"?"+s.form(nil).Encode(), nil)
	inURL.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	const formType = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		code    string
		number  int
	}{
		"wrong secret":          {with(map[string]any{"client_secret": "wrong"}), 401, "invalid_client", 7000215},
		"no secret":             {with(map[string]any{"client_secret": nil}), 401, "invalid_client", 7000216},
		"certificate":           {with(map[string]any{"client_secret": nil, "client_assertion": "x.y.z"}), 401, "invalid_client", 700027},
		"unknown application":   {with(map[string]any{"client_id": alice}), 400, "unauthorized_client", 700016},
		"secret for the app":    {with(map[string]any{"client_id": s.secret}), 400, "unauthorized_client", 700016},
		"no application":        {with(map[string]any{"client_id": nil}), 400, "invalid_request", 900144},
		"wrong tenant":          {post("/"+alice+"/oauth2/v2.0/token", s.form(nil)), 400, "invalid_tenant", 90002},
		"common tenant":         {post("/common/oauth2/v2.0/token", s.form(nil)), 400, "invalid_tenant", 90002},
		"wrong tenant, adfs":    {post("/adfs/"+alice+"/oauth2/token", s.form(nil)), 400, "invalid_tenant", 90002},
		"password":              {with(map[string]any{"grant_type": "password"}), 400, "unsupported_grant_type", 70003},
		"no grant":              {with(map[string]any{"grant_type": nil}), 400, "invalid_request", 900144},
		"grant twice":           {with(map[string]any{"grant_type": []string{"client_credentials", "password"}}), 400, "invalid_request", 9002313},
		"no scope":              {with(map[string]any{"scope": nil}), 400, "invalid_request", 900144},
		"openid only":           {with(map[string]any{"scope": "openid"}), 400, "invalid_request", 900144},
		"no resource":           {post("/"+s.issuer.TenantID()+"/oauth2/token", s.form(map[string]any{"scope": nil})), 400, "invalid_request", 900144},
		"user's scope":          {with(map[string]any{"scope": "https://h/user_impersonation"}), 400, "invalid_scope", 1002012},
		"two resources":         {with(map[string]any{"scope": "https://a/.default https://b/.default"}), 400, "invalid_scope", 70011},
		"no URI":                {with(map[string]any{"scope": "storage/.default"}), 400, "invalid_resource", 500011},
		"nothing":               {with(map[string]any{"scope": "/.default"}), 400, "invalid_resource", 500011},
		"a fragment":            {with(map[string]any{"scope": "https://h/#x/.default"}), 400, "invalid_resource", 500011},
		"a password in it":      {with(map[string]any{"scope": "https://u:p@h/.default"}), 400, "invalid_resource", 500011},
		"a long resource":       {with(map[string]any{"scope": "https://h/" + strings.Repeat("x", maxAudience) + "/.default"}), 400, "invalid_resource", 500011},
		"a resource not for v2": {with(map[string]any{"scope": nil, "resource": "https://h"}), 400, "invalid_request", 900144},
		"secret in the URL":     {inURL, 400, "invalid_request", 900144},
		"JSON":                  {raw("application/json", "{}"), 400, "invalid_request", 9002313},
		"no type":               {raw("", s.form(nil).Encode()), 400, "invalid_request", 9002313},
		"bad encoding":          {raw(formType, "grant_type=%zz"), 400, "invalid_request", 9002313},
		"too large":             {raw(formType, "x="+strings.Repeat("x", maxForm)), 413, "invalid_request", 9002313},
		"GET":                   {httptest.NewRequest(http.MethodGet, s.tokenPath(), nil), 405, "invalid_request", 900561},
		"POST of a document":    {post("/adfs/.well-known/openid-configuration", nil), 405, "invalid_request", 900561},
	} {
		c.request.Header.Set("client-request-id", bob)
		w := s.do(c.request)
		var body struct {
			Error         string
			Description   string `json:"error_description"`
			Codes         []int  `json:"error_codes"`
			TraceID       string `json:"trace_id"`
			CorrelationID string `json:"correlation_id"`
			Timestamp     string
			Token         string `json:"access_token"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Errorf("%s: %v: %s", name, err, w.Body)
			continue
		}
		if w.Code != c.status || body.Error != c.code || len(body.Codes) != 1 || body.Codes[0] != c.number || !strings.HasPrefix(body.Description, fmt.Sprintf("AADSTS%d: ", c.number)) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if body.CorrelationID != bob || !isGUID(body.TraceID) || body.Timestamp != "2026-03-04 05:06:07Z" || body.Token != "" {
			t.Errorf("%s: %+v", name, body)
		}
		if strings.Contains(w.Body.String(), s.secret) {
			t.Errorf("%s: the secret is in the answer", name)
		}
	}
	if log := s.log.String(); strings.Contains(log, s.secret) || !strings.Contains(log, "code=7000215") {
		t.Errorf("the log holds the secret, or not the refusals:\n%s", log)
	}
}

func TestTokenThrottling(t *testing.T) {
	s := newSurface(t)
	var w *httptest.ResponseRecorder
	for range guesses + 1 {
		w = s.do(post(s.tokenPath(), s.form(map[string]any{"client_secret": "wrong"})))
	}
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "10" || !strings.Contains(w.Body.String(), `"temporarily_unavailable"`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := s.do(post(s.tokenPath(), s.form(nil))); w.Code != http.StatusOK {
		t.Errorf("the right one: %d %s", w.Code, w.Body)
	}
}

// A token is a secret: none is in the log, even in the most talkative one.
func TestTokensAreNotLogged(t *testing.T) {
	s := newSurface(t)
	w := s.do(post(s.tokenPath(), s.form(nil)))
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		t.Fatal(err, w.Body)
	}
	log := s.log.String()
	if !strings.Contains(log, "signed in") || strings.Contains(log, s.secret) || strings.Contains(log, strings.Split(answer.Token, ".")[2]) {
		t.Errorf("log %s", log)
	}
}

func TestHandles(t *testing.T) {
	s := newSurface(t)
	for path, want := range map[string]bool{
		"/adfs/oauth2/token": true, "/ADFS/oauth2/token": true, "/adfs/x/oauth2/token": true, "/x/oauth2/token": true,
		"/x/v2.0/.well-known/openid-configuration": true, "/common/discovery/instance": true, "/x/discovery/instance": false,
		"/": false, "": false, "/adfs": false, "/adfs/": false, "/subscriptions/s": false, "/metadata/endpoints": false,
		"/x/y/oauth2/token": false, "/x/oauth2/token/": false, "/adfs/oauth2/v2.0/token": false,
	} {
		if got := s.Handles(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	if w := s.do(httptest.NewRequest(http.MethodGet, "/elsewhere", nil)); w.Code != http.StatusNotFound {
		t.Errorf("elsewhere: %d", w.Code)
	}
	// Without a BaseURL, the client's own idea of the host is used.
	e := NewEndpoints(EndpointsConfig{Issuer: s.issuer, Directory: s.dir})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "https://node.example:1/adfs/.well-known/openid-configuration", nil))
	if raw, err := io.ReadAll(w.Body); err != nil || !strings.Contains(string(raw), `"https://node.example:1/adfs"`) {
		t.Errorf("document %s, %v", raw, err)
	}
}

// FuzzTokenRequest looks for forms that end in a panic, or in a token for who has
// no secret.
func FuzzTokenRequest(f *testing.F) {
	c := newClock()
	d := openTestDirectory(f, newMemory(), c)
	p, _ := create(f, d, ServicePrincipalSpec{DisplayName: "app"})
	e := NewEndpoints(EndpointsConfig{Issuer: openTestIssuer(f, f.TempDir(), c), Directory: d, Now: c.now})
	f.Add("grant_type=client_credentials&client_id="+p.AppID+"&client_secret=wrong&scope=https://h//.default", "Basic eDp5", "/adfs/oauth2/token")
	f.Add("grant_type=client_credentials&resource=x", "", "/x/oauth2/token")
	f.Fuzz(func(t *testing.T, body, authorization, path string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.Path = path
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code == http.StatusOK || !e.Handles(path) != (w.Code == http.StatusNotFound) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
