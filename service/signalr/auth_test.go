package signalr

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/resource"
	"reslog/service/signalr/event"
	"reslog/service/signalr/token"
)

// A token that is refused: 401 without a body, and the reason in the log.
func TestUnauthorized(t *testing.T) {
	r := newRig(t, nil)
	exp := token.Claim{Type: "exp", Value: strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)}
	for _, test := range []struct {
		name, token, challenge, message string
	}{
		{"none", "", `Bearer`, "no access token"},
		{
			"audience", token.Sign(testKey, exp, token.Claim{Type: "aud", Value: "http://localhost/client/?hub=other"}),
			`Bearer error="invalid_token", error_description="The audience is invalid"`,
			"Failed to validate audience. Expected Audiences: http://127.0.0.1/client/?hub=chat, https://chatty.service.signalr.net/client/?hub=chat. Actual Audiences: http://localhost/client/?hub=other",
		},
		{
			"key", token.Sign("another", r.claims("client", "chat", "u")...),
			`Bearer error="invalid_token", error_description="The signature key was not found"`, "Failed to validate signature",
		},
		{
			"expired", token.Sign(testKey, token.Claim{Type: "exp", Value: "1000000000"}, token.Claim{Type: "aud", Value: "http://localhost/client/?hub=chat"}),
			`Bearer error="invalid_token", error_description="The token expired at '09/09/2001 01:46:40'"`, "expired at",
		},
	} {
		res, body := r.do(http.MethodPost, "/client/negotiate?hub=chat&negotiateVersion=1", test.token, "")
		if res.StatusCode != http.StatusUnauthorized || body != "" || res.Header.Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s: %s %q %q", test.name, res.Status, body, res.Header.Get("WWW-Authenticate"))
		}
		l := r.logged(string(event.AuthorizationFailed), test.message)
		if l.Properties.Collection != "Authorization" || l.Level != "Warning" || l.CallerIPAddress != "127.0.0.1" || l.Properties.ConnectionType != "Client" || l.Properties.Hub != "chat" {
			t.Errorf("%s: %s", test.name, l.raw)
		}
	}
	// The same for the REST API, and for application servers.
	if res, body := r.do(http.MethodPost, "/api/v1/hubs/chat", "", `{"target":"x","arguments":[]}`); res.StatusCode != http.StatusUnauthorized || body != "" {
		t.Errorf("REST: %s %q", res.Status, body)
	}
	if got := r.server.Stats(); got.Unauthorized != 5 || got.UserErrors < 5 {
		t.Errorf("the figures are %+v", got)
	}
}

// Either key is good, and one that was made anew is good at once.
func TestKeysAreRotated(t *testing.T) {
	r := newRig(t, nil)
	const path = "/client/negotiate?hub=chat&negotiateVersion=1"
	status := func(key string) int {
		res, _ := r.do(http.MethodPost, path, token.Sign(key, r.claims("client", "chat", "u")...), "")
		return res.StatusCode
	}
	if a, b := status(testKey), status(otherKey); a != 200 || b != 200 {
		t.Fatalf("the keys are answered %d, %d", a, b)
	}
	r.set(func(s *Service) { s.Keys = []string{"fresh", otherKey} })
	if a, b, c := status(testKey), status(otherKey), status("fresh"); a != 401 || b != 200 || c != 200 {
		t.Errorf("after the rotation the keys are answered %d, %d, %d", a, b, c)
	}
}

func TestBadHubs(t *testing.T) {
	r := newRig(t, nil)
	for _, query := range []string{"", "hub=", "hub=1a", "hub=a&hub=a", "hub=a%20b", "hub=" + strings.Repeat("a", 129)} {
		if res, body := r.do(http.MethodPost, "/client/negotiate?"+query, r.token("a", "u"), ""); res.StatusCode != http.StatusBadRequest || body == "" {
			t.Errorf("%s: %s %s", query, res.Status, body)
		}
	}
	r.negotiate(r.token("a_`,.[]", "u"), "A_`,.[]", "")
}

// One address causes so many events a minute, and then one that tells of the rest.
func TestFloodsAreSummedUp(t *testing.T) {
	r := newRig(t, nil)
	const more = 7
	for range floodEvents + more {
		r.do(http.MethodPost, "/client/negotiate?hub=chat", "x", "")
	}
	r.clock.forward(2 * time.Minute)
	r.logged(string(event.AuthorizationFailed), "(and "+strconv.Itoa(more-1)+" more like this in the last minute)")
	if got := r.count(string(event.AuthorizationFailed)); got != floodEvents+1 {
		t.Errorf("%d events, not %d", got, floodEvents+1)
	}
}

func TestEntraTokens(t *testing.T) {
	entra := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + ".e30.x"
	const path = "/api/hubs/chat/groups/g/connections/c?api-version=2022-06-01"
	r := newRig(t, nil)
	if res, _ := r.do(http.MethodPut, path, entra, ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without identities: %s", res.Status)
	}
	var action string
	r = newRig(t, func(_ *Service, c *Config) {
		c.Identity = func(_ context.Context, raw string, id resource.ID, a string) error {
			action = a
			if id.String() != testID || raw != entra {
				return errors.New("not this one")
			}
			return nil
		}
	})
	if res, body := r.do(http.MethodPut, path, entra, ""); res.StatusCode == http.StatusUnauthorized || action != "Microsoft.SignalRService/SignalR/group/write" {
		t.Errorf("%s %s, asked for %s", res.Status, body, action)
	}
}

func TestActions(t *testing.T) {
	for request, want := range map[string]string{
		"POST /api/hubs/chat/:send":                      "hub/send/action",
		"POST /api/v1/hubs/chat":                         "hub/send/action",
		"POST /api/hubs/chat/users/u/:send":              "user/send/action",
		"HEAD /api/hubs/chat/users/u":                    "user/read",
		"POST /api/hubs/chat/groups/g/:send":             "group/send/action",
		"GET /api/hubs/chat/groups/g/connections":        "group/read",
		"PUT /api/hubs/chat/users/u/groups/g":            "group/write",
		"DELETE /api/hubs/chat/connections/c":            "clientConnection/write",
		"POST /api/hubs/chat/:closeConnections":          "clientConnection/write",
		"POST /api/hubs/chat/connections/c/:send":        "clientConnection/send/action",
		"POST /api/hubs/chat/:generateToken":             "auth/clientToken/action",
		"GET /api/v1/auth/accessKey":                     "auth/accessKey/action",
		"DELETE /api/hubs/chat/groups/g/connections/c/x": "group/write",
		"DELETE /api/hubs/chat/connections/c/groups":     "group/write",
		"PUT /api/v1/hubs/chat/groups/g/users/u":         "group/write",
		"POST /api/hubs/chat/users/u%2Fgroups/:send":     "user/send/action",
		"POST /api/hubs/users/:send":                     "hub/send/action",
	} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequest(method, "http://h"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(actionOf(r), "Microsoft.SignalRService/SignalR/"); got != want {
			t.Errorf("%s: %s, not %s", request, got, want)
		}
	}
}
