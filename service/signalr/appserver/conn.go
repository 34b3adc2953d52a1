package appserver

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

// maxAsks is how many questions of one connection may be open: beyond that it is not
// read.
const maxAsks = 64

// chunk is how many bytes are written as one WebSocket message. Servers read a stream.
const chunk = 64 << 10

// conn is a server connection.
type conn struct {
	s      *Servers
	id     string
	hub    string // in lower case
	server string
	caller netip.Addr
	ws     *websocket.Conn
	in     *stream
	queue  *queue
	// ctx ends with the connection; cancel cuts it off.
	ctx    context.Context
	cancel context.CancelFunc
	// heard is when something came last, in time since began.
	began time.Time
	heard atomic.Int64
	// work are goroutines that are to end before the connection does.
	work sync.WaitGroup
	asks chan struct{}
	// wrote is closed when nothing is written any more, released when all
	// clients were seen to after the connection ended.
	wrote, released chan struct{}

	// The handshake sets these.
	kind      serviceprotocol.ConnectionType
	migration serviceprotocol.MigrationLevel

	// Guarded by Servers.mu.
	clients map[string]*binding
	leaving bool // the server said that it stops
	calls   int  // open invocations that this server asked for

	endMu sync.Mutex
	ended *ending
	// stopping is set with ended.
	stopping atomic.Bool
	// greeted is set when the answer to the handshake is queued: nothing comes before it.
	greeted atomic.Bool
	// tracing says that the server was told that its messages are traced.
	tracing atomic.Bool
}

// ending is how a connection ended.
type ending struct {
	operation      event.Operation
	reason, detail string
	code           websocket.StatusCode
}

func aborted(reason, detail string) ending {
	return ending{operation: event.ConnectionAborted, reason: reason, detail: detail}
}

func (c *conn) open(parent context.Context) {
	c.ctx, c.cancel = context.WithCancel(parent)
	c.began = time.Now()
	c.ws.SetReadLimit(-1) // a stream bounds its messages itself
	c.in = &stream{r: &frames{ctx: c.ctx, ws: c.ws, heard: c.hear}, most: c.s.config.MaxMessage}
}

func (c *conn) hear() { c.heard.Store(int64(time.Since(c.began))) }

func (c *conn) silence() time.Duration { return time.Since(c.began) - time.Duration(c.heard.Load()) }

// takesClients reports whether clients may be bound to it. Servers.mu is held.
func (c *conn) takesClients() bool {
	return c.kind == serviceprotocol.DefaultConnection && !c.leaving && !c.stopping.Load()
}

// run serves the connection until it ends.
func (c *conn) run() {
	c.work.Go(c.write)
	// Not through cancel: a server that is late is told nothing, but the log why.
	late := time.AfterFunc(c.s.config.HandshakeTimeout, func() {
		c.cut(aborted(event.ReasonHandshake, "There was none within the time."))
	})
	halted := context.AfterFunc(c.s.stop, func() { c.cut(aborted(event.ReasonReloading, "")) })
	leave, err := c.handshake()
	late.Stop()
	halted()
	if err == nil {
		c.log(event.ConnectionStarted, "Connection started")
		c.tellTracing()
		err = c.read()
		leave()
	}
	why := c.finish(err)
	if leave != nil {
		c.s.remove(c, why)
		c.s.forget(c)
	}
	c.cancel()
	c.work.Wait()
	_ = c.ws.CloseNow() // it is closed, mostly
	text := "Connection aborted. Reason: "
	if why.operation == event.ConnectionEnded {
		text = "Connection ended. Reason: "
	}
	text += why.reason
	if why.detail != "" {
		text += ". " + why.detail
	}
	c.log(why.operation, text)
}

// read carries out what the server sends, until that ends.
func (c *conn) read() error {
	for {
		m, err := c.in.next()
		if err != nil {
			return err
		}
		if m != nil {
			c.handle(m)
		}
	}
}

// finish returns how the connection ended: as somebody here decided, or as the error of
// reading tells.
func (c *conn) finish(err error) ending {
	var bad unreadable
	if errors.As(err, &bad) {
		c.send(&serviceprotocol.ServiceError{Message: "A message cannot be read: " + bad.Error()})
		c.end(aborted(ReasonUnreadable, bad.Error()), websocket.StatusInvalidFramePayloadData)
	}
	c.endMu.Lock()
	polite := c.ended != nil && c.ended.code != 0
	c.endMu.Unlock()
	if polite {
		<-c.wrote
	}
	c.cut(lost(err))
	c.endMu.Lock()
	defer c.endMu.Unlock()
	return *c.ended
}

// lost tells from the error of reading how the server ended the connection.
func lost(err error) ending {
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed) && (closed.Code == websocket.StatusNormalClosure || closed.Code == websocket.StatusGoingAway):
		return ending{operation: event.ConnectionEnded, reason: ReasonClosedByServer}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return aborted(event.ReasonConnectionLost, "It ended within a message.")
	}
	return aborted(event.ReasonConnectionLost, "")
}

// end ends the connection: what was sent is still written, then it is closed with a
// code. Only the first end counts.
func (c *conn) end(e ending, code websocket.StatusCode) {
	c.endMu.Lock()
	defer c.endMu.Unlock()
	if c.ended != nil {
		return
	}
	e.code = code
	c.ended = &e
	c.stopping.Store(true)
	c.queue.finish()
}

// cut ends the connection at once, with all that was sent and is not written.
func (c *conn) cut(e ending) {
	c.endMu.Lock()
	defer c.endMu.Unlock()
	if c.ended == nil {
		c.ended = &e
		c.stopping.Store(true)
	}
	c.kill()
}

// send queues a message for the server. One that has too many unread is cut off.
func (c *conn) send(m serviceprotocol.Message) {
	if c.queue.put(m) {
		c.cut(aborted(ReasonSlowServer, ""))
	}
}

func (c *conn) log(operation event.Operation, text string) {
	level := event.Informational
	if operation == event.ConnectionAborted {
		level = event.Warning
	}
	c.s.config.Log(event.Event{
		Time: c.s.config.Now(), Operation: operation, Level: level, Collection: event.Connection,
		Message: text, Side: event.Server, ConnectionID: c.id, Transport: "WebSockets",
		User: c.server, Hub: c.hub, Caller: c.caller,
	})
}
