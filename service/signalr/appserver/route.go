package appserver

import (
	"maps"

	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/serviceprotocol"
)

// Which server connection a client is at, and how it comes to another.

// bind finds the connection for a client.
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
	to.queue.putWaiting(b.open(from), b.gone)
	to.queue.putWaiting(&serviceprotocol.ConnectionData{
		ConnectionID: b.client.ID(),
		Data:         hubprotocol.AppendHandshake(nil, hubprotocol.Handshake{Protocol: b.client.Protocol(), Version: 1}),
	}, b.gone)
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
	if c.clients[b.client.ID()] == b {
		delete(c.clients, b.client.ID())
	}
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
