package relay

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reslog/service/redis/event"
)

const (
	// pause is how long a loop does not accept when there are no more files.
	pause = 100 * time.Millisecond
	// retry is when a Unix socket whose backlog is full is tried again: nothing tells
	// when it is not.
	retry = 5 * time.Millisecond
)

// connect begins a connection to the next address of the server, or the one after it
// if that fails at once.
func (l *loop) connect(c *conn) {
	if l.relay.servers.unix() {
		l.connectUnix(c)
		return
	}
	err := errNoAddress
	for left := len(c.addresses) - c.tried; left > 0; left-- {
		family, to := sockaddr(c.addresses[c.address()])
		if err = l.dial(c, family, to); err == nil {
			// Each address gets its share of the time.
			now := l.now()
			l.connects.add(c, now+(c.until-now)/time.Duration(left))
			if l.watch(c, server, incoming|room) && remoteAddr(c.ends[server].fd).IsValid() {
				l.connected(c) // at once, as on this host
			}
			return
		}
		c.tried++
	}
	l.unreachable(c, err)
}

// address is the index of the address that is tried.
func (c *conn) address() int { return (c.first + c.tried) % len(c.addresses) }

func (l *loop) connectUnix(c *conn) {
	err := l.dial(c, unix.AF_UNIX, &unix.SockaddrUnix{Name: l.relay.servers.upstream.Address})
	switch now := l.now(); {
	case err == nil:
		if l.watch(c, server, incoming) {
			l.connected(c)
		}
	case err == syscall.EAGAIN && now < c.until: //nolint:errorlint // dial returns what the kernel says
		c.stage = waiting
		l.retries.add(c, now+retry)
	default:
		l.unreachable(c, err)
	}
}

// dial makes the server's end of c. Nil means that it is connected, or will be.
func (l *loop) dial(c *conn, family int, to unix.Sockaddr) error {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	switch to := to.(type) {
	case *unix.SockaddrUnix:
	case *unix.SockaddrInet4:
		err = setOptions(fd, to.Addr[0] != 127)
	default:
		err = setOptions(fd, true)
	}
	if err == nil {
		err = unix.Connect(fd, to)
	}
	if err != nil && err != unix.EINPROGRESS { //nolint:errorlint // of the kernel
		closeFile(fd)
		return err
	}
	c.stage = connecting
	c.ends[server] = end{fd: fd}
	return nil
}

// connectEnded is told what became of the connection to an address.
func (l *loop) connectEnded(c *conn, events uint32) {
	if c.stage != connecting {
		return
	}
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		if errno, err := unix.GetsockoptInt(c.ends[server].fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || errno != 0 {
			l.abandon(c, syscall.Errno(errno))
			return
		}
	}
	if events&room != 0 {
		l.connected(c)
	}
}

// abandon gives up an address, for the next one.
func (l *loop) abandon(c *conn, why error) {
	c.expire()
	closeFile(c.ends[server].fd)
	c.ends[server] = end{fd: -1}
	if c.tried++; c.tried >= len(c.addresses) {
		l.unreachable(c, why)
		return
	}
	l.connect(c)
}

// connected lets the bytes flow.
func (l *loop) connected(c *conn) {
	c.expire()
	local := localAddr(c.ends[server].fd)
	if len(c.addresses) > 0 {
		if local == c.addresses[c.address()] {
			// The kernel gave the socket the port that it looks for, on which nobody
			// listens: it is connected to itself.
			l.abandon(c, unix.ECONNREFUSED)
			return
		}
		l.relay.servers.worked(c.address())
	}
	c.stage, c.addresses = moving, nil
	c.tap.Connected(local)
	if !c.ends[client].watched && !l.watch(c, client, incoming) {
		return
	}
	// What the client has sent already need not be waited for.
	c.ends[client].readable = true
	l.move(c, client)
	if l.slots.has(c) {
		l.move(c, server)
	}
}

// unreachable tells a client that there is no server for it, and has it close.
func (l *loop) unreachable(c *conn, why error) {
	l.relay.servers.failed(why)
	c.why = event.NoServer
	fd := c.ends[client].fd
	_, _ = send(fd, []byte(unreachable)) // else it is only closed
	endWriting(fd)
	if !c.ends[client].watched && !l.watch(c, client, incoming) {
		return
	}
	c.stage = leaving
	l.lingers.add(c, l.now()+goodbye)
	l.leave(c)
}

// leave reads what a client still sends, for a socket that is closed with something
// unread is reset, and the client could lose what it was told.
func (l *loop) leave(c *conn) {
	for range turn {
		n, errno := receive(c.ends[client].fd, l.buffer[:], 0)
		if errno == unix.EAGAIN {
			return
		}
		if n == 0 && errno != unix.EINTR {
			break
		}
	}
	l.close(c, c.why)
}
