package token

import (
	"errors"
	"strings"
	"testing"
)

// Nobody without a key gets a token accepted, and reading one never panics.
func FuzzVerify(f *testing.F) {
	f.Add(vector)
	f.Add(Sign("other", good()...))
	f.Add(Sign(key, good(Claim{"role", "a"}, Claim{"role", "b"})...))
	f.Add("..")
	v := verifier(func(c *Config) { c.Keys = func() []string { return []string{"a key that no seed is signed with"} } })
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := v.Verify(raw, chat)
		var e *Error
		if !errors.As(err, &e) || got.User != "" || len(got.Raw) != 0 {
			t.Fatalf("accepted: %+v, %v", got, err)
		}
		if len(raw) > 20 && strings.Contains(e.Reason+e.Challenge, raw) {
			t.Fatal("the error holds the token")
		}
	})
}

// Whatever is signed is read without a panic, and what is accepted has not expired.
func FuzzClaims(f *testing.F) {
	f.Add(`{"exp":4102444800,"aud":"https://contoso.service.signalr.net/client/?hub=chat","asrs.s.uid":"u","role":["a"]}`)
	f.Add(`{"exp":1e300,"aud":[],"x":{"y":[null]}}`)
	f.Add(`{"exp":"4102444800","exp":1}`)
	v := verifier(nil)
	f.Fuzz(func(t *testing.T, payload string) {
		got, err := v.Verify(resign(t, vector, payload), chat)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Reason == "" || !strings.HasPrefix(e.Challenge, "Bearer") {
				t.Fatalf("%v", err)
			}
			return
		}
		if !got.Expires.After(now) || !chat.Match(got.Audience) {
			t.Fatalf("accepted: %+v", got)
		}
	})
}
