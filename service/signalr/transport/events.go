package transport

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"time"
)

// events serves the GET of server-sent events, which lasts as long as the connection.
func (c *conn) events(w http.ResponseWriter, r *http.Request, fresh bool) {
	if !fresh {
		answer(w, http.StatusConflict, textActive)
		return
	}
	out := newWriter(w)
	c.interruptible(out.cut)
	defer c.finish()
	defer c.interruptible(nil)

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache,no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Encoding", "identity")
	w.WriteHeader(http.StatusOK)
	// A client is connected when it sees the first byte.
	if err := out.write([]byte(":\r\n")); err != nil {
		c.unwritten(err)
		return
	}
	for {
		batch, last := c.take()
		if n, err := c.writeEvents(out, batch); err != nil {
			c.unwritten(err)
			return
		} else if n > 0 {
			c.taken(n)
			continue
		}
		if last {
			return
		}
		select {
		case <-c.web.wake:
		case <-r.Context().Done():
			c.end(End{By: ByClient})
			return
		}
	}
}

// writeEvents writes an event for each message, and returns how many bytes those had.
func (c *conn) writeEvents(out *writer, batch [][]byte) (n int, err error) {
	if len(batch) == 0 {
		return 0, nil
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer recycle(buf)
	buf.Reset()
	for _, b := range batch {
		appendEvent(buf, b)
		n += len(b)
	}
	return n, out.write(buf.Bytes())
}

// appendEvent writes a message as an event. What ends a line in a message ends one in
// the event, as there is no other way to write it.
func appendEvent(buf *bytes.Buffer, b []byte) {
	for more := true; more; {
		line := b
		i := bytes.IndexAny(b, "\r\n")
		if more = i >= 0; more {
			line = b[:i]
			if bytes.HasPrefix(b[i:], []byte("\r\n")) {
				i++
			}
			b = b[i+1:]
		}
		buf.WriteString("data: ")
		buf.Write(line)
		buf.WriteString("\r\n")
	}
	buf.WriteString("\r\n")
}

// writer writes to a client in requests, which may not take it.
type writer struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// newWriter takes away the deadlines of the server: these requests last.
func newWriter(w http.ResponseWriter) *writer {
	o := &writer{w, http.NewResponseController(w)}
	o.rc.SetReadDeadline(time.Time{})  //nolint:errcheck // a writer without deadlines has none
	o.rc.SetWriteDeadline(time.Time{}) //nolint:errcheck // as above
	return o
}

// write writes and flushes.
func (o *writer) write(b []byte) error {
	o.rc.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // as above
	if _, err := o.w.Write(b); err != nil {
		return err
	}
	if err := o.rc.Flush(); err != nil {
		return err
	}
	// The next request of this connection has no deadline from us.
	o.rc.SetWriteDeadline(time.Time{}) //nolint:errcheck // as above
	return nil
}

// cut ends a write that is going on.
func (o *writer) cut() { o.rc.SetWriteDeadline(time.Unix(1, 0)) } //nolint:errcheck // as above

// interruptible says how a write is ended from now on.
func (c *conn) interruptible(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt = fn
	if c.cut && fn != nil {
		fn()
	}
}

// unwritten ends the connection because a write failed.
func (c *conn) unwritten(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.end(End{By: BySlow, Err: err})
		return
	}
	c.end(End{By: ByLoss, Err: err})
}
