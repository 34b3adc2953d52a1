package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"reslog/service/signalr/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to happen, in a bubble of synctest
// longer than everything that it waits for.
const patience = 6 * time.Minute

// end is a receiver that tells the test what it gets.
type end struct {
	transport.Conn
	grant   transport.Grant
	got     chan string
	closed  chan transport.End
	resumed chan struct{}
	// receive is called before got, resume from Resumed; may be nil.
	receive func(string) error
	resume  func()
}

func (e *end) Receive(b []byte) error {
	e.got <- string(b)
	if e.receive != nil {
		return e.receive(string(b))
	}
	return nil
}

func (e *end) Resumed() {
	if e.resume != nil {
		e.resume()
	}
	e.resumed <- struct{}{}
}

func (e *end) Closed(how transport.End) { e.closed <- how }

// node is a handler behind a server, and a client of it.
type node struct {
	t      *testing.T
	h      *transport.Handler
	url    string
	client *http.Client
	opened chan *end

	mu sync.Mutex
	// setup changes a receiver before it is used; may be nil.
	setup func(*end)
}

// start serves over TCP.
func start(t *testing.T, cfg transport.Config) *node {
	t.Helper()
	n := build(t, cfg)
	s := httptest.NewServer(n.h)
	n.url, n.client = s.URL, s.Client()
	n.client.Timeout = patience
	t.Cleanup(func() {
		n.close()
		s.Close()
	})
	return n
}

// startPiped serves over pipes, for tests in a bubble of synctest, and returns how to
// stop, which has to be in the bubble as well.
func startPiped(t *testing.T, cfg transport.Config) (n *node, stop func()) {
	t.Helper()
	n = build(t, cfg)
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: n.h}
	go s.Serve(l)
	web := &http.Transport{DialContext: l.dial}
	n.url, n.client = "http://node", &http.Client{Transport: web}
	return n, func() {
		n.close()
		web.CloseIdleConnections()
		s.Close()
	}
}

func build(t *testing.T, cfg transport.Config) *node {
	n := &node{t: t, opened: make(chan *end, 100)}
	if cfg.Accept == nil {
		cfg.Accept = func(*http.Request) (transport.Grant, *transport.Refusal) { return transport.Grant{}, nil }
	}
	if cfg.Open == nil {
		cfg.Open = func(c transport.Conn, g transport.Grant) (transport.Receiver, *transport.Refusal) {
			e := &end{
				Conn: c, grant: g,
				got: make(chan string, 1000), closed: make(chan transport.End, 2), resumed: make(chan struct{}, 10),
			}
			n.mu.Lock()
			if n.setup != nil {
				n.setup(e)
			}
			n.mu.Unlock()
			n.opened <- e
			return e, nil
		}
	}
	n.h = transport.New(cfg)
	return n
}

func (n *node) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.h.Close(ctx); err != nil {
		n.t.Errorf("closing the handler: %v", err)
	}
}

// do sends a request, with header lines as "Key: value", and returns the answer with
// its body read.
func (n *node) do(method, path, body string, header ...string) (*http.Response, string) {
	n.t.Helper()
	res, err := n.try(method, path, body, header...)
	if err != nil {
		n.t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		n.t.Fatal(err)
	}
	return res, string(b)
}

func (n *node) try(method, path, body string, header ...string) (*http.Response, error) {
	r, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Add(k, v)
	}
	return n.client.Do(r)
}

type negotiation struct {
	NegotiateVersion     int
	ConnectionID         string `json:"connectionId"`
	ConnectionToken      string
	UseStatefulReconnect *bool
	AvailableTransports  []struct {
		Transport       string
		TransferFormats []string
	}
	Error string
}

func (n *node) negotiate(query string) negotiation {
	n.t.Helper()
	res, body := n.do("POST", "/client/negotiate?"+query, "")
	if res.StatusCode != http.StatusOK {
		n.t.Fatalf("negotiate: %s %q", res.Status, body)
	}
	var g negotiation
	if err := json.Unmarshal([]byte(body), &g); err != nil {
		n.t.Fatalf("negotiate: %v in %q", err, body)
	}
	return g
}

// path negotiates and returns the path of the connection.
func (n *node) path() string {
	n.t.Helper()
	return "/client/?hub=chat&id=" + n.negotiate("hub=chat&negotiateVersion=1").ConnectionToken
}

func (n *node) dial(path string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// The library's client is not to close a pipe after the timeout of a request.
	c := *n.client
	c.Timeout = 0
	return websocket.Dial(ctx, "ws"+strings.TrimPrefix(n.url, "http")+path, &websocket.DialOptions{HTTPClient: &c})
}

// webSocket connects, and returns both ends.
func (n *node) webSocket(path string) (*websocket.Conn, *end) {
	n.t.Helper()
	ws, _, err := n.dial(path)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { ws.CloseNow() })
	return ws, <-n.opened
}

// polling connects with long polling.
func (n *node) polling() (path string, e *end) {
	n.t.Helper()
	path = n.path()
	res, body := n.do("GET", path, "")
	if res.StatusCode != http.StatusOK || body != "" || res.ContentLength != 0 {
		n.t.Fatalf("the first poll: %s %q", res.Status, body)
	}
	return path, <-n.opened
}

func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

func wantEnd(t *testing.T, e *end, by transport.By) transport.End {
	t.Helper()
	how := await(t, "the end", e.closed)
	if how.By != by {
		t.Errorf("ended by %d (%v), want %d", how.By, how.Err, by)
	}
	return how
}

func read(t *testing.T, ws *websocket.Conn) (websocket.MessageType, string) {
	t.Helper()
	kind, b, err := tryRead(ws)
	if err != nil {
		t.Fatalf("reading: %v", err)
	}
	return kind, b
}

func tryRead(ws *websocket.Conn) (websocket.MessageType, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, b, err := ws.Read(ctx)
	return kind, string(b), err
}

func write(t *testing.T, ws *websocket.Conn, s string) {
	t.Helper()
	if err := ws.Write(context.Background(), websocket.MessageText, []byte(s)); err != nil {
		t.Fatalf("writing: %v", err)
	}
}

// pipes is a listener of pipes.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
