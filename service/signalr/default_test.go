package signalr

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"reslog/resource"
	"reslog/service/signalr/event"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
	"reslog/service/signalr/token"
)

// app is an application server with one connection.
type app struct {
	r    *rig
	conn *websocket.Conn
	in   []byte
}

// app connects an application server, which must be let in.
func (r *rig) app(hub string) *app {
	r.Helper()
	bearer := token.Sign(testKey, r.claims("server", hub, "host_1")...)
	a, res, err := r.tryApp(hub, bearer)
	if err != nil {
		r.Fatalf("connect an application server: %v %v", err, res)
	}
	a.write(&serviceprotocol.HandshakeRequest{Version: 1})
	if m := a.read().(*serviceprotocol.HandshakeResponse); m.Error != "" {
		r.Fatalf("the handshake was answered %s", m.Error)
	}
	return a
}

func (r *rig) tryApp(hub, bearer string) (*app, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, res, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(r.url, "http")+"/server/?hub="+hub,
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + bearer}}})
	if err != nil {
		return nil, res, err
	}
	c.SetReadLimit(64 << 20)
	r.Cleanup(func() { c.CloseNow() })
	return &app{r: r, conn: c}, res, nil
}

func (a *app) write(m serviceprotocol.Message) {
	a.r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := a.conn.Write(ctx, websocket.MessageBinary, m.Append(nil)); err != nil {
		a.r.Fatalf("write to the service: %v", err)
	}
}

// read is the next message that is no ping.
func (a *app) read() serviceprotocol.Message {
	a.r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		m, rest, err := serviceprotocol.Next(a.in)
		if err == nil {
			a.in = rest
			if _, ping := m.(*serviceprotocol.Ping); m != nil && !ping {
				return m
			}
			continue
		}
		_, b, err := a.conn.Read(ctx)
		if err != nil {
			a.r.Fatalf("read from the service: %v", err)
		}
		a.in = append(append([]byte(nil), a.in...), b...)
	}
}

// data is the next message, which must be data of a client.
func (a *app) data() string {
	a.r.Helper()
	m, ok := a.read().(*serviceprotocol.ConnectionData)
	if !ok {
		a.r.Fatalf("%T is no data", m)
	}
	return string(m.Data)
}

// takes lets a client in, which has said its handshake.
func (a *app) takes(w *web) string {
	a.r.Helper()
	m, ok := a.read().(*serviceprotocol.OpenConnection)
	if !ok {
		a.r.Fatalf("%T opens no connection", m)
	}
	if got := a.data(); !strings.HasPrefix(got, `{"protocol":`) {
		a.r.Fatalf("the handshake is %q", got)
	}
	a.write(&serviceprotocol.ConnectionData{ConnectionID: m.ConnectionID, Data: []byte("{}\x1e")})
	if got := w.next(); got != "{}" {
		a.r.Fatalf("the handshake was answered %q", got)
	}
	return m.ConnectionID
}

func (a *app) says(id, message string) {
	a.r.Helper()
	a.write(&serviceprotocol.ConnectionData{ConnectionID: id, Data: []byte(message)})
}

func inDefault(s *Service, _ *Config) { s.Mode = Default }

func TestNoServer(t *testing.T) {
	r := newRig(t, inDefault)
	w := r.dial(r.token("chat", "u"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	if got := w.ends(); got != `{"error":"`+hubprotocol.HandshakeNoServer+`"}` {
		t.Errorf("answered %s", got)
	}
	if l := r.logged("ConnectionAborted", "Connection aborted. Reason: "+event.ReasonNoServer); l.Properties.UserID != "u" {
		t.Errorf("the record is %s", l.raw)
	}
}

// A client and its application server, from the beginning to the end.
func TestDefaultClient(t *testing.T) {
	r := newRig(t, inDefault)
	a := r.app("chat")
	started := r.logged("ConnectionStarted", "")
	if started.Properties.ConnectionType != "Server" || started.Properties.UserID != "host_1" || started.Properties.Hub != "chat" {
		t.Errorf("the record is %s", started.raw)
	}
	w := r.dial(r.token("chat", "u", token.Claim{Type: "role", Value: "admin"}), "chat", "&asrs.op=%2Fchat")
	w.send(`{"protocol":"json","version":1}`)
	opened, ok := a.read().(*serviceprotocol.OpenConnection)
	if !ok || !strings.Contains(opened.Query, "asrs.op=%2Fchat") || !strings.HasPrefix(opened.Query, "?") || opened.Protocol != payload.JSON {
		t.Fatalf("opened %+v", opened)
	}
	roles := 0
	for _, c := range opened.Claims {
		if c.Type == "role" && c.Value == "admin" {
			roles++
		}
	}
	if roles != 1 {
		t.Errorf("the claims are %v", opened.Claims)
	}
	if got := a.data(); got != "{\"protocol\":\"json\",\"version\":1}\x1e" {
		t.Errorf("the handshake is %q", got)
	}
	id := opened.ConnectionID
	// A broadcast before the handshake is answered is not for the client.
	a.write(&serviceprotocol.BroadcastData{Payloads: serviceprotocol.Payloads{payload.JSON: []byte("early\x1e")}})
	a.says(id, "{}\x1e{\"type\":1,\"target\":\"hi\",\"arguments\":[]}\x1e")
	if a, b := w.next(), w.next(); a != "{}" || b != `{"type":1,"target":"hi","arguments":[]}` {
		t.Fatalf("received %s, %s", a, b)
	}
	list := r.server.Connections()
	if len(list) != 1 || list[0].Mode != Default || list[0].ServerConnection == "" {
		t.Errorf("the connections are %+v", list)
	}
	// Whole messages reach the server, however they came.
	w.raw([]byte(`{"type":1,"target":"a",`))
	w.raw([]byte("\"arguments\":[]}\x1e{\"type\":6}\x1e{\"type\":"))
	if got := a.data(); got != "{\"type\":1,\"target\":\"a\",\"arguments\":[]}\x1e{\"type\":6}\x1e" {
		t.Errorf("the server got %q", got)
	}
	w.raw([]byte("6}\x1e"))
	if got := a.data(); got != "{\"type\":6}\x1e" {
		t.Errorf("the server got %q", got)
	}
	// Of the server's, none is in the middle of another.
	a.says(id, `{"type":1,"target":"one",`)
	a.write(&serviceprotocol.BroadcastData{Payloads: serviceprotocol.Payloads{payload.JSON: []byte("{\"type\":1,\"target\":\"all\",\"arguments\":[]}\x1e")}})
	a.says(id, "\"arguments\":[]}\x1e")
	if a, b := w.skip(), w.skip(); a != `{"type":1,"target":"all","arguments":[]}` || b != `{"type":1,"target":"one","arguments":[]}` {
		t.Errorf("received %s, %s", a, b)
	}
	// The server closes it.
	a.write(&serviceprotocol.CloseConnection{ConnectionID: id, Error: "no more"})
	if got := w.ends(); got != `{"type":7,"error":"Connection closed with an error."}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", "Connection aborted. Reason: Application server closed the connection. Server reported error: no more")

	w = r.dial(r.token("chat", "u"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	id = a.takes(w)
	w.bye()
	if m, ok := a.read().(*serviceprotocol.CloseConnection); !ok || m.ConnectionID != id {
		t.Errorf("the server is told %+v", m)
	}
	r.logged("ConnectionEnded", event.ReasonClosedByClient)
}

// A client is lost with its server connection.
func TestServerDropped(t *testing.T) {
	r := newRig(t, inDefault)
	a := r.app("chat")
	w := r.dial(r.token("chat", "u"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	a.takes(w)
	a.conn.CloseNow()
	if got := w.ends(); got != `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", "Connection aborted. Reason: Server connection dropped")
	r.until("the server connection's end is logged", func() bool {
		for _, l := range r.sink.lines(t) {
			if l.Properties.ConnectionType == "Server" && l.OperationName == "ConnectionAborted" {
				return true
			}
		}
		return false
	})
}

// A server that refuses a handshake says so to the client.
func TestServerRefuses(t *testing.T) {
	r := newRig(t, inDefault)
	a := r.app("chat")
	w := r.dial(r.token("chat", "u"), "chat", "")
	w.kind = websocket.MessageBinary
	w.send(`{"protocol":"other","version":1}`)
	m := a.read().(*serviceprotocol.OpenConnection)
	a.data()
	a.says(m.ConnectionID, "{\"error\":\"unknown\"}\x1e")
	if got := w.ends(); got != `{"error":"unknown"}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", event.ReasonHandshake+": unknown")
}

// Stateful reconnect is the service's business, also when there is a server.
func TestDefaultReconnect(t *testing.T) {
	r := newRig(t, inDefault)
	a := r.app("chat")
	bearer := r.token("chat", "u")
	n := r.negotiate(bearer, "chat", "&useStatefulReconnect=true")
	w := r.dial(bearer, "chat", "&id="+n.ConnectionToken+"&useStatefulReconnect=true")
	w.send(`{"protocol":"json","version":2}`)
	m := a.read().(*serviceprotocol.OpenConnection)
	if got := a.data(); got != "{\"protocol\":\"json\",\"version\":1}\x1e" || strings.Contains(m.Query, "useStatefulReconnect") {
		t.Errorf("the server got %q, %s", got, m.Query)
	}
	const one = `{"type":1,"target":"one","arguments":[]}`
	a.says(m.ConnectionID, "{}\x1e"+one+"\x1e")
	if a, b := w.next(), w.next(); a != "{}" || b != one {
		t.Fatalf("received %s, %s", a, b)
	}
	w.conn.CloseNow()
	w = r.dial(bearer, "chat", "&id="+n.ConnectionToken)
	if a, b := w.skip(), w.skip(); a != `{"type":9,"sequenceId":1}` || b != one {
		t.Errorf("after the return: %s, %s", a, b)
	}
	w.send(`{"type":8,"sequenceId":1}`, `{"type":9,"sequenceId":1}`, one)
	if got := a.data(); got != one+"\x1e" {
		t.Errorf("the server got %q", got)
	}
}

// A service in Classic mode runs hubs in servers when there are any.
func TestClassic(t *testing.T) {
	r := newRig(t, func(s *Service, _ *Config) { s.Mode = Classic })
	r.connect("chat", "alone")
	a := r.app("chat")
	w := r.dial(r.token("chat", "served"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	a.takes(w)
	modes := map[string]Mode{}
	for _, c := range r.server.Connections() {
		modes[c.User] = c.Mode
	}
	if modes["alone"] != Serverless || modes["served"] != Default {
		t.Errorf("the modes are %v", modes)
	}
}

// Who may connect an application server, and when.
func TestServersAreRefused(t *testing.T) {
	r := newRig(t, inDefault)
	if _, res, err := r.tryApp("chat", r.token("chat", "u")); err == nil || res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("with a client's token: %v %v", err, res)
	}
	if l := r.logged("AuthorizationFailed", "Expected Audiences: http://127.0.0.1/server/?hub=chat"); l.Properties.ConnectionType != "Server" {
		t.Errorf("the record is %s", l.raw)
	}
	r.app("chat")
	r.set(func(s *Service) { s.Mode = Serverless })
	a, res, err := r.tryApp("chat", token.Sign(testKey, r.claims("server", "chat", "s")...))
	switch {
	case err != nil && res.StatusCode != http.StatusForbidden:
		t.Errorf("in Serverless mode: %v %v", err, res)
	case err == nil:
		a.write(&serviceprotocol.HandshakeRequest{Version: 1})
		if m := a.read().(*serviceprotocol.HandshakeResponse); m.Error == "" {
			t.Error("a server connection is taken in Serverless mode")
		}
	}
	r = newRig(t, func(s *Service, _ *Config) { s.Mode, s.Tier = Default, "Free_F1" })
	for range 20 {
		r.app("chat")
	}
	a, _, err = r.tryApp("chat", token.Sign(testKey, r.claims("server", "chat", "s")...))
	if err != nil {
		t.Fatal(err)
	}
	a.write(&serviceprotocol.HandshakeRequest{Version: 1})
	if m := a.read().(*serviceprotocol.HandshakeResponse); m.Error != event.ReasonConnectionLimit {
		t.Errorf("one too many is told %q", m.Error)
	}
	r.logged("ConnectionThrottled", event.ReasonConnectionLimit)
}

// When messages are used up servers are closed too, and told why when they come back.
func TestMessageLimitOfServers(t *testing.T) {
	r := newRig(t, func(s *Service, _ *Config) { s.Mode, s.Tier = Default, "Free_F1" })
	a := r.app("chat")
	w := r.dial(r.token("chat", "u"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	a.takes(w)
	r.service().limits.used.Store(19_999)
	w.send(`{"type":1,"target":"last","arguments":[]}`)
	if got := a.data(); !strings.Contains(got, "last") {
		t.Errorf("the server got %q", got)
	}
	w.send(`{"type":1,"target":"late","arguments":[]}`)
	if got := w.ends(); got != `{"type":7,"error":"Message count reaches limit."}` {
		t.Errorf("the last message is %s", got)
	}
	r.until("the server connection is ended", func() bool { return r.server.Stats().Servers == 0 })
	r.logged("MessageThrottled", event.ReasonMessageLimit)
	a, _, err := r.tryApp("chat", token.Sign(testKey, r.claims("server", "chat", "s")...))
	if err != nil {
		t.Fatal(err)
	}
	a.write(&serviceprotocol.HandshakeRequest{Version: 1})
	if m := a.read().(*serviceprotocol.HandshakeResponse); m.Error != "Maximum message count limit reached: 20000" {
		t.Errorf("it is told %q", m.Error)
	}
}

// A client with a server that is closed from outside is told the reason.
func TestDefaultClosedFromOutside(t *testing.T) {
	r := newRig(t, inDefault)
	a := r.app("chat")
	w := r.dial(r.token("chat", "u"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	id := a.takes(w)
	a.write(&serviceprotocol.CloseConnectionWithAck{ConnectionID: id, Reason: "go home", AckID: 7})
	if got := w.ends(); got != `{"type":7,"error":"go home","allowReconnect":true}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", event.ReasonServerClosed+". Server reported error: go home")
}

// A server of Entra gets a key, with which clients' tokens are signed.
func TestKeysForServers(t *testing.T) {
	entra := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + ".e30.x"
	var actions []string
	r := newRig(t, func(s *Service, c *Config) {
		s.Mode = Default
		c.Identity = func(_ context.Context, raw string, _ resource.ID, action string) error {
			actions = append(actions, action)
			if raw != entra {
				return errors.New("not this one")
			}
			return nil
		}
	})
	a, _, err := r.tryApp("chat", entra)
	if err != nil {
		t.Fatal(err)
	}
	a.write(&serviceprotocol.HandshakeRequest{Version: 1})
	a.read()
	a.write(&serviceprotocol.AccessKeyRequest{Token: entra})
	m, ok := a.read().(*serviceprotocol.AccessKeyResponse)
	if !ok || m.ErrorType != "" || m.KeyID == "" || m.AccessKey == "" {
		t.Fatalf("answered %+v", m)
	}
	if actions[len(actions)-1] != accessKeyAction {
		t.Errorf("asked for %v", actions)
	}
	v := r.service()
	if key, ok := v.keyByID(m.KeyID); !ok || key != m.AccessKey {
		t.Error("the key is not known again")
	}
	for _, id := range []string{"", "x.y", m.KeyID + "x", "1." + m.KeyID[strings.Index(m.KeyID, ".")+1:]} {
		if _, ok := v.keyByID(id); ok {
			t.Errorf("there is a key %q", id)
		}
	}
	r.clock.forward((keyHours + 1) * time.Hour)
	if _, ok := v.keyByID(m.KeyID); ok {
		t.Error("the key is good for ever")
	}
	r.clock.forward(-(keyHours + 1) * time.Hour)
	r.set(func(s *Service) { s.Keys = []string{"fresh", "fresher"} })
	if _, ok := v.keyByID(m.KeyID); ok {
		t.Error("the key outlives the one that it is made of")
	}
}

func TestWholeMessages(t *testing.T) {
	for _, test := range []struct {
		p    payload.Protocol
		b    string
		want int
	}{
		{payload.JSON, "", 0},
		{payload.JSON, "ab", 0},
		{payload.JSON, "a\x1eb\x1ec", 4},
		{payload.MessagePack, "\x02ab", 3},
		{payload.MessagePack, "\x02ab\x02a", 3},
		{payload.MessagePack, "\x02ab\x80", 3},
		{payload.MessagePack, "\xff\xff\xff\xff\xff\x01", -1},
	} {
		if got := whole(test.p, []byte(test.b)); got != test.want {
			t.Errorf("%s %q: %d, not %d", test.p, test.b, got, test.want)
		}
	}
}
