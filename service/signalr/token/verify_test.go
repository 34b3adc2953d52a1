package token

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	key    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
	second = "bm90IGRlY29kZWQ=+/SECONDARY+/KEY0123456789="
	// vector is a token made by hand.
	vector = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhc3JzLnMudWlkIjoiYmFzIiwiZXhwIjo0MTAyNDQ0ODAwLCJhdWQiOiJodHRwOi8vbG9jYWxob3N0L2NsaWVudC8_aHViPWNoYXQifQ.PR2rWDSEYOIevGnslFAT1F3AhAfBVln84RKOh55w6Wc"
)

var (
	now  = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	chat = Audience{URLs: []string{"https://contoso.service.signalr.net/client/?hub=chat"}}
)

func verifier(change func(*Config)) *Verifier {
	c := Config{Keys: func() []string { return []string{key, second} }, Now: func() time.Time { return now }}
	if change != nil {
		change(&c)
	}
	return New(c)
}

// good are the claims of a token that is accepted, and more.
func good(more ...Claim) []Claim {
	return append([]Claim{{"aud", chat.URLs[0]}, {"exp", unix(now.Add(time.Hour))}}, more...)
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestVector(t *testing.T) {
	if got := Sign(key, Claim{"asrs.s.uid", "bas"}, Claim{"exp", "4102444800"}, Claim{"aud", "http://localhost/client/?hub=chat"}); got != vector {
		t.Errorf("signed %s", got)
	}
	got, err := verifier(nil).Verify(vector, Audience{URLs: []string{ClientURL("http", "localhost:8888", "Chat")}})
	if err != nil {
		t.Fatal(err)
	}
	if got.User != "bas" || !got.Expires.Equal(time.Unix(4102444800, 0)) || got.System[SystemUser] != "bas" || len(got.Claims) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestKeys(t *testing.T) {
	v := verifier(func(c *Config) {
		c.KeyByID = func(kid string) (string, bool) { return "dynamic", kid == "d1" }
	})
	for name, raw := range map[string]string{
		"primary":      Sign(key, good()...),
		"secondary":    Sign(second, good()...),
		"HS512":        sign(jwt.SigningMethodHS512, second, "", good()),
		"unknown kid":  sign(jwt.SigningMethodHS256, key, "-1234", good()),
		"kid of a key": sign(jwt.SigningMethodHS256, "dynamic", "d1", good()),
	} {
		if _, err := v.Verify(raw, chat); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	decoded, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"other key":                 Sign("other", good()...),
		"decoded key":               Sign(string(decoded), good()...),
		"empty key":                 Sign("", good()...),
		"HS384":                     sign(jwt.SigningMethodHS384, key, "", good()),
		"dynamic key without kid":   Sign("dynamic", good()...),
		"RS256":                     rs256(t),
		"changed":                   changed(Sign(key, good()...)),
		"signature of another body": spliced(Sign(key, good()...), Sign(key, good(Claim{"a", "b"})...)),
	} {
		refused(t, name, v, raw, "Failed to ", `Bearer error="invalid_token"`)
	}
	refused(t, "other key", v, Sign("other", good()...), "Failed to validate signature.",
		`Bearer error="invalid_token", error_description="The signature key was not found"`)
	refused(t, "not the key of the kid", v, sign(jwt.SigningMethodHS256, key, "d1", good()), "Failed to validate signature.",
		`Bearer error="invalid_token", error_description="The signature is invalid"`)
	refused(t, "no keys", verifier(func(c *Config) { c.Keys = func() []string { return []string{""} } }), Sign("", good()...),
		"Failed to validate signature.", `Bearer error="invalid_token"`)
}

func rs256(t *testing.T) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"aud": chat.URLs[0], "exp": now.Unix() + 60}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// spliced is one token with the signature of another.
func spliced(one, other string) string {
	return one[:strings.LastIndexByte(one, '.')] + other[strings.LastIndexByte(other, '.'):]
}

func changed(raw string) string {
	i := strings.LastIndexByte(raw, '.') + 5
	c := byte('A')
	if raw[i] == c {
		c = 'B'
	}
	return raw[:i] + string(c) + raw[i+1:]
}

func TestNoneIsRefused(t *testing.T) {
	raw, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"aud": chat.URLs[0], "exp": now.Unix() + 60}).
		SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "none", verifier(nil), raw, "Failed to validate signature.", `Bearer error="invalid_token"`)
	for _, alg := range []string{"None", "nOnE", ""} {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `"}`))
		_, rest, _ := strings.Cut(raw, ".")
		refused(t, alg, verifier(nil), head+"."+rest, "Failed to ", `Bearer error="invalid_token"`)
	}
}

func TestLifetime(t *testing.T) {
	expired := `Bearer error="invalid_token", error_description="The token expired at '03/14/2026 15:09:26'"`
	at := func(s string) string { return Sign(key, Claim{"aud", chat.URLs[0]}, Claim{"exp", s}) }
	refused(t, "now", verifier(nil), at(unix(now)), "Failed to validate lifetime. The access token expired at '03/14/2026 15:09:26'.", expired)
	refused(t, "no exp", verifier(nil), Sign(key, Claim{"aud", chat.URLs[0]}), "Failed to validate lifetime.",
		`Bearer error="invalid_token", error_description="The token has no expiration"`)
	refused(t, "no number", verifier(nil), at("tomorrow"), "Failed to read the access token: exp is not a time.", `Bearer error="invalid_token"`)
	refused(t, "negative", verifier(nil), at("-5"), "Failed to read the access token: exp is not a time.", `Bearer error="invalid_token"`)
	refused(t, "two", verifier(nil), Sign(key, good(Claim{"exp", unix(now.Add(time.Hour))})...), "Failed to read", `Bearer error="invalid_token"`)
	lenient := verifier(func(c *Config) { c.Leeway = time.Minute })
	for _, s := range []string{unix(now.Add(-59 * time.Second)), "253402300800", "9999999999999999"} {
		if _, err := lenient.Verify(at(s), chat); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	refused(t, "beyond the leeway", lenient, at(unix(now.Add(-time.Minute))), "Failed to validate lifetime.", `Bearer error="invalid_token"`)
	// nbf and iat are not enforced.
	later := unix(now.Add(30 * time.Minute))
	if _, err := verifier(nil).Verify(Sign(key, good(Claim{"nbf", later}, Claim{"iat", later}, Claim{"iss", "anybody"})...), chat); err != nil {
		t.Error(err)
	}
	// A fraction of a second counts.
	raw := sign(jwt.SigningMethodHS256, key, "", good())
	fraction := resign(t, raw, strings.Replace(payloadOf(t, raw), unix(now.Add(time.Hour)), unix(now)+".5", 1))
	if got, err := verifier(nil).Verify(fraction, chat); err != nil || got.Expires.Nanosecond() != 5e8 {
		t.Errorf("%v, %v", got.Expires, err)
	}
}

func payloadOf(t *testing.T, raw string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// resign makes a token of the header of another and a payload.
func resign(t testing.TB, raw, payload string) string {
	t.Helper()
	head, _, _ := strings.Cut(raw, ".")
	text := head + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestAudienceTexts(t *testing.T) {
	want := Audience{URLs: []string{"https://contoso.service.signalr.net/client/?hub=chat", "https://10.0.0.1/client/?hub=chat"}}
	raw := Sign(key, Claim{"aud", "https://other/client/?hub=chat"}, Claim{"aud", "x"}, Claim{"exp", unix(now.Add(time.Hour))})
	refusedFor(t, "audience", verifier(nil), raw, want,
		"Failed to validate audience. Expected Audiences: https://contoso.service.signalr.net/client/?hub=chat, https://10.0.0.1/client/?hub=chat. Actual Audiences: https://other/client/?hub=chat, x",
		`Bearer error="invalid_token", error_description="The audience is invalid"`)
	refused(t, "none", verifier(nil), Sign(key, Claim{"exp", unix(now.Add(time.Hour))}), "Failed to validate audience. Expected Audiences: "+chat.URLs[0]+". Actual Audiences: ",
		`Bearer error="invalid_token", error_description="The audience is invalid"`)
	secret := Sign(key, Claim{"aud", "https://other/client/?hub=chat&access_token=SECRET"}, Claim{"exp", unix(now.Add(time.Hour))})
	refused(t, "token in the audience", verifier(nil), secret, "Failed to validate audience.", `Bearer error="invalid_token"`)
	_, err := verifier(nil).Verify(secret, chat)
	if strings.Contains(err.Error(), "SECRET") {
		t.Error(err)
	}
}

func TestNotAToken(t *testing.T) {
	v := verifier(nil)
	refused(t, "nothing", v, "", "The request has no access token.", "Bearer")
	refused(t, "too long", v, Sign(key, good(Claim{"x", strings.Repeat("y", MaxLength)})...), "The access token is longer than 4096 characters.", `Bearer error="invalid_token"`)
	for _, raw := range []string{"x", "a.b.c", "..", vector + ".x", strings.Replace(vector, ".", "", 1), strings.Repeat("A", MaxLength)} {
		refused(t, raw, v, raw, "Failed to ", `Bearer error="invalid_token"`)
	}
	for _, payload := range []string{"null", "[]", "5", `"x"`, "{", `{"exp":}`, ""} {
		refused(t, payload, v, resign(t, vector, payload), "Failed to ", `Bearer error="invalid_token"`)
	}
}

// refused verifies that a token is refused with a reason and a challenge that begin so,
// and that neither holds a token or a key.
func refused(t *testing.T, name string, v *Verifier, raw, reason, challenge string) {
	t.Helper()
	refusedFor(t, name, v, raw, chat, reason, challenge)
}

func refusedFor(t *testing.T, name string, v *Verifier, raw string, want Audience, reason, challenge string) {
	t.Helper()
	_, err := v.Verify(raw, want)
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !strings.HasPrefix(e.Reason, reason) || !strings.HasPrefix(e.Challenge, challenge) {
		t.Errorf("%s: %q, %q", name, e.Reason, e.Challenge)
	}
	for _, secret := range []string{key, second, "dynamic"} {
		if strings.Contains(e.Reason+e.Challenge, secret) {
			t.Errorf("%s: the error holds a key", name)
		}
	}
	for part := range strings.SplitSeq(raw, ".") {
		if len(part) > 8 && strings.Contains(e.Reason+e.Challenge, part) {
			t.Errorf("%s: the error holds a part of the token: %q", name, e.Reason)
		}
	}
}

func TestUser(t *testing.T) {
	for _, c := range []struct {
		claims []Claim
		want   string
	}{
		{nil, ""},
		{[]Claim{{"sub", "s1"}, {"sub", "s2"}}, "s1"},
		{[]Claim{{"sub", "s"}, {"nameid", "n"}}, "n"},
		{[]Claim{{"sub", "s"}, {"nameid", "n"}, {"asrs.s.uid", "u"}}, "u"},
		{[]Claim{{"asrs.s.uid", ""}, {"nameid", "n"}}, ""},
	} {
		got, err := verifier(nil).Verify(Sign(key, good(c.claims...)...), chat)
		if err != nil || got.User != c.want {
			t.Errorf("%v: %q, %v", c.claims, got.User, err)
		}
	}
}

func TestClaims(t *testing.T) {
	raw := resign(t, vector, `{"asrs.s.uid":"bas","role":["admin","reader"],"nbf":1,"asrs.u.exp":"17","asrs.s.sn":"srv","age":42,
		"asrs.s.ssticky":"Required","ok":true,"none":null,"obj":{"a": [1]},"list":[],"mixed":["x",1,{"y":2}],"asrs.u.aud":"mine",
		"quote":"\"\u00e9\n","iat":2,"exp":4102444800,"role":"late","aud":["a","https://contoso.service.signalr.net/client/?hub=chat"]}`)
	got, err := verifier(nil).Verify(raw, chat)
	if err != nil {
		t.Fatal(err)
	}
	want := Token{
		User: "bas",
		Claims: []Claim{
			{"role", "admin"},
			{"role", "reader"},
			{"exp", "17"},
			{"age", "42"},
			{"ok", "true"},
			{"none", "null"},
			{"obj", `{"a": [1]}`},
			{"mixed", "x"},
			{"mixed", "1"},
			{"mixed", `{"y":2}`},
			{"aud", "mine"},
			{"quote", "\"é\n"},
			{"role", "late"},
		},
		System:   map[string]string{SystemUser: "bas", SystemServer: "srv", SystemSticky: "Required"},
		Audience: []string{"a", chat.URLs[0]},
		Expires:  time.Unix(4102444800, 0),
	}
	if got.Raw[0] != (Claim{"asrs.s.uid", "bas"}) || len(got.Raw) != 21 {
		t.Errorf("%d raw claims: %v", len(got.Raw), got.Raw)
	}
	got.Raw = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A claim with a name of the token's own, or of many values, survives being signed.
func TestSign(t *testing.T) {
	claims := good(Claim{"role", "a"}, Claim{"x", "<&>\u2028\"\\"}, Claim{"role", "b"}, Claim{"nbf", "5"}, Claim{"iat", "no number"})
	raw := Sign(key, claims...)
	want := `{"aud":"` + chat.URLs[0] + `","exp":` + unix(now.Add(time.Hour)) + `,"role":["a","b"],"x":"<&>\u2028\"\\","nbf":5,"iat":"no number"}`
	if got := payloadOf(t, raw); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	other, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return []byte(key), nil }, jwt.WithoutClaimsValidation())
	if err != nil || other.Header["typ"] != "JWT" {
		t.Errorf("%v", err)
	}
}
