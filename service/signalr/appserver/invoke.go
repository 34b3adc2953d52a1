package appserver

import (
	"context"
	"errors"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

// maxCalls is how many invocations of clients one server connection may have open.
const maxCalls = 10_000

// The texts of invocations that have no result.
const (
	textManyCalls = "There are too many open invocations."
	textSameCall  = "There is an open invocation with the same ID."
	textTimeout   = "The client has not answered in time."
	textLost      = "The client's connection has ended."
	textNoAnswer  = "The connection cannot be asked: "
)

// callKey is the name of an invocation of a client.
type callKey struct{ hub, connection, id string }

// call is an open invocation: the server that asked waits for its result.
type call struct {
	caller *conn
	server string // as it named itself
	// cancel stops waiting: for the time that it has, and for other nodes.
	cancel context.CancelFunc
	// client is one of ours, or nil. Its calls are guarded by Servers.mu.
	client *binding
}

// invoke asks a client for a result.
func (c *conn) invoke(m *serviceprotocol.ClientInvocation) {
	key := callKey{c.hub, m.ConnectionID, m.InvocationID}
	ctx, cancel := context.WithTimeout(c.ctx, c.s.config.InvokeTimeout)
	open := &call{caller: c, server: m.CallerServerID, cancel: cancel}
	b, refusal := c.s.begin(key, open)
	if refusal != "" {
		cancel()
		c.send(&serviceprotocol.ErrorCompletion{
			InvocationID: m.InvocationID, ConnectionID: m.ConnectionID, CallerServerID: m.CallerServerID, Error: refusal,
		})
		return
	}
	p := m.Payloads.Clone().Payload()
	if b == nil {
		c.work.Go(func() { c.invokeFar(ctx, key, open, p) })
		return
	}
	// One of ours is asked at once, in the order of what else is sent to it.
	context.AfterFunc(ctx, func() { c.s.fail(key, open, textTimeout) })
	b.client.Invoke(m.InvocationID, p, func(r hub.Result) { c.s.answer(key, open, r) })
}

// invokeFar asks a client that is connected to another node, or is not.
func (c *conn) invokeFar(ctx context.Context, key callKey, open *call, p *payload.Payload) {
	r, err := c.s.config.Hubs.Invoke(ctx, key.hub, key.connection, key.id, p)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		c.s.fail(key, open, textTimeout)
	case err != nil:
		c.s.fail(key, open, textNoAnswer+err.Error())
	default:
		c.s.answer(key, open, r)
	}
}

// begin takes note of an invocation, and returns the client if it is one of ours.
func (s *Servers) begin(key callKey, c *call) (b *binding, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.calls[key] != nil:
		return nil, textSameCall
	case c.caller.calls >= maxCalls:
		return nil, textManyCalls
	}
	s.calls[key] = c
	c.caller.calls++
	if h := s.hubs[key.hub]; h != nil {
		b = h.clients[key.connection]
	}
	if c.client = b; b != nil {
		b.calls[key] = c
	}
	return b, ""
}

// take ends an invocation: nil if it has ended. Another with the same ID, opened later, is
// left alone.
func (s *Servers) take(key callKey, open *call) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[key]
	if c == nil || open != nil && c != open {
		return nil
	}
	s.drop(key, c)
	return c
}

// drop takes an invocation off the lists. Servers.mu is held.
func (s *Servers) drop(key callKey, c *call) {
	delete(s.calls, key)
	c.caller.calls--
	if c.client != nil {
		delete(c.client.calls, key)
	}
}

// answer brings a client's result to the server that asked.
func (s *Servers) answer(key callKey, open *call, r hub.Result) {
	switch {
	case r.Lost:
		s.fail(key, open, textLost)
	case r.Error != "":
		s.fail(key, open, r.Error)
	default:
		if c := s.take(key, open); c != nil {
			c.cancel()
			c.caller.send(&serviceprotocol.ClientCompletion{
				InvocationID: key.id, ConnectionID: key.connection, CallerServerID: c.server, Protocol: r.Protocol,
				Data: hubprotocol.AppendCompletion(nil, r.Protocol, key.id, r.Value),
			})
		}
	}
}

// fail tells the server that asked why there is no result.
func (s *Servers) fail(key callKey, open *call, text string) {
	if c := s.take(key, open); c != nil {
		c.cancel()
		c.caller.send(&serviceprotocol.ErrorCompletion{
			InvocationID: key.id, ConnectionID: key.connection, CallerServerID: c.server, Error: text,
		})
	}
}

// complete brings a result that the client's server has read to the server that asked.
func (c *conn) complete(key callKey, m serviceprotocol.Message) {
	call := c.s.take(key, nil)
	if call == nil {
		return
	}
	call.cancel()
	switch m := m.(type) {
	case *serviceprotocol.ClientCompletion:
		m.CallerServerID = call.server
	case *serviceprotocol.ErrorCompletion:
		m.CallerServerID = call.server
	}
	call.caller.send(m)
}

// forget drops the invocations that a connection which has ended asked for.
func (s *Servers) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, call := range s.calls {
		if call.caller == c {
			s.drop(key, call)
			call.cancel()
		}
	}
}
