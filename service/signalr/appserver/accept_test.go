package appserver_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

func TestRequestsAreRefused(t *testing.T) {
	var serverless atomic.Bool
	s := start(t, func(c *appserver.Config) { c.WeakOnly = serverless.Load })
	for name, test := range map[string]struct {
		query, key, agent string
		serverless        bool
		status            int
	}{
		"no hub":           {"", key, "", false, 400},
		"two hubs":         {"?hub=a&hub=b", key, "", false, 400},
		"no name of a hub": {"?hub=1x", key, "", false, 400},
		"another key":      {"?hub=chat", "no", "", false, 401},
		"serverless":       {"?hub=chat", key, "Microsoft.Azure.SignalR/1.2 (.NET)", true, 403},
		"no SDK":           {"?hub=chat", key, "", true, 403},
		"no WebSocket":     {"?hub=chat", key, "", false, 426},
	} {
		t.Run(name, func(t *testing.T) {
			serverless.Store(test.serverless)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/server/"+test.query, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", appservertest.Authorization(s.url, test.key, "chat", "server"))
			r.Header.Set("Asrs-User-Agent", test.agent)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != test.status {
				t.Errorf("status %d", answer.StatusCode)
			}
			if test.status == 401 && answer.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Error("the header of the refusal is missing")
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestServerlessTakesWeakConnections(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.WeakOnly = func() bool { return true } })
	const agent = "Microsoft.Azure.SignalR.Management/1.2"
	s.server(appservertest.Config{Agent: agent, Type: serviceprotocol.Weak})
	if _, err := s.dial(appservertest.Config{}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a server with a hub: %v", err)
	}
	if _, err := s.dial(appservertest.Config{Agent: agent}); err == nil || !strings.Contains(err.Error(), "Serverless mode") {
		t.Errorf("one that is only found out by its handshake: %v", err)
	}
	if n := s.Connected("chat"); n != 0 {
		t.Errorf("%d connections take clients", n)
	}
}

func TestHandshakesAreRefused(t *testing.T) {
	var left atomic.Int32
	left.Store(1)
	s := start(t, func(c *appserver.Config) {
		c.Admit = func() (func(), string) {
			if left.Add(-1) < 0 {
				left.Add(1)
				return nil, event.ReasonConnectionLimit
			}
			return func() { left.Add(1) }, ""
		}
	})
	if _, err := s.dial(appservertest.Config{Version: 2}); err == nil || err.Error() != "Version mismatch." {
		t.Errorf("another version: %v", err)
	}
	s.logged(event.ConnectionAborted, "Connection aborted. Reason: The handshake failed. Version mismatch.")
	c := s.server(appservertest.Config{})
	if _, err := s.dial(appservertest.Config{}); err == nil || err.Error() != event.ReasonConnectionLimit {
		t.Errorf("one too many: %v", err)
	}
	s.logged(event.ConnectionAborted, "Connection aborted. Reason: "+event.ReasonConnectionLimit)
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	until(t, "room again", func() bool { return left.Load() == 1 })
	s.server(appservertest.Config{})
}

// raw sends bytes in place of a handshake, and returns what comes until the end.
func raw(t *testing.T, s *service, kind websocket.MessageType, b string) string {
	t.Helper()
	ws, err := appservertest.DialRaw(limit(t), appservertest.Config{URL: s.url, Key: key, Hub: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if b != "" {
		if err := ws.Write(limit(t), kind, []byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	var got []byte
	for {
		_, b, err := ws.Read(limit(t))
		if err != nil {
			return string(got)
		}
		got = append(got, b...)
	}
}

func TestFirstMessages(t *testing.T) {
	s := start(t, nil)
	for name, test := range map[string]struct {
		kind        websocket.MessageType
		first       string
		text, event string
	}{
		"a ping":   {websocket.MessageBinary, "\x02\x91\x03", "The first message is not a handshake.", "The first message is not a handshake."},
		"unknown":  {websocket.MessageBinary, "\x02\x91\x7f", "The first message is not a handshake.", "The first message is not a handshake."},
		"no array": {websocket.MessageBinary, "\x01\x01", "It cannot be read: the message is not an array with a type", ""},
		"endless":  {websocket.MessageBinary, "\xff\xff\xff\xff\x7f", "It cannot be read: ", ""},
		"text":     {websocket.MessageText, "hello", "It cannot be read: a WebSocket message is text", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := raw(t, s, test.kind, test.first)
			m, _, err := serviceprotocol.Next([]byte(got))
			answer, ok := m.(*serviceprotocol.HandshakeResponse)
			if err != nil || !ok || !strings.HasPrefix(answer.Error, test.text) {
				t.Fatalf("%q: %v, %v", got, m, err)
			}
			e := s.logged(event.ConnectionAborted, "Connection aborted. Reason: The handshake failed. "+answer.Error)
			if e.Side != event.Server || e.User != "server" || e.Hub != "chat" || e.ConnectionID == "" || !e.Caller.IsLoopback() {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestSilentServer(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.HandshakeTimeout = 20 * time.Millisecond })
	if got := raw(t, s, 0, ""); got != "" {
		t.Errorf("it is told %q", got)
	}
	s.logged(event.ConnectionAborted, "Connection aborted. Reason: The handshake failed. There was none within the time.")
}

func TestConnectionIDs(t *testing.T) {
	s := start(t, nil)
	a := s.server(appservertest.Config{ID: "b7f3"})
	b := s.server(appservertest.Config{ID: "b7f3"})
	if a.ID() != "b7f3" || b.ID() == a.ID() || !strings.HasPrefix(b.ID(), "b7f3-") {
		t.Errorf("%q, %q", a.ID(), b.ID())
	}
	if c := s.server(appservertest.Config{ID: "a b"}); c.ID() == "" || c.ID() == "a b" {
		t.Errorf("%q", c.ID())
	}
	e := s.logged(event.ConnectionStarted, "Connection started")
	if e.ConnectionID != "b7f3" || e.Level != event.Informational || e.Transport != "WebSockets" || e.Collection != event.Connection {
		t.Errorf("%+v", e)
	}
	if n := s.Connected("CHAT"); n != 3 {
		t.Errorf("%d connections", n)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	s.logged(event.ConnectionEnded, "Connection ended. Reason: "+appserver.ReasonClosedByServer)
	b.Abort()
	if e := s.logged(event.ConnectionAborted, "Connection aborted. Reason: "+event.ReasonConnectionLost); e.Level != event.Warning {
		t.Errorf("%+v", e)
	}
}

// A handshake may come in pieces, with messages behind it.
func TestPieces(t *testing.T) {
	s := start(t, nil)
	ws, err := appservertest.DialRaw(limit(t), appservertest.Config{URL: s.url, Key: key, Hub: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	b := (&serviceprotocol.HandshakeRequest{Version: 1}).Append(nil)
	b = (&serviceprotocol.Ping{Pairs: []serviceprotocol.Pair{{Key: "echo", Value: "x"}}}).Append(b)
	for i := range b {
		if err := ws.Write(limit(t), websocket.MessageBinary, b[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	var got []byte
	until(t, "the echo", func() bool {
		_, b, err := ws.Read(limit(t))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b...)
		return strings.HasSuffix(string(got), "\xa4echo\xa1x")
	})
}
