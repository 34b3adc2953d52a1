package storage

import (
	"fmt"
	"net"
	"sync"
)

// net/http writes an answer through a buffer of 4 KiB: a body of that size leaves
// in two pieces, and each is a system call that wakes the client. So the connection
// holds what is written first, until there is more than is worth copying or the
// answer is whole, and all of it leaves in one call.

// gathered is the start of an answer that has not left. It belongs to the goroutine
// that answers.
type gathered struct {
	on   bool
	held *[]byte // nil when nothing is
}

// maxGathered is how much of an answer is held: a buffer of net/http, and as much
// again.
const maxGathered = 8 << 10

var gatheredBuffers = sync.Pool{New: func() any { b := make([]byte, 0, maxGathered); return &b }}

// gather says that an answer begins. Flush must follow, or end.
func (c *namesConn) gather() { c.answer.on = true }

// Write holds p while an answer is gathered, as long as it is short.
func (c *namesConn) Write(p []byte) (int, error) {
	g := &c.answer
	if !g.on || g.held == nil && len(p) > maxGathered {
		return c.Conn.Write(p)
	}
	if g.held == nil {
		g.held = gatheredBuffers.Get().(*[]byte)
	}
	if len(*g.held)+len(p) <= maxGathered {
		*g.held = append(*g.held, p...)
		return len(p), nil
	}
	held := len(*g.held)
	both := net.Buffers{*g.held, p}
	n, err := both.WriteTo(c.Conn)
	c.forget()
	return max(int(n)-held, 0), err
}

// flush writes what is held of an answer that is whole.
func (c *namesConn) flush() error {
	g := &c.answer
	g.on = false
	if g.held == nil {
		return nil
	}
	_, err := c.Conn.Write(*g.held)
	c.forget()
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// forget drops what is held.
func (c *namesConn) forget() {
	if b := c.answer.held; b != nil {
		*b = (*b)[:0]
		gatheredBuffers.Put(b)
		c.answer.held = nil
	}
}
