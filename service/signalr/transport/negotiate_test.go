package transport_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"reslog/service/signalr/transport"
)

func TestNegotiate(t *testing.T) {
	n := start(t, transport.Config{Suffix: "A2k43BwM0"})
	id := regexp.MustCompile(`^[A-Za-z0-9_-]{22}A2k43BwM0$`)

	g := n.negotiate("hub=chat&negotiateVersion=1")
	if g.NegotiateVersion != 1 || !id.MatchString(g.ConnectionID) || !id.MatchString(g.ConnectionToken) ||
		g.ConnectionID == g.ConnectionToken || g.UseStatefulReconnect != nil || g.Error != "" {
		t.Errorf("version 1: %+v", g)
	}
	if got := fmt.Sprint(g.AvailableTransports); got !=
		"[{WebSockets [Text Binary]} {ServerSentEvents [Text]} {LongPolling [Text Binary]}]" {
		t.Errorf("transports: %s", got)
	}
	for _, query := range []string{"hub=chat", "hub=chat&negotiateVersion=0"} {
		if g := n.negotiate(query); g.NegotiateVersion != 0 || g.ConnectionToken != "" || !id.MatchString(g.ConnectionID) {
			t.Errorf("%s: %+v", query, g)
		}
	}
	if g := n.negotiate("negotiateVersion=7"); g.NegotiateVersion != 1 || g.ConnectionToken == "" {
		t.Errorf("version 7: %+v", g)
	}
	for query, want := range map[string]string{
		"negotiateVersion=one": "The client requested a non-integer protocol version.",
		"negotiateVersion=-1":  "The client requested version '-1', which the service does not support.",
	} {
		if g := n.negotiate(query); g.Error != want || g.ConnectionID != "" {
			t.Errorf("%s: %+v", query, g)
		}
	}
	if g := n.negotiate("negotiateVersion=1&useStatefulReconnect=true"); g.UseStatefulReconnect == nil || !*g.UseStatefulReconnect {
		t.Errorf("stateful reconnect: %+v", g)
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD"} {
		if res, _ := n.do(method, "/client/negotiate", ""); res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", method, res.Status)
		}
	}
}

func TestAConnectionIDFindsNothing(t *testing.T) {
	n := start(t, transport.Config{})
	g := n.negotiate("negotiateVersion=1")
	if res, _ := n.do("GET", "/client/?id="+g.ConnectionID, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("the ID: %s", res.Status)
	}
	// Clients of version 0 know no token.
	g = n.negotiate("")
	if res, _ := n.do("GET", "/client/?id="+g.ConnectionID, ""); res.StatusCode != http.StatusOK {
		t.Errorf("the ID of version 0: %s", res.Status)
	}
	if e := <-n.opened; e.ID() != g.ConnectionID {
		t.Errorf("opened as %s, negotiated as %s", e.ID(), g.ConnectionID)
	}
}

func TestTransportsThatAreAllowed(t *testing.T) {
	n := start(t, transport.Config{Accept: func(*http.Request) (transport.Grant, *transport.Refusal) {
		return transport.Grant{Allowed: []transport.Kind{transport.LongPolling}}, nil
	}})
	g := n.negotiate("negotiateVersion=1&useStatefulReconnect=true")
	if got := fmt.Sprint(g.AvailableTransports); got != "[{LongPolling [Text Binary]}]" || g.UseStatefulReconnect != nil {
		t.Errorf("%+v", g)
	}
	path := "/client/?id=" + g.ConnectionToken
	res, body := n.do("GET", path, "", "Accept: text/event-stream")
	if res.StatusCode != http.StatusNotFound || body != "ServerSentEvents transport not supported by this end point type" {
		t.Errorf("events: %s %q", res.Status, body)
	}
	_, res, err := n.dial(path)
	if err == nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("WebSocket: %v", err)
	}
	if res, _ := n.do("GET", path, ""); res.StatusCode != http.StatusOK {
		t.Errorf("poll: %s", res.Status)
	}
}

func TestRefusals(t *testing.T) {
	n := start(t, transport.Config{
		Origins: []string{"https://app.example.com"},
		Accept: func(*http.Request) (transport.Grant, *transport.Refusal) {
			return transport.Grant{}, &transport.Refusal{
				Status: http.StatusUnauthorized,
				Header: http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}},
			}
		},
	})
	for _, c := range [][2]string{
		{"POST", "/client/negotiate"}, {"GET", "/client/?id=x"}, {"POST", "/client/?id=x"}, {"DELETE", "/client/?id=x"}, {"GET", "/client/"},
	} {
		res, body := n.do(c[0], c[1], "", "Origin: https://app.example.com")
		if res.StatusCode != http.StatusUnauthorized || body != "" || res.Header.Get("WWW-Authenticate") == "" ||
			res.Header.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
			t.Errorf("%s %s: %s %q %v", c[0], c[1], res.Status, body, res.Header)
		}
	}
	if _, res, err := n.dial("/client/?hub=chat"); err == nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("WebSocket: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	n := start(t, transport.Config{
		Open: func(transport.Conn, transport.Grant) (transport.Receiver, *transport.Refusal) {
			return nil, &transport.Refusal{Status: http.StatusTooManyRequests, Text: "full"}
		},
	})
	path := n.path()
	if res, body := n.do("GET", path, ""); res.StatusCode != http.StatusTooManyRequests || body != "full" {
		t.Errorf("poll: %s %q", res.Status, body)
	}
	if res, _ := n.do("GET", path, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("again: %s", res.Status)
	}
	if _, res, err := n.dial("/client/"); err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("WebSocket: %v", err)
	}
}

func TestNegotiatedConnectionsExpireAndAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n := start(t, transport.Config{MaxPending: 2, NegotiateTimeout: time.Minute, Now: func() time.Time { return now }})
	first := n.path()
	n.path()
	res, body := n.do("POST", "/client/negotiate?negotiateVersion=1", "")
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "1" {
		t.Errorf("the third: %s %q", res.Status, body)
	}
	now = now.Add(time.Minute)
	if res, body := n.do("GET", first, ""); res.StatusCode != http.StatusNotFound || body != "No Connection with that ID" {
		t.Errorf("late: %s %q", res.Status, body)
	}
	last := n.path()
	if res, _ := n.do("GET", last, ""); res.StatusCode != http.StatusOK {
		t.Errorf("in time: %s", res.Status)
	}
}

func TestConnectionsOfOthersAreNotFound(t *testing.T) {
	n := start(t, transport.Config{Accept: func(r *http.Request) (transport.Grant, *transport.Refusal) {
		return transport.Grant{Owner: r.Header.Get("Authorization")}, nil
	}})
	_, body := n.do("POST", "/client/negotiate", "", "Authorization: ann")
	id := regexp.MustCompile(`"connectionId":"([^"]+)"`).FindStringSubmatch(body)[1]
	path := "/client/?id=" + id
	for i, want := range []int{http.StatusOK, http.StatusNotFound} {
		// Before it is opened, and after.
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if res, _ := n.do(method, path, "x", "Authorization: bob"); res.StatusCode != http.StatusNotFound {
				t.Errorf("%d: %s by another: %s", i, method, res.Status)
			}
		}
		if i == 0 {
			if res, _ := n.do("GET", path, "", "Authorization: ann"); res.StatusCode != want {
				t.Errorf("by the owner: %s", res.Status)
			}
		}
	}
}
