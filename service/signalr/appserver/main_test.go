package appserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
	"reslog/service/signalr/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"

// service is Servers behind HTTP.
type service struct {
	*appserver.Servers
	t    testing.TB
	url  string
	hubs *hub.Hubs

	mu     sync.Mutex
	events []event.Event
}

func start(t testing.TB, change func(*appserver.Config)) *service {
	t.Helper()
	s := &service{t: t, hubs: hub.New(hub.Config{})}
	verifier := token.New(token.Config{Keys: func() []string { return []string{key} }})
	config := appserver.Config{
		Hubs: s.hubs,
		Accept: func(r *http.Request, hub string) (string, *appserver.Refusal) {
			raw, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			tok, err := verifier.Verify(raw, token.Audience{URLs: []string{token.ServerURL("http", r.Host, hub)}})
			if err != nil {
				return "", &appserver.Refusal{Status: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {"Bearer"}}}
			}
			return tok.User, nil
		},
		Log: func(e event.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
		Instance: "node",
	}
	if change != nil {
		change(&config)
	}
	s.hubs = config.Hubs
	s.Servers = appserver.New(config)
	server := httptest.NewServer(s.Servers)
	s.url = server.URL
	t.Cleanup(func() {
		if err := s.Close(limit(t)); err != nil {
			t.Errorf("close: %v", err)
		}
		server.Close()
	})
	return s
}

// logged waits for an event whose operation and message are these.
func (s *service) logged(operation event.Operation, message string) event.Event {
	s.t.Helper()
	var found event.Event
	s.until("event "+string(operation)+" "+message, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range s.events {
			if e.Operation == operation && e.Message == message {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

func (s *service) until(what string, fn func() bool) {
	s.t.Helper()
	until(s.t, what, fn)
}

// until waits until fn is true.
func until(t testing.TB, what string, fn func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !fn(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// limit is a context for whatever must not take long. It is good in cleanups.
func limit(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// server connects an application server, with the hub "chat".
func (s *service) server(config appservertest.Config) *appservertest.Conn {
	s.t.Helper()
	c, err := s.dial(config)
	if err != nil {
		s.t.Fatalf("dial: %v", err)
	}
	s.t.Cleanup(c.Abort)
	return c
}

func (s *service) dial(config appservertest.Config) (*appservertest.Conn, error) {
	config.URL, config.Key = s.url, key
	if config.Hub == "" {
		config.Hub = "chat"
	}
	return appservertest.Dial(limit(s.t), config)
}

// end is how a client was ended.
type end struct {
	reason, detail string
	reconnect      bool
}

// client is a client connection, as the core of the service has it.
type client struct {
	id, user string
	protocol payload.Protocol
	claims   []appserver.Claim
	header   http.Header
	sticky   string
	required bool

	binding appserver.Binding
	mu      sync.Mutex
	got     strings.Builder // everything, in order
	ended   []end
	closed  []string
	asked   map[string]func(hub.Result)
}

func (c *client) ID() string                 { return c.id }
func (c *client) User() string               { return c.user }
func (c *client) Hub() string                { return "Chat" }
func (c *client) Protocol() payload.Protocol { return c.protocol }
func (c *client) Claims() []appserver.Claim  { return c.claims }
func (c *client) Header() http.Header        { return c.header }
func (c *client) Query() string              { return "?hub=chat&a=b" }
func (c *client) Caller() netip.Addr         { return netip.MustParseAddr("192.0.2.7") }
func (c *client) Sticky() (string, bool)     { return c.sticky, c.required }
func (c *client) Deliver(p *payload.Payload) { c.Write(p.Frame(c.protocol)) }
func (c *client) Close(reason string)        { c.note(func() { c.closed = append(c.closed, reason) }) }
func (c *client) Write(b []byte)             { c.note(func() { c.got.Write(b) }) }
func (c *client) End(reason, detail string, r bool) {
	c.note(func() { c.ended = append(c.ended, end{reason, detail, r}) })
}

func (c *client) Invoke(id string, p *payload.Payload, fn func(hub.Result)) {
	c.note(func() {
		c.got.Write(p.Frame(c.protocol))
		c.asked[id] = fn
	})
}

func (c *client) note(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn()
}

// text is what it got.
func (c *client) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.ReplaceAll(c.got.String(), "\x1e", "\n")
}

func (c *client) ends() []end {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]end(nil), c.ended...)
}

func (c *client) closes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.closed...)
}

// answer answers an invocation.
func (c *client) answer(id string, r hub.Result) {
	c.mu.Lock()
	fn := c.asked[id]
	c.mu.Unlock()
	fn(r)
}

// connect binds a client to a server and sends its handshake.
func (s *service) connect(c *client) *client {
	s.t.Helper()
	if c.protocol == "" {
		c.protocol = payload.JSON
	}
	c.asked = map[string]func(hub.Result){}
	s.hubs.Join("chat", c)
	b, err := s.Bind(c)
	if err != nil {
		s.t.Fatalf("bind %s: %v", c.id, err)
	}
	c.binding = b
	b.Data(hubprotocol.AppendHandshake(nil, hubprotocol.Handshake{Protocol: c.protocol, Version: 1}))
	return c
}

// ready connects a client and waits for the answer to its handshake.
func (s *service) ready(c *client) *client {
	s.t.Helper()
	s.connect(c)
	c.gets(s.t, "{}\n")
	return c
}

// gets waits until everything that the client got is this.
func (c *client) gets(t testing.TB, want string) {
	t.Helper()
	last := ""
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if last = c.text(); last == want {
			return
		}
	}
	t.Fatalf("client %s got %q, want %q", c.id, last, want)
}

// call invokes a method, without waiting.
func (c *client) call(target, id, args string) {
	b, err := hubprotocol.AppendInvocation(nil, c.protocol, target, id, appservertest.Arguments(args))
	if err != nil {
		panic(err)
	}
	c.binding.Data(b)
}

// recorder collects what a server is sent.
type recorder struct {
	mu   sync.Mutex
	list []serviceprotocol.Message
	then func(*appservertest.Conn, serviceprotocol.Message)
}

func (r *recorder) handle(c *appservertest.Conn, m serviceprotocol.Message) {
	r.mu.Lock()
	r.list = append(r.list, m)
	r.mu.Unlock()
	if r.then != nil {
		r.then(c, m)
	}
}

// find returns the first message of a type that fn accepts.
func find[M serviceprotocol.Message](t *testing.T, r *recorder, fn func(M) bool) M {
	t.Helper()
	var found M
	until(t, "a message", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, m := range r.list {
			if m, ok := m.(M); ok && fn(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func all[M serviceprotocol.Message](M) bool { return true }
