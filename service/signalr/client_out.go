package signalr

import (
	"bytes"
	"encoding/binary"
	"errors"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// What a client gets: messages through its hub, and bytes of its application server.

// maxTail bounds the beginning of a message from an application server.
const maxTail = 16 << 20

// Deliver is explained at ID. A client gets nothing before its handshake is answered.
func (c *client) Deliver(p *payload.Payload) {
	b := p.Frame(c.protocol)
	if len(b) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messageOut(b, p.TracingID)
}

// messageOut sends whole messages, and counts them. tracing is the ID that they came with,
// 0 for none. It is called with mu.
func (c *client) messageOut(b []byte, tracing uint64) {
	if phase(c.phase.Load()) != open || !c.spend(len(b)) {
		return
	}
	c.trace(event.MessageSent, "", tracing)
	if c.replay == nil {
		c.write(b)
		return
	}
	for len(b) > 0 {
		m, rest, err := hubprotocol.Limits{MaxMessage: maxTail}.Next(c.protocol, b)
		if err != nil {
			// It is nothing that this client could count.
			c.write(b)
			return
		}
		if !m.Type.Counted() {
			c.write(m.Frame)
		} else if !c.replay.add(m.Frame) {
			c.endSoon(ending{reason: event.ReasonSlowClient})
			return
		}
		b = rest
	}
	c.flow()
}

// flow sends what the client of stateful reconnect may get now. It is called with mu.
func (c *client) flow() {
	for {
		b := c.replay.next()
		if b == nil {
			return
		}
		c.write(b)
	}
}

// write brings bytes to the client. It is called with mu.
func (c *client) write(b []byte) {
	now := c.v.now().UnixNano()
	c.sent.Store(now)
	c.v.figures.outbound.Add(int64(len(b)))
	c.conn.Send(b) // what cannot be sent has ended: Closed is called
}

// spend counts a message against the day's. It reports false if there are none left:
// then all connections of the service are about to be closed.
func (c *client) spend(size int) bool {
	n, ok := c.v.limits.spend(size)
	if !ok {
		c.v.exhausted()
		return false
	}
	c.v.figures.messages.Add(n)
	return true
}

// endSoon ends the connection from where locks are held.
func (c *client) endSoon(e ending) { go c.end(e) }

// Write implements appserver.Client.
func (c *client) Write(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch phase(c.phase.Load()) {
	case ended:
		return
	case opening:
		if b = c.handshakeAnswer(b); len(b) == 0 {
			return
		}
	}
	if !c.known {
		if c.spend(len(b)) {
			c.write(b)
		}
		return
	}
	// Whole messages only: others come in between.
	if len(c.tail) > 0 {
		c.tail = append(c.tail, b...)
		b = c.tail
	}
	n := whole(c.protocol, b)
	if len(b)-n > maxTail || n < 0 {
		c.tail = nil
		c.endSoon(ending{reason: event.ReasonTransient, detail: "the application server sent no message", text: "Internal server error.", reconnect: true})
		return
	}
	if n > 0 {
		out := b[:n:n]
		if isPing(c.protocol, out) {
			c.write(out)
		} else {
			c.messageOut(out, 0)
		}
	}
	switch {
	case n == len(b):
		c.tail = nil
	case n > 0 || len(c.tail) == 0:
		c.tail = bytes.Clone(b[n:])
	}
}

// handshakeAnswer passes on the answer of the application server, and returns what is
// behind it. It is called with mu.
func (c *client) handshakeAnswer(b []byte) (rest []byte) {
	c.tail = append(c.tail, b...)
	errText, rest, err := hubprotocol.ParseHandshakeResponse(c.tail)
	switch {
	case errors.Is(err, hubprotocol.ErrIncomplete):
		return nil
	case err != nil:
		c.endSoon(ending{reason: event.ReasonTransient, detail: "the application server did not answer the handshake", text: "Internal server error."})
		return nil
	}
	c.write(c.tail[: len(c.tail)-len(rest) : len(c.tail)-len(rest)])
	c.tail = nil
	if errText != "" {
		c.endSoon(ending{reason: event.ReasonHandshake, detail: errText})
		return nil
	}
	c.phase.CompareAndSwap(int32(opening), int32(open))
	return rest
}

func isPing(p payload.Protocol, b []byte) bool {
	const longest = 16
	return len(b) <= longest && bytes.Equal(b, hubprotocol.AppendPing(nil, p))
}

// whole returns how many bytes of b are whole messages, by their frames alone; -1 if
// they are none.
func whole(p payload.Protocol, b []byte) int {
	if p == payload.JSON {
		return bytes.LastIndexByte(b, 0x1e) + 1
	}
	at := 0
	for at < len(b) {
		n, size := binary.Uvarint(b[at:min(len(b), at+5)])
		switch {
		case size < 0 || size == 0 && len(b)-at >= 5 || n > maxTail:
			return -1
		case size == 0 || uint64(len(b)-at-size) < n:
			return at
		}
		at += size + int(n)
	}
	return at
}

// exhausted closes everything because the messages of the day are used up. A repeat on
// the same day closes who has come since.
func (v *service) exhausted() {
	today := v.now().Unix() / 86400
	v.mu.Lock()
	first := v.throttled != today
	v.throttled = today
	v.mu.Unlock()
	if first {
		v.log(event.Event{
			Operation:  event.MessageThrottled,
			Level:      event.Warning,
			Collection: event.Throttling,
			Message:    event.ReasonMessageLimit,
		})
	}
	if v.closing.CompareAndSwap(false, true) {
		go func() {
			defer v.closing.Store(false)
			for _, c := range v.list() {
				c.end(ending{reason: event.ReasonMessageLimit, text: event.ReasonMessageLimit + "."})
			}
			v.servers.Drop(event.ReasonMessageLimit)
		}()
	}
}
