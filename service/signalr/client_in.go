package signalr

import (
	"bytes"
	"errors"
	"fmt"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/transport"
)

// What a client sends: its handshake, then messages. They are read in every mode, so
// that what cannot be read reaches nobody, and results that clients were asked for
// find who asked. In Default mode an application server gets them as they are.

// maxInside is how much of a message is kept unread; hubprotocol takes no more.
const maxInside = 1 << 20

// errEnded ends what is no more.
var errEnded = errors.New("the connection has ended")

// Receive implements transport.Receiver.
func (c *client) Receive(b []byte) (err error) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	defer func() {
		if p := recover(); p != nil {
			c.v.server.c.Logger.Error("a SignalR client was closed after a mistake in the program", "connection", c.id, "panic", fmt.Sprint(p))
			c.end(ending{reason: event.ReasonTransient, text: "Internal server error.", reconnect: true})
			err = errEnded
		}
	}()
	c.seen.Store(c.v.now().UnixNano())
	c.v.figures.inbound.Add(int64(len(b)))
	if len(c.in) > 0 {
		// A message that comes in many pieces is looked through once, when it ends.
		inside := c.shaken && c.protocol == payload.JSON && len(c.in)+len(b) < maxInside && bytes.IndexByte(b, 0x1e) < 0
		c.in = append(c.in, b...)
		if inside {
			return nil
		}
		b = c.in
	}
	rest, err := c.take(b)
	if err != nil {
		c.in = nil
		return err
	}
	// Kept in memory of its own, which an idle client does not have.
	switch {
	case len(rest) == 0:
		c.in = nil
	case len(rest) != len(c.in):
		c.in = append([]byte(nil), rest...)
	}
	return nil
}

// take works on whole messages, and returns what is left.
func (c *client) take(b []byte) (rest []byte, err error) {
	if phase(c.phase.Load()) == ended {
		return nil, errEnded
	}
	if !c.shaken {
		if b, err = c.handshake(b); err != nil || !c.shaken {
			return b, err
		}
	}
	if !c.known {
		if len(b) > 0 && c.spend(len(b)) {
			c.pipe(b)
		}
		return nil, nil
	}
	return c.messages(b)
}

// handshake reads what a client says first, and returns what follows it.
func (c *client) handshake(b []byte) ([]byte, error) {
	h, rest, err := hubprotocol.ParseHandshake(b)
	switch {
	case errors.Is(err, hubprotocol.ErrIncomplete):
		return b, nil
	case err != nil:
		c.end(ending{reason: event.ReasonHandshake, detail: err.Error(), text: hubprotocol.HandshakeUnreadable})
		return nil, errEnded
	}
	c.shaken = true
	c.protocol = h.Protocol
	c.known = h.Protocol == payload.JSON || h.Protocol == payload.MessagePack || h.Protocol == hubprotocol.Blazorpack
	if c.protocol != payload.JSON {
		if c.conn.Kind() == transport.ServerSentEvents {
			return nil, c.refuseHandshake(event.ReasonHandshake, hubprotocol.HandshakeTextOnly(h.Protocol))
		}
		c.conn.Binary()
	}
	if c.v.limits.exhausted() {
		c.v.exhausted()
		return nil, c.refuseHandshake(event.ReasonMessageLimit, event.ReasonMessageLimit+".")
	}
	c.mode = c.v.mode()
	if c.mode == Classic {
		c.mode = Serverless
		if c.v.servers.Connected(c.pass.hub) > 0 {
			c.mode = Default
		}
	}
	if c.mode == Default {
		if c.replay != nil {
			h.Version = 1 // 2 is with stateful reconnect, see Query
			return rest, c.bind(hubprotocol.AppendHandshake(nil, h))
		}
		return rest, c.bind(b[:len(b)-len(rest)])
	}
	return rest, c.enter(h)
}

func (c *client) refuseHandshake(reason, text string) error {
	e := ending{reason: reason, text: text}
	if reason == event.ReasonHandshake {
		e.detail = text
	}
	c.end(e)
	return errEnded
}

// bind leads the client to an application server, which answers its handshake.
func (c *client) bind(handshake []byte) error {
	// A server may put it into a group as soon as it knows of it.
	c.v.hubs.Join(c.pass.hub, c)
	binding, err := c.v.servers.Bind(c)
	if err != nil {
		c.v.hubs.Leave(c.pass.hub, c)
		if errors.Is(err, appserver.ErrNoServer) {
			return c.refuseHandshake(event.ReasonNoServer, hubprotocol.HandshakeNoServer)
		}
		c.v.server.c.Logger.Error("a SignalR client was led to no server connection", "connection", c.id, "error", err)
		return c.refuseHandshake(event.ReasonTransient, "Internal server error.")
	}
	c.mu.Lock()
	c.binding = binding
	gone := phase(c.phase.Load()) == ended
	c.mu.Unlock()
	if gone {
		// It ended before the binding was there to be told.
		c.v.hubs.Leave(c.pass.hub, c)
		binding.Closed("")
		return errEnded
	}
	c.pipe(handshake)
	return nil
}

// pipe brings bytes to the application server.
func (c *client) pipe(b []byte) { c.pipeTraced(b, 0, "") }

// pipeTraced is pipe for one message that is traced.
func (c *client) pipeTraced(b []byte, tracing uint64, invocation string) {
	if len(b) == 0 {
		return
	}
	c.mu.Lock()
	binding := c.binding
	c.mu.Unlock()
	if binding == nil {
		return
	}
	c.v.figures.outbound.Add(int64(len(b)))
	binding.Traced(b, tracing, invocation)
}

// messages works on what follows the handshake.
func (c *client) messages(b []byte) (rest []byte, err error) {
	// at is the end of what is for the application server, from is where it begins.
	from, at := 0, 0
	flush := func() {
		if c.mode == Default && from < at {
			c.pipe(b[from:at])
		}
	}
	for at < len(b) && phase(c.phase.Load()) != ended {
		m, rest, err := hubprotocol.Next(c.protocol, b[at:])
		if errors.Is(err, hubprotocol.ErrIncomplete) {
			break
		}
		if err != nil {
			flush()
			c.fail(event.ReasonBadMessage, err.Error())
			return nil, errEnded
		}
		end := len(b) - len(rest)
		own, tracing := c.message(&m)
		if own || tracing != 0 {
			flush()
			from = end
		}
		if !own && tracing != 0 && c.mode == Default {
			c.pipeTraced(b[at:end], tracing, m.InvocationID)
		}
		at = end
	}
	flush()
	if phase(c.phase.Load()) == ended {
		return nil, errEnded
	}
	return b[at:], nil
}

// message works on a message. It reports whether it is the service's own, and not for an
// application server, and returns the ID under which it is traced.
func (c *client) message(m *hubprotocol.Message) (own bool, tracing uint64) {
	if c.replay != nil {
		own, text := c.replay.received(m)
		if text != "" {
			c.fail(event.ReasonBadMessage, text)
		}
		if m.Type == hubprotocol.Ack {
			c.acked(m.SequenceID)
		}
		if own {
			return true, 0
		}
	}
	if m.Type.Counted() {
		c.v.figures.received.Add(1)
		tracing = c.trace(event.MessageReceived, m.InvocationID, 0)
	}
	if m.Type == hubprotocol.Completion && c.answered(m) {
		return true, tracing
	}
	if c.mode == Serverless {
		c.serve(m)
		return true, tracing
	}
	return m.Type.Counted() && !c.spend(len(m.Frame)), tracing
}

// asked is a result that the client was asked for.
type asked struct {
	fn func(hub.Result)
}

// maxAsked is how many results a client may owe.
const maxAsked = 1000

// Invoke is explained at ID.
func (c *client) Invoke(id string, p *payload.Payload, fn func(hub.Result)) {
	c.mu.Lock()
	var problem string
	switch frame := p.Frame(c.protocol); {
	case phase(c.phase.Load()) != open:
		c.mu.Unlock()
		fn(hub.Result{Lost: true})
		return
	case frame == nil:
		problem = "the invocation cannot be encoded for the client"
	case len(c.asked) >= maxAsked:
		problem = "the client owes too many results"
	case c.asked[id].fn != nil:
		problem = "the client is being asked with this invocation ID"
	}
	if problem == "" {
		if c.asked == nil {
			c.asked = make(map[string]asked)
		}
		c.asked[id] = asked{fn}
	}
	c.mu.Unlock()
	if problem != "" {
		fn(hub.Result{Error: problem})
		return
	}
	c.Deliver(p)
}

// answered hands over a result that was asked for.
func (c *client) answered(m *hubprotocol.Message) bool {
	c.mu.Lock()
	a, ok := c.asked[m.InvocationID]
	delete(c.asked, m.InvocationID)
	c.mu.Unlock()
	if ok {
		r := hub.Result{Protocol: c.protocol, Error: m.Error}
		if m.Result != nil {
			r.Value = append([]byte{}, m.Result...)
		}
		a.fn(r)
	}
	return ok
}
