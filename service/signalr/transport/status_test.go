package transport_test

import (
	"net/http"
	"strings"
	"testing"

	"reslog/service/signalr/transport"
)

// TestStatus is the table of what requests are answered that cannot be served.
func TestStatus(t *testing.T) {
	n := start(t, transport.Config{MaxMessage: 100})
	g := n.negotiate("negotiateVersion=1")
	socket := "/client/?id=" + g.ConnectionToken
	ws, _ := n.webSocket(socket)
	defer ws.CloseNow()
	events := n.path()
	stream, err := n.try("GET", events, "", "Accept: text/event-stream")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	<-n.opened
	polls, _ := n.polling()
	pending := n.path()

	const unknown, upgrade = "No Connection with that ID", "Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
	for _, c := range []struct {
		name, method, path, header string
		status                     int
		text                       string
	}{
		{"unknown WebSocket", "GET", "/client/?id=x", upgrade, 404, unknown},
		{"unknown events", "GET", "/client/?id=x", "Accept: text/event-stream", 404, unknown},
		{"unknown poll", "GET", "/client/?id=x", "", 404, unknown},
		{"events without an id", "GET", "/client/", "Accept: text/event-stream", 400, "Connection ID required"},
		{"poll without an id", "GET", "/client/", "", 400, "Connection ID required"},
		{"second WebSocket", "GET", socket, upgrade, 409, "The connection is already active"},
		{"second events", "GET", events, "Accept: text/event-stream", 409, "The connection is already active"},
		{"WebSocket of events", "GET", events, upgrade, 400, "Cannot change transports mid-connection"},
		{"WebSocket of polls", "GET", polls, upgrade, 400, "Cannot change transports mid-connection"},
		{"events of a WebSocket", "GET", socket, "Accept: text/event-stream", 400, "Cannot change transports mid-connection"},
		{"poll of a WebSocket", "GET", socket, "", 400, "Cannot change transports mid-connection"},
		{"POST without an id", "POST", "/client/", "", 400, "Connection ID required"},
		{"POST of a WebSocket", "POST", socket, "", 405, "POST requests are not allowed for WebSocket connections."},
		{"unknown POST", "POST", "/client/?id=x", "", 404, unknown},
		{"POST before the connection", "POST", pending, "", 404, unknown},
		{"POST", "POST", events, "", 200, ""},
		{"DELETE without an id", "DELETE", "/client/", "", 400, "Connection ID required"},
		{"unknown DELETE", "DELETE", "/client/?id=x", "", 404, unknown},
		{"DELETE of a WebSocket", "DELETE", socket, "", 400, "Cannot terminate this connection using the DELETE endpoint."},
		{"DELETE of events", "DELETE", events, "", 400, "Cannot terminate this connection using the DELETE endpoint."},
		{"PUT", "PUT", polls, "", 405, ""},
		{"HEAD", "HEAD", polls, "", 405, ""},
		{"elsewhere", "GET", "/client/other", "", 404, ""},
		{"DELETE", "DELETE", polls, "", 202, ""},
		{"poll after DELETE", "GET", polls, "", 404, unknown},
		{"POST after DELETE", "POST", polls, "", 404, unknown},
		{"DELETE after DELETE", "DELETE", polls, "", 404, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := strings.Split(c.header, "|")
			if c.header == "" {
				header = nil
			}
			res, body := n.do(c.method, c.path, "x", header...)
			if res.StatusCode != c.status || body != c.text {
				t.Errorf("%s %q, want %d %q", res.Status, body, c.status, c.text)
			}
			if got := res.Header.Get("Content-Type"); got != "text/plain" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
	if res, _ := n.do("POST", events, strings.Repeat("x", 101)); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too much: %s", res.Status)
	}
}

func TestAWebSocketThatIsNone(t *testing.T) {
	n := start(t, transport.Config{})
	res, _ := n.do("GET", "/client/", "", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12")
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("%s", res.Status)
	}
	how := wantEnd(t, <-n.opened, transport.ByLoss)
	if how.Err == nil {
		t.Error("ended without an error")
	}
}
