package storage

import (
	"context"
	"errors"
	"sync"
	"time"
)

// callContext is the context of a Call: it ends at a deadline that may still
// move, or with its parent. It starts no timer until somebody waits on it,
// which most operations never do.
type callContext struct {
	parent context.Context

	mu       sync.Mutex
	deadline time.Time
	done     chan struct{} // nil until Done is called
	err      error         // set with mu held, before done is closed
	timer    *time.Timer
	detach   func() bool // stops watching parent
}

// Deadline returns when the time of the call is up.
func (c *callContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deadline, true
}

// Done returns a channel that is closed when the call is over.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil {
		return c.done
	}
	c.done = make(chan struct{})
	if c.err != nil {
		close(c.done)
		return c.done
	}
	c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) })
	c.detach = context.AfterFunc(c.parent, func() { c.end(c.parent.Err()) })
	return c.done
}

// Err says why the call is over, nil while it is not.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if err := c.parent.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// Value asks the parent.
func (c *callContext) Value(key any) any { return c.parent.Value(key) }

// extend moves the deadline.
func (c *callContext) extend(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = to
	if c.timer != nil && c.err == nil {
		c.timer.Reset(time.Until(to))
	}
}

// end ends the call; only the first reason counts.
func (c *callContext) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	// A timer that fired while extend moved the deadline means nothing.
	if errors.Is(err, context.DeadlineExceeded) && time.Now().Before(c.deadline) {
		return
	}
	c.err = err
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.detach != nil {
		c.detach()
	}
	if c.done != nil {
		close(c.done)
	}
}
