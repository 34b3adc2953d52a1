package relay

import (
	"golang.org/x/sys/unix"

	"reslog/service/redis/event"
)

// turn is how many chunks of one direction are moved before others have their turn.
const turn = 16

// moveAt moves what it can after an event at one end.
func (l *loop) moveAt(c *conn, side int, events uint32) {
	if events&(room|over) != 0 && !l.flush(c, side) {
		return
	}
	l.move(c, side)
	if events&unix.EPOLLERR != 0 && l.slots.has(c) {
		// What could be read of it was read, unless the other side does not take it.
		l.broke(c, side)
	}
}

// move moves bytes from one side to the other until there are none, the other does not
// take them, or the Tap is not ready.
func (l *loop) move(c *conn, from int) {
	src, dst := &c.ends[from], &c.ends[1-from]
	for range turn {
		if !src.readable || src.ended || len(dst.held) > 0 || dst.broken || !c.tap.Ready() {
			return
		}
		n, errno := receive(src.fd, l.buffer[:], 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN && !src.broken:
			src.readable = false
			return
		case errno != 0:
			l.close(c, c.because(from))
			return
		case n == 0:
			l.ended(c, from)
			return
		}
		// After a short read there is nothing left, and an event tells of what comes.
		src.readable = n == chunk || src.gone
		b := l.buffer[:n]
		if !l.see(c, from, b) {
			return
		}
		if !c.tap.Ready() {
			l.keep(&c.ends[1-from], b)
			return
		}
		if n, errno = send(dst.fd, b); n == len(b) {
			continue
		}
		if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
			l.broke(c, 1-from)
			return
		}
		l.hold(c, 1-from, b[n:])
		return
	}
	if src.readable {
		l.again = append(l.again, c)
	}
}

// see shows bytes to the Tap, and reports whether c is still open.
func (l *loop) see(c *conn, from int, b []byte) bool {
	if from == server {
		c.tap.Reply(b)
		return true
	}
	if !c.guard.done && c.guard.refuses(b) {
		l.refuse(c, "it sent a PROXY header and is not among those who may", "")
		return false
	}
	if c.in == &l.lingers {
		l.lingers.add(c, l.now()+l.relay.linger)
	}
	c.tap.Request(b)
	return true
}

// resume goes on with a connection whose Tap has become ready.
func (l *loop) resume(c *conn) {
	for side := range c.ends {
		if !l.slots.has(c) || c.stage != moving || !l.flush(c, side) {
			return
		}
	}
	l.move(c, client)
	if l.slots.has(c) {
		l.move(c, server)
	}
}

// keep keeps what is not written to a side yet. The other side is not read meanwhile, so
// there is never more than this.
func (l *loop) keep(at *end, b []byte) {
	if len(b) <= little { // as there may be one for each connection
		at.held = append([]byte(nil), b...)
		return
	}
	at.hold = l.takeChunk()
	at.held = at.hold[:copy(at.hold[:], b)]
}

// hold keeps what a side did not take.
func (l *loop) hold(c *conn, side int, b []byte) {
	l.keep(&c.ends[side], b)
	l.wantRoom(c, side)
}

// wantRoom has the loop hear when a side takes bytes again.
func (l *loop) wantRoom(c *conn, side int) {
	at := &c.ends[side]
	if at.room {
		return // an event comes
	}
	if err := l.control(unix.EPOLL_CTL_MOD, c, side, incoming|room); err != nil {
		l.refuse(c, "it cannot be watched: "+err.Error(), "")
		return
	}
	at.room = true
}

// flush writes what is held of a side if it may, then reads the other one again. It
// reports whether c is still open.
func (l *loop) flush(c *conn, side int) bool {
	at := &c.ends[side]
	if len(at.held) == 0 || !c.tap.Ready() {
		return true
	}
	n, errno := send(at.fd, at.held)
	if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		l.broke(c, side)
		return l.slots.has(c)
	}
	if at.held = at.held[n:]; len(at.held) > 0 {
		l.wantRoom(c, side)
		return l.slots.has(c)
	}
	l.giveChunk(at)
	if side == server && l.relay.servers.unix() {
		// A Unix socket tells of room after every message that is read.
		if l.control(unix.EPOLL_CTL_MOD, c, side, incoming) == nil {
			at.room = false
		}
	}
	l.move(c, 1-side)
	return l.slots.has(c)
}

// ended is told that a side ended its writing, and tells the other.
func (l *loop) ended(c *conn, side int) {
	src, dst := &c.ends[side], &c.ends[1-side]
	src.ended = true
	why := c.because(side)
	switch {
	case dst.ended || src.broken:
		l.close(c, why)
	case dst.broken:
		// It is not told, and what it said last waits for the client to take it.
	default:
		endWriting(dst.fd)
		if side == server {
			l.lingers.add(c, l.now()+l.relay.linger)
		}
	}
}

// broke is told that a side takes no more.
func (l *loop) broke(c *conn, side int) {
	why := c.because(side)
	at := &c.ends[side]
	if side == client || at.ended {
		l.close(c, why)
		return
	}
	if at.broken {
		return
	}
	// What the server said last is for the client, such as why it closed.
	at.broken, at.readable, at.gone = true, true, true
	l.giveChunk(at)
	l.move(c, server)
}

// because notes that a side ended, and returns the reason of the first that did.
func (c *conn) because(side int) event.Reason {
	if c.why == "" {
		c.why = event.ByServer
		if side == client {
			c.why = event.ByClient
		}
	}
	return c.why
}

// close closes both sides.
func (l *loop) close(c *conn, why event.Reason) {
	c.expire()
	l.slots.remove(c)
	for side := range c.ends {
		l.giveChunk(&c.ends[side])
	}
	if fd := c.ends[server].fd; fd >= 0 {
		closeFile(fd)
	}
	fd := c.ends[client].fd
	if why == event.ByServer && !c.ends[client].ended || why == event.Refused {
		// As in leave, though there is no waiting here.
		endWriting(fd)
		_, _ = receive(fd, l.buffer[:], 0)
	}
	closeFile(fd)
	l.count.Add(-1)
	if c.tap != nil {
		c.tap.Close(why)
	}
	l.relay.leave()
}

// little is up to how many bytes are kept in a buffer of their size.
const little = 1 << 10

// spares is how many buffers a loop keeps.
const spares = 64

func (l *loop) takeChunk() *[chunk]byte {
	if n := len(l.spare); n > 0 {
		b := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return b
	}
	return new([chunk]byte)
}

func (l *loop) giveChunk(e *end) {
	if e.hold != nil && len(l.spare) < spares {
		l.spare = append(l.spare, e.hold)
	}
	e.hold, e.held = nil, nil
}
