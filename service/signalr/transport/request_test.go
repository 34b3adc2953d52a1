package transport_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reslog/service/signalr/transport"
)

func TestCORS(t *testing.T) {
	n := start(t, transport.Config{})
	res, _ := n.do("OPTIONS", "/client/negotiate?hub=chat", "",
		"Origin: https://app.example.com", "Access-Control-Request-Method: POST",
		"Access-Control-Request-Headers: authorization,x-requested-with,x-signalr-user-agent,x-own")
	h := res.Header
	if res.StatusCode != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
		h.Get("Access-Control-Allow-Credentials") != "true" ||
		h.Get("Access-Control-Allow-Headers") != "authorization,x-requested-with,x-signalr-user-agent,x-own" ||
		!strings.Contains(h.Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("preflight: %s %v", res.Status, h)
	}
	res, _ = n.do("OPTIONS", "/client/", "", "Origin: https://app.example.com")
	for _, want := range []string{"authorization", "x-requested-with", "x-signalr-user-agent"} {
		if !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), want) {
			t.Errorf("preflight without headers: %v", res.Header)
		}
	}
	for _, path := range []string{"/client/negotiate", "/client/?id=x", "/elsewhere"} {
		res, _ = n.do("POST", path, "", "Origin: https://app.example.com")
		if res.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" || res.Header.Get("Vary") != "Origin" {
			t.Errorf("%s: %v", path, res.Header)
		}
	}
	if res, _ = n.do("POST", "/client/negotiate", ""); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without an origin: %v", res.Header)
	}
}

func TestOrigins(t *testing.T) {
	n := start(t, transport.Config{Origins: []string{"https://app.example.com/"}})
	for origin, want := range map[string]int{
		"https://app.example.com": 200,
		"https://APP.example.com": 200,
		n.url:                     200, // its own pages
		"https://example.org":     403,
		"null":                    403,
	} {
		res, _ := n.do("POST", "/client/negotiate", "", "Origin: "+origin)
		if allowed := res.Header.Get("Access-Control-Allow-Origin") == origin; res.StatusCode != want || allowed != (want == 200) {
			t.Errorf("%s: %s %v", origin, res.Status, res.Header)
		}
	}
	n = start(t, transport.Config{Origins: []string{"*"}})
	if res, _ := n.do("POST", "/client/negotiate", "", "Origin: https://example.org"); res.StatusCode != http.StatusOK {
		t.Errorf("any: %s", res.Status)
	}
}

func TestBearerToken(t *testing.T) {
	for _, c := range []struct {
		name, method, query string
		header              []string
		want                string
	}{
		{"header", "POST", "", []string{"Authorization: Bearer abc"}, "abc"},
		{"header of another case", "POST", "", []string{"Authorization: bearer abc"}, "abc"},
		{"another scheme", "POST", "", []string{"Authorization: Basic abc"}, ""},
		{"query of a POST", "POST", "?access_token=q", nil, ""},
		{"query of a poll", "GET", "?access_token=q", nil, ""},
		{"query of events", "GET", "?access_token=q", []string{"Accept: text/event-stream"}, "q"},
		{"query of a WebSocket", "GET", "?access_token=q%2B", []string{"Connection: keep-alive, Upgrade", "Upgrade: WebSocket"}, "q+"},
		{"both", "GET", "?access_token=q", []string{"Accept: text/event-stream", "Authorization: Bearer abc"}, "abc"},
		{"half an upgrade", "GET", "?access_token=q", []string{"Upgrade: websocket"}, ""},
		{"none", "GET", "", nil, ""},
	} {
		r := httptest.NewRequest(c.method, "/client/"+c.query, nil)
		for _, h := range c.header {
			k, v, _ := strings.Cut(h, ": ")
			r.Header.Set(k, v)
		}
		if got := transport.BearerToken(r); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
