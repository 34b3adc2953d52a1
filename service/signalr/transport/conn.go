package transport

import (
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// conn is a connection of any kind.
//
// Its life: find makes it, open gives it a Receiver. It is closing once somebody wants
// its end, and cause says who was first. finish ends it, once, and is called by whoever
// carries it: the goroutine that reads a WebSocket, the request of server-sent events,
// and where there is none, one of its own.
type conn struct {
	h                *Handler
	id, token, owner string
	kind             Kind
	reconnects       bool
	query            string
	header           http.Header
	caller           netip.Addr
	// web is there for server-sent events and long polling.
	web *web

	mu       sync.Mutex
	receiver Receiver
	binary   bool
	// queue is what was sent and not taken; unsent its length, with that being written.
	queue  [][]byte
	unsent int
	// closing is that it is to end, after what is queued; cut, at once; over, that it
	// has.
	closing, cut, over bool
	cause              *End
	// timer ends it: after a gap between polls, when no new WebSocket comes, when
	// closing takes too long.
	timer *time.Timer
	// interrupt ends a write that is going on. It does not block.
	interrupt func()

	// Of WebSockets: sock is the one that is there, lost that it broke and may come
	// back, losses how often, turns how many were asked for, attached the last of them
	// that was, readerDone the end of its goroutine.
	sock                    *socket
	lost                    bool
	losses, turns, attached int
	readerDone              chan struct{}
}

// web is what a connection has that is made of requests.
type web struct {
	gap time.Duration
	// wake has a token when there is something to do for the request that sends.
	wake chan struct{}
	// receiving is held by the POST whose turn it is.
	receiving chan struct{}
	// held is the poll that waits, gaps counts those between polls; conn.mu.
	held *held
	gaps int
}

func (c *conn) ID() string          { return c.id }
func (c *conn) Kind() Kind          { return c.kind }
func (c *conn) Header() http.Header { return c.header }
func (c *conn) Caller() netip.Addr  { return c.caller }
func (c *conn) Reconnects() bool    { return c.reconnects }

func (c *conn) Query() url.Values {
	q, _ := url.ParseQuery(c.query) // it was encoded by us
	return q
}

func (c *conn) Binary() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.binary = true
}

// open gives the connection its Receiver.
func (c *conn) open(r *http.Request, grant Grant) *Refusal {
	c.query = publicQuery(r.URL)
	c.header = publicHeader(r.Header)
	c.caller = callerOf(r)
	receiver, refusal := c.h.cfg.Open(c, grant)
	if refusal != nil {
		c.finish()
		return refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receiver = receiver
	if c.over {
		// It was closed before anybody could be told.
		go receiver.Closed(*c.cause)
		return &Refusal{Status: http.StatusNotFound, Text: textUnknown}
	}
	return nil
}

func (c *conn) Send(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return false
	case c.lost || len(b) == 0:
		return true
	case c.unsent > 0 && c.unsent+len(b) > c.h.cfg.MaxUnsent:
		c.cutOff(End{By: BySlow})
		return false
	}
	c.queue = append(c.queue, b)
	c.unsent += len(b)
	c.push()
	return true
}

// push has what is queued sent, or the end seen; c.mu is held.
func (c *conn) push() {
	switch {
	case c.web != nil:
		select {
		case c.web.wake <- struct{}{}:
		default:
		}
	case c.sock != nil && !c.sock.writing && (len(c.queue) > 0 || c.closing):
		c.sock.writing = true
		go c.write(c.sock)
	}
}

// take returns what is queued, and whether nothing comes after it.
func (c *conn) take() (batch [][]byte, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch, c.queue = c.queue, nil
	return batch, c.closing
}

// taken says that the client has taken n bytes.
func (c *conn) taken(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsent = max(c.unsent-n, 0)
}

func (c *conn) Close() { c.close(End{By: ByUs}) }

// close ends the connection after what is queued.
func (c *conn) close(end End) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	c.ending(end)
	c.timer = time.AfterFunc(closeGrace, c.abort)
	c.push()
	// A poll that waits is woken; between polls nobody is there who could end it.
	if c.lost || c.kind == LongPolling && len(c.queue) == 0 {
		go c.finish()
	}
}

func (c *conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// abort ends a connection that is closing, whatever is queued.
func (c *conn) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutOff(End{By: ByUs})
}

// end ends the connection at once.
func (c *conn) end(end End) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutOff(end)
}

// cutOff is end, with c.mu held.
func (c *conn) cutOff(end End) {
	if c.cut || c.over {
		return
	}
	carried := c.kind == ServerSentEvents || c.kind == WebSockets && !c.lost
	c.ending(end)
	c.cut = true
	c.queue = nil
	if c.interrupt != nil {
		c.interrupt()
	}
	c.push()
	if !carried {
		go c.finish()
	}
}

// ending notes who ends the connection; the first is the one. c.mu is held.
func (c *conn) ending(end End) {
	c.closing = true
	c.stopTimer()
	if c.cause == nil {
		c.cause = &end
	}
}

func (c *conn) stopTimer() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// finish ends the connection and tells its Receiver, once what it receives is done.
// It is not called from Receive.
func (c *conn) finish() {
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return
	}
	c.ending(End{By: ByUs})
	c.over = true
	c.lost = false
	c.queue, c.unsent = nil, 0
	receiver, end := c.receiver, *c.cause
	c.push()
	c.mu.Unlock()

	if c.web != nil {
		c.web.receiving <- struct{}{}
		defer func() { <-c.web.receiving }()
	}
	if receiver != nil {
		receiver.Closed(end)
	}
	c.h.forget(c, c.kind == LongPolling && end.By == ByUs && receiver != nil)
}

// receive passes on what a client sent, and reports whether there may be more.
func (c *conn) receive(b []byte) bool {
	c.mu.Lock()
	receiver, closing := c.receiver, c.closing
	c.mu.Unlock()
	if closing || receiver == nil {
		return false
	}
	if err := receiver.Receive(b); err != nil {
		c.close(End{By: ByUs, Err: err})
	}
	return true
}
