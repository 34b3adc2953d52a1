package appserver

import (
	"bytes"
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

// Bind binds a client to a connection of its hub's servers, which are told of it. It
// waits while the server does not read.
// ErrNoServer says that there is none that it may go to.
func (s *Servers) Bind(c Client) (Binding, error) {
	b := &binding{s: s, client: c, hub: strings.ToLower(c.Hub()), gone: make(chan struct{}), calls: map[callKey]*call{}}
	b.order.Lock()
	defer b.order.Unlock()
	to, err := s.bind(b)
	if err != nil {
		return nil, err
	}
	// With many clients at once it takes time to tell. If the connection ends meanwhile,
	// the client is moved or ended.
	to.queue.putWaiting(b.open(nil), b.gone)
	return b, nil
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
func (b *binding) Data(p []byte) { b.Traced(p, 0, "") }

// Traced implements Binding.
func (b *binding) Traced(p []byte, id uint64, invocation string) {
	handshake := !b.toServer.Swap(true)
	if !handshake && !b.isPing(p) && !b.s.config.Count(len(p)) {
		return
	}
	m := &serviceprotocol.ConnectionData{ConnectionID: b.client.ID(), Data: p, Ext: serviceprotocol.Ext{TracingID: id}}
	for {
		b.order.Lock()
		c := b.conn.Load()
		sent := c != nil && c.queue.putWaiting(m, b.gone)
		b.order.Unlock()
		if sent && id != 0 {
			c.sent(id, invocation)
		}
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
	b.client.Write(p)
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
