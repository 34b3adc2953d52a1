package signalr

import "reslog/service/signalr/hubprotocol"

// What stateful reconnect keeps of a client, "Stateful Reconnect" of the hub protocol.
const (
	// replayWindow is how much may be on its way without an acknowledgement, in bytes.
	replayWindow = 100_000
	// replayMost is how much may wait besides.
	replayMost = 1 << 20
)

// replay counts the messages of a client of stateful reconnect, in both directions, and
// keeps what it has not acknowledged. What comes in is guarded by client.receiving,
// what goes out by client.mu.
type replay struct {
	// waiting are messages that are not acknowledged; the first has the number first.
	// Of them sent are on their way, with sentSize bytes.
	waiting  [][]byte
	first    int64
	sent     int
	size     int
	sentSize int

	// next is the number of the next message that comes, latest the highest that has,
	// told what of it was acknowledged. lost says that the client must say first where
	// it goes on.
	expect, latest, told int64
	lost                 bool
}

func newReplay() *replay { return &replay{first: 1, expect: 1} }

// received counts a message that came. own says that it is not to be worked on: it is
// about the counting, or was here before. problem ends the connection.
func (r *replay) received(m *hubprotocol.Message) (own bool, problem string) {
	switch {
	case m.Type == hubprotocol.Ack:
		return true, ""
	case m.Type == hubprotocol.Sequence:
		if m.SequenceID > r.expect {
			return true, "Sequence ID greater than amount of messages we've received."
		}
		r.expect, r.lost = m.SequenceID, false
		return true, ""
	case r.lost:
		return true, ""
	case !m.Type.Counted():
		return false, ""
	}
	id := r.expect
	r.expect++
	if id <= r.latest {
		return true, ""
	}
	r.latest = id
	return false, ""
}

// add keeps a message that is to be sent. It reports false if there are too many.
func (r *replay) add(b []byte) bool {
	if r.size+len(b) > replayMost+replayWindow && r.size > 0 {
		return false
	}
	r.waiting = append(r.waiting, b)
	r.size += len(b)
	return true
}

// next returns the next message to be sent, nil if there is none or too much on its way.
func (r *replay) next() []byte {
	if r.sent == len(r.waiting) || r.sentSize >= replayWindow {
		return nil
	}
	b := r.waiting[r.sent]
	r.sent++
	r.sentSize += len(b)
	return b
}

// acked forgets what the client has received, up to a number.
func (r *replay) acked(id int64) {
	n := min(max(id-r.first+1, 0), int64(r.sent))
	for _, b := range r.waiting[:n] {
		r.size -= len(b)
		r.sentSize -= len(b)
	}
	r.waiting = append([][]byte(nil), r.waiting[n:]...)
	r.first += n
	r.sent -= int(n)
}

// again begins anew with what is not acknowledged, and returns its first number.
func (r *replay) again() int64 {
	r.sent, r.sentSize = 0, 0
	return r.first
}

// Resumed implements transport.Receiver.
func (c *client) Resumed() {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	if c.replay == nil || phase(c.phase.Load()) != open {
		return
	}
	c.in = nil // the client sends it again
	c.seen.Store(c.v.now().UnixNano())
	c.replay.lost = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(hubprotocol.AppendSequence(nil, c.protocol, c.replay.again()))
	c.flow()
}

// acked goes on with what waited for an acknowledgement.
func (c *client) acked(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replay.acked(id)
	c.flow()
}

// acknowledge tells the client what has come, at most once a second: it is called by tick.
func (c *client) acknowledge() {
	if c.replay == nil {
		return
	}
	if !c.receiving.TryLock() {
		return // it is at work, and is told with the next tick
	}
	latest := c.replay.latest
	due := latest > c.replay.told && !c.replay.lost
	if due {
		c.replay.told = latest
	}
	c.receiving.Unlock()
	if due {
		c.mu.Lock()
		c.write(hubprotocol.AppendAck(nil, c.protocol, latest))
		c.mu.Unlock()
	}
}
