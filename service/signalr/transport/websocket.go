package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// The buffers of a WebSocket. Thousands of connections are idle; what is larger is read
// and written past them.
const (
	readBuffer  = 512
	writeBuffer = 1024
	// maxFrame is up to how much is joined to one frame.
	maxFrame = 32 << 10
	// keepBuffer is how large a buffer is kept for the next message.
	keepBuffer = 64 << 10
)

// socket is a WebSocket of a connection; with stateful reconnect there may be several,
// one after the other.
type socket struct {
	ws  *websocket.Conn
	net net.Conn
	// turn counts the WebSockets of a connection as they were asked for. The upgrades of
	// two may end the other way round.
	turn int
	// writing is that a goroutine writes; conn.mu.
	writing bool
	// failure is of a write, and explains that of the read that follows; conn.mu.
	failure error
	// done is closed at the end of the goroutine that reads, with stateful reconnect.
	done chan struct{}
}

// cut ends a WebSocket without ado, which ends the goroutines that read and write. It
// does not block, as the close of TLS may.
func (s *socket) cut() { go s.net.Close() }

// webSocket serves a GET that upgrades.
func (c *conn) webSocket(w http.ResponseWriter, r *http.Request, fresh bool) {
	turn, ok := c.turn(fresh)
	if !ok {
		answer(w, http.StatusConflict, textActive)
		return
	}
	sw := &shrinking{ResponseWriter: w}
	// Origins are judged by Handler.cors.
	ws, err := websocket.Accept(sw, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		c.h.cfg.Logger.Debug("a WebSocket was not opened", "connection", c.id, "error", err)
		if fresh {
			c.end(End{By: ByLoss, Err: err})
			c.finish()
		}
		return
	}
	ws.SetReadLimit(int64(c.h.cfg.MaxMessage))
	s := &socket{ws: ws, net: sw.conn, turn: turn}
	if c.reconnects {
		s.done = make(chan struct{})
	}
	before, ok := c.attach(s)
	if !ok {
		ws.CloseNow() //nolint:errcheck // nobody wants it
		return
	}
	// The goroutine of the request ends, with its buffers and its grown stack.
	go c.run(s, before, !fresh)
}

// turn tells which WebSocket of the connection the next one is. It reports false if
// there can be none.
func (c *conn) turn(fresh bool) (n int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turns++
	return c.turns, fresh || c.reconnects && c.receiver != nil
}

// attach makes s the WebSocket of the connection, in place of another. It returns what
// is closed when that other's goroutine has ended. It reports false if s came too late:
// the connection has ended, or one that was asked for later is there already.
func (c *conn) attach(s *socket) (before chan struct{}, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.attached > s.turn || c.closing && c.attached > 0 {
		return nil, false
	}
	c.attached = s.turn
	before, c.readerDone = c.readerDone, s.done
	if c.sock != nil {
		c.sock.cut()
		c.queue, c.unsent = nil, 0
	}
	if c.lost {
		c.lost = false
		c.stopTimer()
	}
	c.sock = s
	c.interrupt = s.cut
	if c.cut {
		s.cut()
	}
	c.push()
	return before, true
}

// run reads a WebSocket to its end.
func (c *conn) run(s *socket, before chan struct{}, resumed bool) {
	if s.done != nil {
		defer close(s.done)
	}
	defer s.ws.CloseNow() //nolint:errcheck // it has ended
	if before != nil {
		<-before
	}
	if resumed {
		c.mu.Lock()
		there, receiver := c.sock == s, c.receiver
		c.mu.Unlock()
		if !there {
			return
		}
		receiver.Resumed()
	}
	c.ended(s, c.read(s))
}

// read passes on messages until the WebSocket ends.
func (c *conn) read(s *socket) error {
	for {
		_, r, err := s.ws.Reader(context.Background())
		if err != nil {
			return err
		}
		buf := buffers.Get().(*bytes.Buffer)
		buf.Reset()
		if _, err := buf.ReadFrom(r); err != nil {
			return err
		}
		// What comes after the end is read, for the close frame, and not passed on.
		c.receive(buf.Bytes())
		recycle(buf)
	}
}

// ended says how a WebSocket ended: the connection with it, or it waits for a new one.
func (c *conn) ended(s *socket, err error) {
	c.mu.Lock()
	if c.sock != s {
		c.mu.Unlock()
		return
	}
	c.sock, c.interrupt = nil, nil
	end := endOf(err, s.failure)
	if c.reconnects && end.By == ByLoss && !c.closing {
		c.lose(end)
		c.mu.Unlock()
		return
	}
	c.ending(end)
	c.mu.Unlock()
	c.finish()
}

// lose keeps the connection for a while, until a new WebSocket comes; c.mu is held.
func (c *conn) lose(end End) {
	c.lost = true
	c.losses++
	n := c.losses
	c.queue, c.unsent = nil, 0
	c.timer = time.AfterFunc(c.h.cfg.ResumeTimeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.lost && c.losses == n {
			c.cutOff(end)
		}
	})
}

func endOf(err, failure error) End {
	switch {
	case websocket.CloseStatus(err) != -1:
		switch websocket.CloseStatus(err) {
		case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
			err = nil
		}
		return End{By: ByClient, Err: err}
	case errors.Is(err, websocket.ErrMessageTooBig):
		return End{By: ByUs, Err: ErrTooLarge}
	case failure != nil:
		return End{By: ByLoss, Err: failure}
	}
	return End{By: ByLoss, Err: err}
}

// write writes what is queued, and the end. It is there only as long as there is any.
func (c *conn) write(s *socket) {
	for {
		c.mu.Lock()
		if c.sock != s {
			c.mu.Unlock()
			return
		}
		batch, last, kind := c.queue, c.closing, websocket.MessageText
		c.queue = nil
		if c.binary {
			kind = websocket.MessageBinary
		}
		// At the end it goes on being the one that writes.
		s.writing = len(batch) > 0 || last
		c.mu.Unlock()
		if len(batch) == 0 {
			if last {
				// It waits for the answer; c.timer bounds it. The reader sees the end.
				s.ws.Close(websocket.StatusNormalClosure, "")
			}
			return
		}
		if err := c.writeBatch(s, kind, batch); err != nil {
			c.failed(s, err)
			return
		}
	}
}

// writeBatch writes messages; small ones together, as the bounds of frames mean nothing.
func (c *conn) writeBatch(s *socket, kind websocket.MessageType, batch [][]byte) error {
	for len(batch) > 0 {
		n, size := 1, len(batch[0])
		for n < len(batch) && size+len(batch[n]) <= maxFrame {
			size += len(batch[n])
			n++
		}
		frame := batch[0]
		if n > 1 {
			buf := buffers.Get().(*bytes.Buffer)
			defer recycle(buf)
			buf.Reset()
			for _, b := range batch[:n] {
				buf.Write(b)
			}
			frame = buf.Bytes()
		}
		batch = batch[n:]
		if err := s.writeFrame(kind, frame); err != nil {
			return err
		}
		c.mu.Lock()
		if c.sock == s {
			c.unsent = max(c.unsent-size, 0)
		}
		c.mu.Unlock()
	}
	return nil
}

func (s *socket) writeFrame(kind websocket.MessageType, b []byte) error {
	if err := s.net.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	// A deadline that is left would be of pongs and the close frame as well.
	defer s.net.SetWriteDeadline(time.Time{}) //nolint:errcheck // the write tells
	return s.ws.Write(context.Background(), kind, b)
}

// failed notes that a write failed, and has the reader end.
func (c *conn) failed(s *socket, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sock != s {
		return
	}
	s.failure = err
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.reconnects {
		c.cutOff(End{By: BySlow, Err: err})
		return
	}
	s.cut()
}

// buffers are for messages while they are read or joined.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func recycle(b *bytes.Buffer) {
	if b.Cap() <= keepBuffer {
		buffers.Put(b)
	}
}

// shrinking gives a hijacked connection small buffers, in place of those of net/http,
// which are 8 KiB together.
type shrinking struct {
	http.ResponseWriter
	conn net.Conn
}

func (s *shrinking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	s.conn = conn
	// A client may have sent more than the request already.
	n := rw.Reader.Buffered()
	early, err := rw.Reader.Peek(n)
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn), max(readBuffer, n))
	if _, err := r.Peek(n); err != nil {
		return nil, nil, err
	}
	return conn, bufio.NewReadWriter(r, bufio.NewWriterSize(conn, writeBuffer)), nil
}
