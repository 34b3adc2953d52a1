package transport

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// held is a poll that waits.
type held struct {
	// replaced is closed by the poll that takes its place, done when it has answered.
	replaced, done chan struct{}
}

// poll serves a GET of long polling.
func (c *conn) poll(w http.ResponseWriter, r *http.Request, fresh bool) {
	p, before := c.hold()
	defer c.release(p)
	if fresh {
		// The first is answered at once: to the client it means that it is connected.
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return
	}
	if before != nil {
		close(before.replaced)
		select {
		case <-before.done:
		case <-r.Context().Done():
			return
		}
	}
	out := newWriter(w)
	c.interruptible(out.cut)
	defer c.interruptible(nil)
	timeout := time.NewTimer(c.h.cfg.PollTimeout)
	defer timeout.Stop()
	for {
		if c.answerPoll(w, out) {
			return
		}
		select {
		case <-c.web.wake:
		case <-p.replaced:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-timeout.C:
			answer(w, http.StatusOK, "")
			return
		case <-r.Context().Done():
			return
		}
	}
}

// hold makes a poll the one that waits, in place of the one before.
func (c *conn) hold() (p, before *held) {
	p = &held{make(chan struct{}), make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.web.held = c.web.held, p
	c.web.gaps++
	if !c.closing {
		c.stopTimer()
	}
	return p, before
}

// release is the end of a poll. The next one has to come in time.
func (c *conn) release(p *held) {
	close(p.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.web.held != p {
		return
	}
	c.web.held = nil
	if c.closing {
		return
	}
	c.web.gaps++
	n := c.web.gaps
	c.timer = time.AfterFunc(c.web.gap, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.web.gaps == n && !c.closing {
			c.cutOff(End{By: ByLoss, Err: errNoPoll})
		}
	})
}

// answerPoll answers a poll if there is something to say.
func (c *conn) answerPoll(w http.ResponseWriter, out *writer) bool {
	batch, last := c.take()
	if len(batch) == 0 {
		if last {
			w.WriteHeader(http.StatusNoContent)
		}
		return last
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer recycle(buf)
	buf.Reset()
	for _, b := range batch {
		buf.Write(b)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(buf.Len()))
	if err := out.write(buf.Bytes()); err != nil {
		c.unwritten(err)
		return true
	}
	c.taken(buf.Len())
	if last {
		c.finish()
	}
	return true
}
