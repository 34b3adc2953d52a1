package relay

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"reslog/service/redis/event"
)

// accepted is a client that is not in a loop yet.
type accepted struct {
	fd       int
	remote   netip.AddrPort
	admitted bool
}

// accept takes clients from the listener, not so many at once that those that are
// connected would wait long.
func (l *loop) accept() {
	const most = 16
	for range most {
		fd, from, errno := accept(l.engine.listener)
		switch errno {
		case 0:
			l.hand(accepted{fd, from, l.relay.admit()})
		case unix.EAGAIN:
			return
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			l.full(errno)
			return
		default: // an error of the connection that was to be accepted: there are others
		}
	}
}

// hand gives a client to the loop that should have it.
func (l *loop) hand(a accepted) {
	to := l
	if len(l.engine.loops) > 1 {
		to = l.engine.lightest(l)
	}
	if to != l {
		to.mu.Lock()
		if !to.stopping {
			to.handed = append(to.handed, a)
			to.count.Add(1)
			to.mu.Unlock()
			to.rouse()
			return
		}
		to.mu.Unlock()
	}
	l.count.Add(1)
	l.begin(a)
}

// full makes room for one client to tell it that there are too many, for otherwise it
// would wait in the backlog for nothing, and does not accept others for a while.
func (l *loop) full(why error) {
	l.relay.log.warn("clients cannot be accepted at the moment, raise the limit of open files or lower that of connections", "err", why)
	if l.reserve >= 0 {
		unix.Close(l.reserve)
		if fd, from, errno := accept(l.engine.listener); errno == 0 {
			l.relay.admit()
			l.count.Add(1)
			l.begin(accepted{fd: fd, remote: from})
		}
	}
	l.reserve, _ = openReserve() // -1 when another goroutine was faster
	l.pause()
}

// pause lets clients wait in the backlog for a moment.
func (l *loop) pause() {
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, l.engine.listener, nil) // it is there
	l.paused = l.now() + pause
}

// begin takes over a client.
func (l *loop) begin(a accepted) {
	c := &conn{peer: Peer{Client: a.remote, Server: l.engine.address}}
	c.ends[client].fd, c.ends[server].fd = a.fd, -1
	if !c.peer.Server.IsValid() {
		c.peer.Server = localAddr(a.fd)
	}
	l.slots.add(c)
	switch {
	case !a.admitted:
		l.refuse(c, "there are too many", tooMany)
	case l.relay.trusts(a.remote.Addr()):
		c.stage = heading
		l.headers.add(c, l.now()+l.relay.config.HandshakeTimeout)
		l.watch(c, client, incoming)
	default:
		l.introduce(c)
	}
}

// readHeader reads the PROXY header when all of it is there. Until then it stays
// where it is, with the kernel.
func (l *loop) readHeader(c *conn) {
	at := &c.ends[client]
	b := l.buffer[:maxHeader]
	n, errno := receive(at.fd, b, unix.MSG_PEEK)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return
	}
	o, size, err := parseHeader(b[:n])
	switch {
	case errno != 0 || n == 0 || err != nil || size == 0 && at.gone:
		l.refuse(c, "it sent no PROXY header, or a bad one", "")
	case size > 0:
		_, _ = receive(at.fd, b[:size], 0) // which is there, as was seen just now
		o.apply(&c.peer)
		c.expire()
		l.introduce(c)
	}
}

// introduce shows a client that is let through to who wants to see it, and connects
// it.
func (l *loop) introduce(c *conn) {
	if c.tap = l.relay.config.Open(c.peer, func() { l.wakeUp(c) }); c.tap == nil {
		if l.relay.config.Refusal != "" {
			_, _ = send(c.ends[client].fd, []byte(l.relay.config.Refusal)) // whoever it is, it is closed
		}
		l.close(c, event.Refused)
		return
	}
	c.until = l.now() + l.relay.config.ConnectTimeout
	c.addresses, c.first = l.relay.servers.all()
	l.connect(c)
}

// refuse closes a client that is not let through, after a line if it should have one.
func (l *loop) refuse(c *conn, why, line string) {
	l.relay.log.warn("a client is refused", "client", c.peer.Client, "why", why)
	if c.tap == nil {
		c.tap = l.relay.config.Open(c.peer, nobody)
	}
	if line != "" {
		_, _ = send(c.ends[client].fd, []byte(line)) // nobody who does not hear it minds
	}
	l.close(c, event.Refused)
}

// watch registers a socket with the kernel, and reports whether that worked; else c
// is closed.
func (l *loop) watch(c *conn, side int, events uint32) bool {
	if err := l.control(unix.EPOLL_CTL_ADD, c, side, events); err != nil {
		l.refuse(c, "it cannot be watched: "+err.Error(), "")
		return false
	}
	c.ends[side].watched = true
	c.ends[side].room = events&room != 0
	return true
}

func (l *loop) control(op int, c *conn, side int, events uint32) error {
	e := unix.EpollEvent{
		Events: events,
		Fd:     int32(c.slot<<1 | uint32(side)),
		Pad:    int32(l.slots.all[c.slot].generation),
	}
	return unix.EpollCtl(l.epoll, op, c.ends[side].fd, &e)
}
