package appserver

import (
	"bytes"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

// binding is a client at its server connection. Locks are taken in this order: order,
// Servers.mu, those of a queue.
type binding struct {
	s      *Servers
	client Client
	hub    string // in lower case
	// order is held while something is said of the client to a server, so that all of it
	// is in order at one connection, and behind what was said to the one before.
	order sync.Mutex
	// conn is nil when the client is gone. It is set under Servers.mu.
	conn atomic.Pointer[conn]
	gone chan struct{} // closed with it
	// calls are what the client is asked, guarded by Servers.mu.
	calls map[callKey]*call
	// toServer and toClient say that the handshake has gone through; greeted that the
	// answer of the server that the client was moved to is not for the client.
	toServer, toClient, greeted atomic.Bool
}

// Bind binds a client to a connection of its hub's servers, which are told of it.
// ErrNoServer says that there is none that it may go to.
func (s *Servers) Bind(c Client) (Binding, error) {
	b := &binding{s: s, client: c, hub: strings.ToLower(c.Hub()), gone: make(chan struct{}), calls: map[callKey]*call{}}
	b.order.Lock()
	defer b.order.Unlock()
	to, err := s.bind(b)
	if err != nil {
		return nil, err
	}
	to.send(b.open(nil))
	return b, nil
}

func (s *Servers) bind(b *binding) (*conn, error) {
	server, required := b.client.Sticky()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	h := s.hubs[b.hub]
	if h == nil {
		return nil, ErrNoServer
	}
	to := h.pick(server, required)
	if to == nil {
		return nil, ErrNoServer
	}
	h.clients[b.client.ID()] = b
	to.clients[b.client.ID()] = b
	b.conn.Store(to)
	return to, nil
}

// pick returns the connection for a client that must or should go to a server, "" for
// any; nil if there is none. Servers.mu is held.
func (h *hubState) pick(server string, required bool) *conn {
	if server != "" {
		to := h.least(func(c *conn) bool { return c.server == server })
		if to != nil || required {
			return to
		}
	}
	return h.least(func(*conn) bool { return true })
}

// least returns the connection with the fewest clients of those that may be. Those that
// have as few have their turns.
func (h *hubState) least(may func(*conn) bool) *conn {
	var best *conn
	h.turn++
	for i := range h.conns {
		c := h.conns[(i+h.turn)%len(h.conns)]
		if c.takesClients() && may(c) && (best == nil || len(c.clients) < len(best.clients)) {
			best = c
		}
	}
	return best
}

// move brings a client from a connection that goes to one that stays, of another server
// if there is one. It reports false if there is none; a client that is not at from any
// more is left alone.
func (s *Servers) move(b *binding, from *conn) bool {
	b.order.Lock()
	defer b.order.Unlock()
	to, moved := s.rebind(b, from)
	if to == nil {
		return moved
	}
	// The new server makes the client anew, and needs a handshake for that; the old one
	// sends no close message to a client that is moved.
	from.send(&serviceprotocol.CloseConnection{
		ConnectionID: b.client.ID(),
		Headers:      map[string][]string{serviceprotocol.HeaderMigrateTo: {to.server}},
	})
	to.send(b.open(from))
	to.send(&serviceprotocol.ConnectionData{
		ConnectionID: b.client.ID(),
		Data:         hubprotocol.AppendHandshake(nil, hubprotocol.Handshake{Protocol: b.client.Protocol(), Version: 1}),
	})
	return true
}

func (s *Servers) rebind(b *binding, from *conn) (to *conn, moved bool) {
	server, required := b.client.Sticky()
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.conn.Load() != from {
		return nil, true
	}
	h := s.hubs[b.hub]
	may := func(c *conn) bool { return c != from && c.server != from.server }
	if required && server != "" {
		may = func(c *conn) bool { return c != from && c.server == server }
	}
	to = h.least(may)
	if to == nil && !from.leaving {
		to = h.least(func(c *conn) bool { return c != from && (!required || server == "" || c.server == server) })
	}
	if to == nil {
		return nil, false
	}
	delete(from.clients, b.client.ID())
	to.clients[b.client.ID()] = b
	b.greeted.Store(true)
	b.conn.Store(to)
	return to, true
}

// unbind takes a client off its connection. It reports false if it is off, or, for a
// connection that is not nil, at another.
func (s *Servers) unbind(b *binding, at *conn) bool {
	s.mu.Lock()
	c := b.conn.Load()
	if c == nil || at != nil && c != at {
		s.mu.Unlock()
		return false
	}
	b.conn.Store(nil)
	close(b.gone)
	delete(c.clients, b.client.ID())
	if h := s.hubs[b.hub]; h != nil && h.clients[b.client.ID()] == b {
		delete(h.clients, b.client.ID())
	}
	lost := maps.Clone(b.calls)
	s.mu.Unlock()
	for key, call := range lost {
		s.fail(key, call, textLost)
	}
	s.tidy(b.hub)
	return true
}

// open tells a server of the client, which came from another or from none.
func (b *binding) open(from *conn) serviceprotocol.Message {
	m := &serviceprotocol.OpenConnection{
		ConnectionID: b.client.ID(), Query: b.client.Query(), Headers: map[string][]string{},
	}
	m.Protocol = b.client.Protocol()
	for _, c := range b.client.Claims() {
		m.Claims = append(m.Claims, serviceprotocol.Claim(c))
	}
	for name, values := range b.client.Header() {
		// The token is the service's business.
		if name != "Authorization" {
			m.Headers[name] = values
		}
	}
	m.Headers[serviceprotocol.HeaderInstanceID] = []string{b.s.config.Instance}
	if b.client.Caller().IsValid() {
		m.Headers["X-Forwarded-For"] = []string{b.client.Caller().String()}
	}
	if from != nil {
		m.Headers[serviceprotocol.HeaderMigrateFrom] = []string{from.server}
	}
	return m
}

// Data implements Binding.
func (b *binding) Data(p []byte) {
	handshake := !b.toServer.Swap(true)
	if !handshake && !b.isPing(p) && !b.s.config.Count(len(p)) {
		return
	}
	m := &serviceprotocol.ConnectionData{ConnectionID: b.client.ID(), Data: p}
	for {
		b.order.Lock()
		c := b.conn.Load()
		sent := c != nil && c.queue.putWaiting(m, b.gone)
		b.order.Unlock()
		if c == nil || sent {
			return
		}
		// The connection has ended: the client is moved, or ends too.
		select {
		case <-b.gone:
			return
		case <-c.released:
		}
	}
}

// Resumed implements Binding.
func (b *binding) Resumed() {
	b.order.Lock()
	defer b.order.Unlock()
	if c := b.conn.Load(); c != nil {
		c.send(&serviceprotocol.ConnectionReconnect{ConnectionID: b.client.ID()})
	}
}

// Closed implements Binding.
func (b *binding) Closed(text string) {
	c := b.conn.Load()
	for c != nil && !b.s.unbind(b, c) {
		c = b.conn.Load() // it was moved just now
	}
	if c == nil {
		return
	}
	b.order.Lock()
	defer b.order.Unlock()
	c.send(&serviceprotocol.CloseConnection{ConnectionID: b.client.ID(), Error: text})
}

// ServerConnection implements Binding.
func (b *binding) ServerConnection() string {
	if c := b.conn.Load(); c != nil {
		return c.id
	}
	return ""
}

// write passes on what the server sent.
func (b *binding) write(p []byte) {
	answer := isAnswer(p)
	if answer && b.greeted.Swap(false) {
		return
	}
	handshake := !b.toClient.Swap(true)
	if !handshake && !b.isPing(p) && !b.s.config.Count(len(p)) {
		return
	}
	b.client.Write(bytes.Clone(p))
}

// isAnswer reports whether something is the answer to a handshake that went well. No
// message of any protocol looks like that.
func isAnswer(p []byte) bool {
	return len(p) == 3 && string(p) == "{}\x1e"
}

func (b *binding) isPing(p []byte) bool {
	protocol := b.client.Protocol()
	if protocol != payload.JSON {
		protocol = payload.MessagePack // all others are framed alike
	}
	var ping [16]byte
	return bytes.Equal(p, hubprotocol.AppendPing(ping[:0], protocol))
}

// closeConnection carries out a server's wish to end a client.
func (c *conn) closeConnection(m *serviceprotocol.CloseConnection) {
	if b := c.client(m.ConnectionID); b != nil && c.s.unbind(b, c) {
		b.client.End(event.ReasonServerClosed, m.Error, false)
	}
}

// client returns the client with an ID that is bound to the connection. What is sent for
// one that was moved away is what its old server had left.
func (c *conn) client(id string) *binding {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.clients[id]
}
