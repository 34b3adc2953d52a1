package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func openTestIssuer(t testing.TB, dir string, c *clock) *Issuer {
	t.Helper()
	i, err := OpenIssuer(IssuerConfig{Dir: dir, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var testPrincipal = Principal{
	ObjectID: alice, AppID: bob, DisplayName: "Backup", TenantID: testTenant, Type: ServicePrincipal,
}

func issue(t testing.TB, i *Issuer, audience string) string {
	t.Helper()
	token, err := i.Issue(TokenSpec{Principal: testPrincipal, Audience: audience, Authority: TenantV2, BaseURL: "https://localhost:10443"})
	if err != nil {
		t.Fatal(err)
	}
	return token.Raw
}

// part is the JSON of the header (0) or the claims (1) of a token.
func part(t testing.TB, raw string, n int) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestIssuedClaims(t *testing.T) {
	c := newClock()
	i := openTestIssuer(t, t.TempDir(), c)
	for authority, iss := range map[Authority]string{
		ADFS: "https://h:1/adfs", TenantV1: "https://h:1/" + i.TenantID() + "/", TenantV2: "https://h:1/" + i.TenantID() + "/v2.0",
	} {
		token, err := i.Issue(TokenSpec{Principal: testPrincipal, Audience: "https://storage.azure.com/", Authority: authority, BaseURL: "https://h:1/"})
		if err != nil {
			t.Fatal(err)
		}
		header, claims := part(t, token.Raw, 0), part(t, token.Raw, 1)
		if header["alg"] != "RS256" || header["typ"] != "JWT" || header["kid"] != i.JWKS().Keys[0].ID {
			t.Errorf("header %v", header)
		}
		now := float64(c.now().Unix())
		version := "1.0"
		if authority == TenantV2 {
			version = "2.0"
		}
		for name, want := range map[string]any{
			"aud": "https://storage.azure.com/", "iss": iss, "tid": i.TenantID(), "iat": now, "nbf": now, "exp": now + 3600,
			"sub": alice, "oid": alice, "appid": bob, "azp": bob, "idtyp": "app", "ver": version, "app_displayname": "Backup",
		} {
			if claims[name] != want {
				t.Errorf("%s: %s is %v, want %v", iss, name, claims[name], want)
			}
		}
		if uti, _ := claims["uti"].(string); len(uti) != 22 {
			t.Errorf("uti %q", uti)
		}
		if token.Expires.Sub(c.now()) != time.Hour || !token.Issued.Equal(c.now()) {
			t.Errorf("token from %v to %v", token.Issued, token.Expires)
		}
	}
	for _, spec := range []TokenSpec{{Principal: testPrincipal}, {Audience: "x"}} {
		if _, err := i.Issue(spec); !errors.Is(err, ErrInvalid) {
			t.Errorf("issue %+v: %v", spec, err)
		}
	}
}

func TestTenantIsKept(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "identity"), newClock()
	first := openTestIssuer(t, dir, c)
	again := openTestIssuer(t, dir, c)
	if !isGUID(first.TenantID()) || first.TenantID() != again.TenantID() {
		t.Errorf("tenants %s and %s", first.TenantID(), again.TenantID())
	}
	if a, b := first.JWKS().Keys, again.JWKS().Keys; len(a) != 1 || len(b) != 1 || a[0] != b[0] {
		t.Errorf("keys %v and %v", a, b)
	}
	if other := openTestIssuer(t, t.TempDir(), c); other.TenantID() == first.TenantID() {
		t.Error("two folders have one tenant")
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, keyFile): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, st.Mode(), err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

func TestDamagedKeysAreNoNewTenant(t *testing.T) {
	dir := t.TempDir()
	i := openTestIssuer(t, dir, newClock())
	path := filepath.Join(dir, keyFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)/2], "no tenant": bytes.Replace(good, []byte(i.TenantID()), []byte("x"), 1),
		"no keys": []byte(`{"tenantId":"` + i.TenantID() + `"}`),
		"no key":  []byte(`{"tenantId":"` + i.TenantID() + `","keys":[{"kid":"k","pkcs8":"AAAA"}]}`),
	} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenIssuer(IssuerConfig{Dir: dir}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyRotation(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	var log bytes.Buffer
	i, err := OpenIssuer(IssuerConfig{Dir: dir, Now: c.now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	kid := func(raw string) any { return part(t, raw, 0)["kid"] }
	first := issue(t, i, "a")
	c.advance(keyLife - time.Minute)
	old := issue(t, i, "a")
	c.advance(time.Minute)
	fresh := issue(t, i, "a")
	if kid(first) != kid(old) || kid(old) == kid(fresh) {
		t.Errorf("keys %v, %v, %v", kid(first), kid(old), kid(fresh))
	}
	if n := len(i.JWKS().Keys); n != 2 {
		t.Errorf("%d keys are published, want 2", n)
	}
	// Over a restart too, the token that the old key signed is good until its end.
	reopened := newTestVerifier(t, VerifierConfig{Local: openTestIssuer(t, dir, c), Now: c.now})
	c.advance(59 * time.Minute)
	for _, verifier := range []*Verifier{v, reopened} {
		if _, err := verifier.Verify(t.Context(), fresh, acceptAll); err != nil {
			t.Errorf("the new key's: %v", err)
		}
	}
	c.advance(-10 * time.Minute)
	if _, err := reopened.Verify(t.Context(), old, acceptAll); err != nil {
		t.Errorf("the old key's: %v", err)
	}
	c.advance(2 * time.Hour)
	if n := len(i.JWKS().Keys); n != 1 {
		t.Errorf("%d keys are published, want 1", n)
	}
	if _, err := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now}).Verify(t.Context(), old, acceptAll); !errors.Is(err, ErrTokenSignature) {
		t.Errorf("a key that is gone: %v", err)
	}
	c.advance(keyLife)
	issue(t, i, "a")
	if raw, err := os.ReadFile(filepath.Join(dir, keyFile)); err != nil || strings.Count(string(raw), `"kid"`) != 2 {
		t.Errorf("the file has other keys than the two newest: %v", err)
	}
	if !strings.Contains(log.String(), "new signing key") || strings.Contains(log.String(), "pkcs8") {
		t.Errorf("log %s", log.String())
	}
}

// A disk that is gone keeps nobody from signing in.
func TestKeyRotationWithoutDisk(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	i := openTestIssuer(t, dir, c)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c.advance(keyLife)
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	if _, err := v.Verify(t.Context(), issue(t, i, "a"), acceptAll); err != nil {
		t.Error(err)
	}
}

func TestIssueFromManyGoroutines(t *testing.T) {
	c := newClock()
	i := openTestIssuer(t, t.TempDir(), c)
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	c.advance(keyLife) // they all want a new key
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if _, err := v.Verify(t.Context(), issue(t, i, "a"), acceptAll); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(i.JWKS().Keys); n != 2 {
		t.Errorf("%d keys, want 2", n)
	}
}
