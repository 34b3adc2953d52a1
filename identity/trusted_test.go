package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// provider is an identity provider of the test: discovery and keys over HTTP.
type provider struct {
	t     *testing.T
	clock *clock
	key   *ecdsa.PrivateKey
	kid   string
	srv   *httptest.Server
	asked atomic.Int64 // requests for keys
	// answer replaces the answer of the keys' URL; nil is the keys.
	answer atomic.Pointer[http.HandlerFunc]
	// issuer is what the discovery document says; "" is the truth.
	issuer string
}

func newProvider(t *testing.T, c *clock) *provider {
	p := &provider{t: t, clock: c}
	p.rotate("k1")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		issuer := p.issuer
		if issuer == "" {
			issuer = p.srv.URL
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer, "jwks_uri": p.srv.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if fn := p.answer.Load(); fn != nil {
			(*fn)(w, r)
			return
		}
		_, _ = w.Write(p.jwks())
	})
	p.srv = httptest.NewServer(mux)
	t.Cleanup(p.srv.Close)
	return p
}

func (p *provider) rotate(kid string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.key, p.kid = key, kid
}

func (p *provider) jwks() []byte {
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		p.t.Error(err)
	}
	raw, err := json.Marshal(JWKSet{Keys: []JWK{
		{Type: "OKP", Curve: "Ed25519", ID: "not for us", X: "x"},
		{Type: "EC", Curve: "P-256", ID: p.kid, Use: "sig", X: base64.RawURLEncoding.EncodeToString(point[1:33]), Y: base64.RawURLEncoding.EncodeToString(point[33:])},
	}})
	if err != nil {
		p.t.Error(err)
	}
	return raw
}

func (p *provider) fail(fn http.HandlerFunc) { p.answer.Store(&fn) }

func (p *provider) works() { p.answer.Store(nil) }

func (p *provider) token(change map[string]any) string {
	claims := jwt.MapClaims{"iss": p.srv.URL, "aud": testAudience, "sub": "user-1", "exp": p.clock.now().Add(time.Hour).Unix()}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return forge(p.t, jwt.SigningMethodES256, p.key, map[string]any{"kid": p.kid}, claims)
}

func (p *provider) verifier(change func(*VerifierConfig)) *Verifier {
	cfg := VerifierConfig{Now: p.clock.now, Trusted: []TrustedIssuer{{Issuer: p.srv.URL}}}
	if change != nil {
		change(&cfg)
	}
	return newTestVerifier(p.t, cfg)
}

func (p *provider) verify(v *Verifier, change map[string]any) (Claims, error) {
	return v.Verify(p.t.Context(), p.token(change), acceptStorage)
}

func TestTrustedIssuerClaims(t *testing.T) {
	p := newProvider(t, newClock())
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, p.jwks(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, trusted := range map[string]TrustedIssuer{
		"discovery": {Issuer: p.srv.URL},
		"URL":       {Issuer: p.srv.URL, JWKSURL: p.srv.URL + "/keys"},
		"file":      {Issuer: p.srv.URL, JWKSFile: file},
	} {
		v := p.verifier(func(cfg *VerifierConfig) { cfg.Trusted = []TrustedIssuer{trusted} })
		got, err := p.verify(v, map[string]any{
			"oid": strings.ToUpper(alice), "appid": strings.ToUpper(bob), "tid": testTenant, "upn": "alice@example.com", "name": "Alice",
			"groups": []any{strings.ToUpper(bob), "Admins", 7},
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.ObjectID != alice || got.AppID != bob || got.UPN != "alice@example.com" || got.Name != "Alice" || got.Type != User ||
			got.Issuer != p.srv.URL || !slices.Equal(got.Groups, []string{bob, "Admins"}) || !slices.Equal(got.PrincipalIDs(), []string{alice, bob, "Admins"}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	v := p.verifier(nil)
	if got, err := p.verify(v, map[string]any{"preferred_username": "u", "azp": "client", "aud": []string{"x", testAudience}}); err != nil || got.ObjectID != "user-1" || got.UPN != "u" || got.AppID != "client" || got.Audience != testAudience {
		t.Errorf("plain OpenID claims: %+v, %v", got, err)
	}
	for _, c := range []struct {
		claims map[string]any
		want   PrincipalType
	}{
		{map[string]any{"idtyp": "app"}, ServicePrincipal},
		{map[string]any{"idtyp": "user", "appid": bob, "oid": "user-1"}, User},
		{map[string]any{"appid": bob, "oid": "user-1"}, ServicePrincipal},
		{map[string]any{"appid": bob, "oid": "user-2"}, User},
		{map[string]any{"appid": bob, "oid": "user-1", "scp": "user_impersonation"}, User},
	} {
		if got, err := p.verify(v, c.claims); err != nil || got.Type != c.want {
			t.Errorf("%v: %s, %v", c.claims, got.Type, err)
		}
	}
}

// The vectors of RFC 7515, appendices A.2 and A.3, with RFC 7517's form of keys.
// Their tokens name no principal, which is found out after the signature.
func TestVectorsOfTheRFC(t *testing.T) {
	const payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for name, c := range map[string]struct{ key, raw string }{
		"RS256": {
			`{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
			"eyJhbGciOiJSUzI1NiJ9." + payload + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		},
		"ES256": {
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9." + payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
	} {
		file := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(file, []byte(`{"keys":[`+c.key+`]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return time.Unix(1300819300, 0) }
		v := newTestVerifier(t, VerifierConfig{Now: now, Trusted: []TrustedIssuer{{Issuer: "joe", JWKSFile: file}}})
		if _, err := v.Verify(t.Context(), c.raw, acceptAll); !errors.Is(err, ErrTokenMalformed) || !strings.Contains(err.Error(), "names no principal") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := v.Verify(t.Context(), strings.Replace(c.raw, payload, b64(`{"iss":"joe","sub":"joe","aud":"x","exp":1300819380}`), 1), acceptAll); !errors.Is(err, ErrTokenSignature) {
			t.Errorf("%s with other claims: %v", name, err)
		}
	}
}

func TestTrustedIssuerRefuses(t *testing.T) {
	c := newClock()
	p := newProvider(t, c)
	d := openTestDirectory(t, newMemory(), c)
	ours, _ := create(t, d, ServicePrincipalSpec{DisplayName: "ours"})
	local := openTestIssuer(t, t.TempDir(), c)
	v := p.verifier(func(cfg *VerifierConfig) {
		cfg.Local, cfg.Directory = local, d
		cfg.Trusted[0].Audiences = []string{testAudience, "https://node.example"}
	})
	if _, err := p.verify(v, nil); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		claims map[string]any
		want   error
	}{
		"our principal":             {map[string]any{"oid": ours.ObjectID}, ErrTokenIssuer},
		"our principal, capitals":   {map[string]any{"oid": strings.ToUpper(ours.ObjectID)}, ErrTokenIssuer},
		"our principal as a group":  {map[string]any{"groups": []string{"g", ours.ObjectID}}, ErrTokenIssuer},
		"our name":                  {map[string]any{"iss": local.Name(ADFS, "https://h"), "tid": local.TenantID()}, ErrTokenSignature},
		"an audience we do not ask": {map[string]any{"aud": "https://node.example"}, ErrTokenAudience},
		"expired":                   {map[string]any{"exp": c.now().Add(-maxLeeway).Unix()}, ErrTokenExpired},
	} {
		if got, err := p.verify(v, r.claims); !errors.Is(err, r.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// An audience that the front end takes, but not from this issuer.
	if _, err := v.Verify(t.Context(), p.token(map[string]any{"aud": "https://monitor.azure.com"}), acceptAll); !errors.Is(err, ErrTokenAudience) {
		t.Errorf("not this issuer's audience: %v", err)
	}
	// Nor do the node's own keys vouch for the name of another issuer.
	private := (*local.keys.Load())[0]
	if _, err := v.Verify(t.Context(), forge(t, jwt.SigningMethodRS256, private.private, map[string]any{"kid": private.id}, jwt.MapClaims{
		"iss": p.srv.URL, "sub": "x", "aud": testAudience, "exp": c.now().Add(time.Hour).Unix(),
	}), acceptAll); !errors.Is(err, ErrTokenSignature) {
		t.Errorf("another issuer's name: %v", err)
	}
}

func TestKeysAreFetchedAgain(t *testing.T) {
	c := newClock()
	p := newProvider(t, c)
	v := p.verifier(nil)
	if _, err := p.verify(v, nil); err != nil {
		t.Fatal(err)
	}
	// A key that nobody knew, soon after the last fetch: not yet.
	p.rotate("k2")
	for range 10 {
		if _, err := p.verify(v, nil); !errors.Is(err, ErrTokenSignature) {
			t.Fatalf("a key that was not fetched: %v", err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
	c.advance(fetchPause)
	if _, err := p.verify(v, nil); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	if n := p.asked.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
	// Keys that are an hour old are fetched again in the background.
	c.advance(keysFresh + time.Second)
	if _, err := p.verify(v, nil); err != nil {
		t.Fatal(err)
	}
	v.wg.Wait()
	if n := p.asked.Load(); n != 3 {
		t.Errorf("%d fetches, want 3", n)
	}
}

func TestKeysAreKeptWhenTheProviderIsDown(t *testing.T) {
	c := newClock()
	p := newProvider(t, c)
	var log bytes.Buffer
	v := p.verifier(func(cfg *VerifierConfig) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if _, err := p.verify(v, nil); err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) },
		"no JSON":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"no keys":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) },
		"too much": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, maxJWKS+2) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/.well-known/openid-configuration", http.StatusFound)
		},
	} {
		p.fail(answer)
		c.advance(keysFresh + time.Second)
		for range 3 {
			if _, err := p.verify(v, nil); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			v.wg.Wait()
		}
		if !strings.Contains(log.String(), "keys of a trusted issuer not fetched") {
			t.Errorf("%s: nothing in the log", name)
		}
		log.Reset()
	}
	if n := p.asked.Load(); n != 6 {
		t.Errorf("%d fetches, want 6", n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestKeysThatNeverCame(t *testing.T) {
	c := newClock()
	p := newProvider(t, c)
	p.fail(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "starting", http.StatusServiceUnavailable) })
	v := p.verifier(nil)
	for range 3 {
		if _, err := p.verify(v, nil); !errors.Is(err, ErrKeysUnavailable) {
			t.Errorf("without keys: %v", err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
	p.works()
	c.advance(firstPause)
	if _, err := p.verify(v, nil); err != nil {
		t.Errorf("when the provider is up: %v", err)
	}

	p.issuer = "https://somebody.else.example"
	if _, err := p.verify(p.verifier(nil), nil); !errors.Is(err, ErrKeysUnavailable) {
		t.Errorf("a discovery document of somebody else: %v", err)
	}
}

// A request does not wait longer for keys than it lives, and a node that stops
// does not wait for them at all.
func TestWaitingForKeysEnds(t *testing.T) {
	p := newProvider(t, newClock())
	release := make(chan struct{})
	p.fail(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	v := p.verifier(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, p.token(nil), acceptAll); !errors.Is(err, ErrKeysUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a request that is over: %v", err)
	}
	v.Close()
	if _, err := p.verify(v, nil); !errors.Is(err, ErrKeysUnavailable) {
		t.Errorf("after the end: %v", err)
	}
}

func TestTrustedIssuerConfig(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "keys.json")
	for name, trusted := range map[string][]TrustedIssuer{
		"no issuer":      {{}},
		"both":           {{Issuer: "https://i", JWKSURL: "https://i/k", JWKSFile: "f"}},
		"no URL":         {{Issuer: "joe"}},
		"plain HTTP":     {{Issuer: "http://idp.example"}},
		"plain HTTP too": {{Issuer: "https://i", JWKSURL: "http://192.0.2.1/k"}},
		"another scheme": {{Issuer: "https://i", JWKSURL: "file:///etc/passwd"}},
		"a password":     {{Issuer: "https://i", JWKSURL: "https://u:hunter2@i/k"}},
		"no file":        {{Issuer: "https://i", JWKSFile: missing}},
		"twice":          {{Issuer: "https://i"}, {Issuer: "https://i"}},
	} {
		if _, err := NewVerifier(VerifierConfig{Trusted: trusted}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
