package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const testAudience = "https://storage.azure.com"

func acceptAll(string) bool { return true }

func acceptStorage(audience string) bool { return audience == testAudience }

func newTestVerifier(t testing.TB, cfg VerifierConfig) *Verifier {
	t.Helper()
	v, err := NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// forge signs claims with any method and key.
func forge(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	maps.Copy(token.Header, header)
	raw, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestVerify(t *testing.T) {
	c := newClock()
	i := openTestIssuer(t, t.TempDir(), c)
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	raw := issue(t, i, testAudience)
	sum := sha256.Sum256([]byte(raw))
	for range 2 { // the second time from the cache
		got, err := v.Verify(t.Context(), raw, acceptStorage)
		if err != nil {
			t.Fatal(err)
		}
		if got.ObjectID != alice || got.AppID != bob || got.TenantID != i.TenantID() || got.Type != ServicePrincipal || got.Name != "Backup" ||
			got.Audience != testAudience || got.Issuer != i.Name(TenantV2, "https://localhost:10443") || got.UPN != "" ||
			!got.Expires.Equal(c.now().Add(time.Hour)) || got.TokenHash != fmt.Sprintf("%X", sum) {
			t.Errorf("claims %+v", got)
		}
		if ids := got.PrincipalIDs(); len(ids) != 1 || ids[0] != alice {
			t.Errorf("principals %v", ids)
		}
	}
	// An audience that one front end refuses may be another's.
	if _, err := v.Verify(t.Context(), raw, func(string) bool { return false }); !errors.Is(err, ErrTokenAudience) {
		t.Errorf("another audience: %v", err)
	}
	c.advance(time.Hour + maxLeeway - time.Second)
	if _, err := v.Verify(t.Context(), raw, acceptStorage); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	c.advance(time.Second)
	for _, verifier := range []*Verifier{v, newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})} {
		if _, err := verifier.Verify(t.Context(), raw, acceptStorage); !errors.Is(err, ErrTokenExpired) {
			t.Errorf("expired: %v", err)
		}
	}
}

// Refusals of tokens that say what the local issuer's say, made by somebody who
// knows its public key and, where it is noted, its private one.
func TestVerifyRefuses(t *testing.T) {
	c := newClock()
	i := openTestIssuer(t, t.TempDir(), c)
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	private := (*i.keys.Load())[0].private
	kid := map[string]any{"kid": (*i.keys.Load())[0].id}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

	claims := func(change map[string]any) jwt.MapClaims {
		now := c.now().Unix()
		m := jwt.MapClaims{"iss": i.Name(ADFS, "https://h"), "tid": i.TenantID(), "aud": testAudience, "oid": alice, "sub": alice, "exp": now + 60, "nbf": now, "iat": now}
		maps.Copy(m, change)
		maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
		return m
	}
	signed := func(change map[string]any) string {
		return forge(t, jwt.SigningMethodRS256, private, kid, claims(change))
	}
	good := signed(nil)
	if _, err := v.Verify(t.Context(), good, acceptStorage); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	now := c.now().Unix()

	for name, r := range map[string]struct {
		raw  string
		want error
	}{
		"nothing":               {"", ErrTokenMalformed},
		"words":                 {"not a token", ErrTokenMalformed},
		"two parts":             {parts[0] + "." + parts[1], ErrTokenMalformed},
		"four parts":            {good + ".x", ErrTokenMalformed},
		"padding":               {parts[0] + "." + parts[1] + "." + parts[2] + "=", ErrTokenMalformed},
		"a blank":               {good + " ", ErrTokenMalformed},
		"loose bits":            {parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "_", ErrTokenMalformed},
		"no JSON":               {b64("x") + "." + b64("y") + "." + b64("z"), ErrTokenMalformed},
		"claims are no object":  {parts[0] + "." + b64("[]") + "." + parts[2], ErrTokenMalformed},
		"too long":              {signed(map[string]any{"x": strings.Repeat("x", maxToken)}), ErrTokenMalformed},
		"critical header":       {forge(t, jwt.SigningMethodRS256, private, map[string]any{"kid": kid["kid"], "crit": []string{"b64"}}, claims(nil)), ErrTokenMalformed},
		"no signature":          {parts[0] + "." + parts[1] + ".", ErrTokenSignature},
		"alg none":              {forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, claims(nil)), ErrTokenSignature},
		"alg None":              {b64(`{"alg":"None","kid":"`+kid["kid"].(string)+`"}`) + "." + parts[1] + ".", ErrTokenSignature},
		"no alg":                {b64(`{"kid":"`+kid["kid"].(string)+`"}`) + "." + parts[1] + "." + parts[2], ErrTokenSignature},
		"alg HS256, public key": {forge(t, jwt.SigningMethodHS256, publicPEM, kid, claims(nil)), ErrTokenSignature},
		"alg HS256, by hand":    {hs256(kid["kid"].(string), parts[1], der), ErrTokenSignature},
		"alg ES256":             {forge(t, jwt.SigningMethodES256, curve, kid, claims(nil)), ErrTokenSignature},
		"another key":           {forge(t, jwt.SigningMethodRS256, other, kid, claims(nil)), ErrTokenSignature},
		"unknown key":           {forge(t, jwt.SigningMethodRS256, other, map[string]any{"kid": "x"}, claims(nil)), ErrTokenSignature},
		"no key named":          {forge(t, jwt.SigningMethodRS256, private, nil, claims(nil)), ErrTokenSignature},
		"own key in the header": {forge(t, jwt.SigningMethodRS256, other, map[string]any{"kid": kid["kid"], "jwk": jwkOf("x", &other.PublicKey)}, claims(nil)), ErrTokenSignature},
		"other claims":          {parts[0] + "." + b64(`{"iss":"https://h/adfs","tid":"`+i.TenantID()+`","oid":"`+bob+`","aud":"`+testAudience+`","exp":`+fmt.Sprint(now+60)+`}`) + "." + parts[2], ErrTokenSignature},
		"unknown issuer":        {signed(map[string]any{"iss": "https://sts.windows.net/x/"}), ErrTokenIssuer},
		"no issuer":             {signed(map[string]any{"iss": nil}), ErrTokenIssuer},
		"issuer is a number":    {signed(map[string]any{"iss": 1}), ErrTokenIssuer},
		"issuer without host":   {signed(map[string]any{"iss": "/adfs"}), ErrTokenIssuer},
		"issuer of no web":      {signed(map[string]any{"iss": "ftp://h/adfs"}), ErrTokenIssuer},
		"another tenant":        {signed(map[string]any{"tid": bob}), ErrTokenIssuer},
		"another audience":      {signed(map[string]any{"aud": testAudience + "/"}), ErrTokenAudience},
		"other audiences":       {signed(map[string]any{"aud": []string{"a", "b"}}), ErrTokenAudience},
		"no audience":           {signed(map[string]any{"aud": nil}), ErrTokenMalformed},
		"audience is a number":  {signed(map[string]any{"aud": 1}), ErrTokenMalformed},
		"expired":               {signed(map[string]any{"exp": now - 301}), ErrTokenExpired},
		"no end":                {signed(map[string]any{"exp": nil}), ErrTokenMalformed},
		"end is a text":         {signed(map[string]any{"exp": "never"}), ErrTokenMalformed},
		"not yet":               {signed(map[string]any{"nbf": now + 301}), ErrTokenNotYetValid},
		"nobody":                {signed(map[string]any{"oid": nil, "sub": nil}), ErrTokenMalformed},
		"a long name":           {signed(map[string]any{"oid": strings.Repeat("x", 300)}), ErrTokenMalformed},
		"too many groups":       {signed(map[string]any{"groups": make([]string, maxGroups+1)}), ErrTokenMalformed},
	} {
		_, err := v.Verify(t.Context(), r.raw, acceptStorage)
		if !errors.Is(err, r.want) {
			t.Errorf("%s: %v, want %v", name, err, r.want)
		}
		if err == nil {
			continue
		}
		for _, secret := range strings.Split(r.raw, ".") {
			if len(secret) > 20 && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error holds the token: %v", name, err)
			}
		}
	}
	// What is verified and what is not do not mix in the cache.
	if _, err := v.Verify(t.Context(), good, acceptStorage); err != nil {
		t.Error(err)
	}
}

// hs256 is the oldest trick: the public key as the secret of an HMAC.
func hs256(kid, payload string, key []byte) string {
	text := b64(`{"alg":"HS256","typ":"JWT","kid":"`+kid+`"}`) + "." + payload
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestVerifyLeeway(t *testing.T) {
	for leeway, want := range map[time.Duration]time.Duration{0: maxLeeway, time.Hour: maxLeeway, time.Minute: time.Minute, -1: 0} {
		c := newClock()
		i := openTestIssuer(t, t.TempDir(), c)
		v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now, Leeway: leeway})
		raw := issue(t, i, testAudience)
		c.advance(tokenLife + want - time.Second)
		if _, err := v.Verify(t.Context(), raw, acceptAll); err != nil {
			t.Errorf("leeway %v: %v", leeway, err)
		}
		c.advance(time.Second)
		if _, err := v.Verify(t.Context(), raw, acceptAll); !errors.Is(err, ErrTokenExpired) {
			t.Errorf("leeway %v: %v", leeway, err)
		}
	}
}

func TestVerifyWithoutIssuers(t *testing.T) {
	c := newClock()
	raw := issue(t, openTestIssuer(t, t.TempDir(), c), testAudience)
	if _, err := newTestVerifier(t, VerifierConfig{Now: c.now}).Verify(t.Context(), raw, acceptAll); !errors.Is(err, ErrTokenIssuer) {
		t.Error(err)
	}
	// Another node's token, from a tenant of its own.
	other := newTestVerifier(t, VerifierConfig{Local: openTestIssuer(t, t.TempDir(), c), Now: c.now})
	if _, err := other.Verify(t.Context(), raw, acceptAll); !errors.Is(err, ErrTokenIssuer) {
		t.Error(err)
	}
}

// A key that is withdrawn counts no longer than verifiedLife for tokens that were
// verified before.
func TestVerifiedTokensAreLookedAtAgain(t *testing.T) {
	c := newClock()
	i := openTestIssuer(t, t.TempDir(), c)
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	raw := issue(t, i, testAudience)
	if _, err := v.Verify(t.Context(), raw, acceptAll); err != nil {
		t.Fatal(err)
	}
	i.keys.Store(&[]signingKey{})
	c.advance(verifiedLife - time.Second)
	if _, err := v.Verify(t.Context(), raw, acceptAll); err != nil {
		t.Errorf("from the cache: %v", err)
	}
	c.advance(time.Second)
	if _, err := v.Verify(t.Context(), raw, acceptAll); !errors.Is(err, ErrTokenSignature) {
		t.Errorf("after a while: %v", err)
	}
}

func TestTokenCacheIsBounded(t *testing.T) {
	var c tokenCache
	sum := func(n int) [sha256.Size]byte { return sha256.Sum256(big.NewInt(int64(n)).Bytes()) }
	for n := range 5 * cacheSize {
		c.put(sum(n), verified{claims: Claims{Name: fmt.Sprint(n)}})
		if v, ok := c.get(sum(0)); !ok || v.claims.Name != "0" {
			t.Fatalf("what is used is forgotten after %d", n)
		}
	}
	if n := len(c.young) + len(c.old); n > 2*cacheSize {
		t.Errorf("%d tokens are held", n)
	}
	if _, ok := c.get(sum(1)); ok {
		t.Error("what is not used is held")
	}
}

func TestVerifyFromManyGoroutines(t *testing.T) {
	c := newClock()
	i := openTestIssuer(t, t.TempDir(), c)
	v := newTestVerifier(t, VerifierConfig{Local: i, Now: c.now})
	tokens := make([]string, 4)
	for n := range tokens {
		tokens[n] = issue(t, i, testAudience)
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 200 {
				raw := tokens[n%len(tokens)]
				if got, err := v.Verify(t.Context(), raw, acceptStorage); err != nil || got.ObjectID != alice {
					t.Errorf("%+v, %v", got, err)
				}
				if _, err := v.Verify(t.Context(), raw[:len(raw)-8], acceptStorage); err == nil {
					t.Error("a cut token was taken")
				}
			}
		})
	}
	wg.Wait()
}

func TestJWKS(t *testing.T) {
	i := openTestIssuer(t, t.TempDir(), newClock())
	raw, err := json.Marshal(i.JWKS())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := parseJWKS(raw)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for id, k := range keys {
		if id != (*i.keys.Load())[0].id || !(*i.keys.Load())[0].private.PublicKey.Equal(k.key) {
			t.Errorf("another key %s", id)
		}
		if !k.allows("RS256") || k.allows("RS512") || k.allows("none") || k.allows("HS256") || k.allows("ES256") {
			t.Error("the key is for other algorithms than RS256")
		}
	}
	if strings.Contains(string(raw), `"d"`) {
		t.Error("the private key is published")
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := i.JWKS().Keys[0]
	for name, change := range map[string]func(*JWK){
		"for encryption": func(j *JWK) { j.Use = "enc" },
		"symmetric":      func(j *JWK) { j.Type = "oct" },
		"weak":           func(j *JWK) { j.N = jwkOf("", &weak.PublicKey).N },
		"huge":           func(j *JWK) { j.N = strings.Repeat("_", 4*maxRSABits/3/8+4) },
		"even":           func(j *JWK) { j.N = j.N[:len(j.N)-1] + "A" },
		"exponent 1":     func(j *JWK) { j.E = "AQ" },
		"exponent even":  func(j *JWK) { j.E = "BA" },
		"exponent huge":  func(j *JWK) { j.E = "AQABAQE" },
		"no base64":      func(j *JWK) { j.N = "!" },
		"other curve":    func(j *JWK) { *j = JWK{Type: "EC", Curve: "P-384", X: "x", Y: "y"} },
		"not on curve": func(j *JWK) {
			*j = JWK{Type: "EC", Curve: "P-256", X: b64(strings.Repeat("x", 32)), Y: b64(strings.Repeat("y", 32))}
		},
		"short point": func(j *JWK) { *j = JWK{Type: "EC", Curve: "P-256", X: "eA", Y: "eA"} },
	} {
		j := good
		change(&j)
		if set, err := json.Marshal(JWKSet{Keys: []JWK{j}}); err != nil {
			t.Fatal(err)
		} else if keys, err := parseJWKS(set); err == nil {
			t.Errorf("%s: taken as %v", name, keys)
		}
	}
	many, err := json.Marshal(JWKSet{Keys: make([]JWK, maxKeys+1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, []byte("{}"), []byte("x"), many} {
		if _, err := parseJWKS(bad); err == nil {
			t.Errorf("key set %.40s was taken", bad)
		}
	}
}

// FuzzVerify looks for texts that are taken or end in a panic. Nothing but what
// the issuer signed may be taken.
func FuzzVerify(f *testing.F) {
	c := newClock()
	i := openTestIssuer(f, f.TempDir(), c)
	good := issue(f, i, testAudience)
	parts := strings.Split(good, ".")
	f.Add(good)
	f.Add(parts[0] + "." + parts[1] + ".")
	f.Add(b64(`{"alg":"none"}`) + "." + parts[1] + ".")
	f.Add(b64(`{"alg":"RS256","kid":"k","crit":[]}`) + "." + b64(`{"iss":"https://h/adfs","aud":[1],"exp":1e400}`) + ".AAAA")
	f.Add(b64(`{"alg":"ES256"}`) + "." + b64(`{"iss":"https://h/adfs","tid":"`+i.TenantID()+`","exp":"x"}`) + "." + parts[2])
	v := newTestVerifier(f, VerifierConfig{Local: i, Now: c.now})
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := v.Verify(context.Background(), raw, acceptAll)
		if err == nil && raw != good {
			t.Errorf("taken as %+v", got)
		}
		if err == nil {
			return
		}
		for _, kind := range []error{ErrTokenMalformed, ErrTokenSignature, ErrTokenIssuer, ErrTokenExpired, ErrTokenNotYetValid} {
			if errors.Is(err, kind) {
				return
			}
		}
		t.Errorf("an error of no kind: %v", err)
	})
}

func BenchmarkVerify(b *testing.B) {
	c := newClock()
	i := openTestIssuer(b, b.TempDir(), c)
	v := newTestVerifier(b, VerifierConfig{Local: i, Now: c.now})
	raw := issue(b, i, testAudience)
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), raw, acceptStorage); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.cache = tokenCache{}
			if _, err := v.Verify(b.Context(), raw, acceptStorage); err != nil {
				b.Fatal(err)
			}
		}
	})
}
