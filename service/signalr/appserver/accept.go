package appserver

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"github.com/coder/websocket"

	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

// The names of hubs that there may be, and of connections.
var (
	hubName = regexp.MustCompile("^[A-Za-z][A-Za-z0-9_`,.\\[\\]]{0,127}$")
	connID  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// version is that of the service protocol.
const version = 1

// The texts of handshakes that are refused.
const (
	textVersion    = "Version mismatch."
	textServerless = "The service is in Serverless mode, which has no server connections."
	textNotFirst   = "The first message is not a handshake."
	textClosing    = "The service is stopping."
)

// ServeHTTP takes a server connection, GET /server/?hub=…, and returns when it ends.
func (s *Servers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		http.Error(w, textClosing, http.StatusServiceUnavailable)
		return
	}
	defer s.running.Done()
	hubs := r.URL.Query()["hub"]
	if len(hubs) != 1 || !hubName.MatchString(hubs[0]) {
		http.Error(w, "The query needs the name of one hub.", http.StatusBadRequest)
		return
	}
	hub := strings.ToLower(hubs[0])
	server, refusal := s.config.Accept(r, hub)
	if refusal != nil {
		for name, values := range refusal.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(refusal.Status)
		_, _ = w.Write([]byte(refusal.Text)) // nobody is left to tell
		return
	}
	if s.config.WeakOnly() && !mayBeWeak(r) {
		http.Error(w, textServerless, http.StatusForbidden)
		return
	}
	taken := &hijacker{ResponseWriter: w}
	ws, err := websocket.Accept(taken, r, nil)
	if err != nil {
		s.config.Logger.Debug("a server connection is no WebSocket", "hub", hub, "error", err)
		return // it has answered
	}
	c := s.newConn(ws, hub, server)
	// Closing a WebSocket waits for the other end. What is cut off does not.
	context.AfterFunc(c.ctx, func() { _ = taken.conn.Close() })
	if id := r.URL.Query().Get("cid"); connID.MatchString(id) {
		c.id = id
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.caller = from.Addr().Unmap()
	}
	c.run()
}

// hijacker keeps the connection of a request that becomes a WebSocket.
type hijacker struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

// mayBeWeak tells connections that only send from those of servers with hubs before
// their handshake does, by the SDK that opens them: so that these have their refusal as
// an answer to the request. What others are is left to the handshake.
func mayBeWeak(r *http.Request) bool {
	agent := r.Header.Get("Asrs-User-Agent")
	return agent != "" && !strings.HasPrefix(agent, "Microsoft.Azure.SignalR/") &&
		!strings.HasPrefix(agent, "Microsoft.Azure.SignalR.AspNet/")
}

// handshake reads what a server says first, and answers it. leave is to be called when the
// connection ends.
func (c *conn) handshake() (leave func(), err error) {
	m, err := c.in.next()
	var bad unreadable
	if errors.As(err, &bad) {
		return nil, c.refuse(event.ReasonHandshake, "It cannot be read: "+bad.Error())
	}
	if err != nil {
		return nil, err
	}
	request, ok := m.(*serviceprotocol.HandshakeRequest)
	if !ok {
		return nil, c.refuse(event.ReasonHandshake, textNotFirst)
	}
	if request.Version != version {
		return nil, c.refuse(event.ReasonHandshake, textVersion)
	}
	if c.s.config.WeakOnly() && request.ConnectionType != serviceprotocol.Weak {
		return nil, c.refuse(event.ReasonHandshake, textServerless)
	}
	leave, reason := c.s.config.Admit()
	if reason != "" {
		return nil, c.refuse(reason, reason)
	}
	c.kind, c.migration = request.ConnectionType, request.MigrationLevel
	if !c.s.add(c) {
		leave()
		return nil, c.refuse(event.ReasonReloading, textClosing)
	}
	return leave, nil
}

// refuse answers a handshake with an error.
func (c *conn) refuse(reason, text string) error {
	c.send(&serviceprotocol.HandshakeResponse{Error: text})
	detail := text
	if text == reason {
		detail = ""
	}
	c.end(aborted(reason, detail), websocket.StatusPolicyViolation)
	return fmt.Errorf("the handshake is refused: %s", text)
}

// newConn makes a connection that has not said its handshake.
func (s *Servers) newConn(ws *websocket.Conn, hub, server string) *conn {
	c := &conn{
		s: s, id: rand.Text(), hub: hub, server: server, ws: ws,
		queue:    newQueue(s.config.MaxUnsent),
		clients:  map[string]*binding{},
		wrote:    make(chan struct{}),
		released: make(chan struct{}),
		asks:     make(chan struct{}, maxAsks),
	}
	c.open(s.ctx)
	return c
}
