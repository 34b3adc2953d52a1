package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// eventLoops is the engine for plain connections.
type eventLoops struct {
	relay *Relay
	net   *net.TCPListener
	// listener is a descriptor of net's socket, which all loops accept from.
	listener int
	// address is the one it listens on, the zero value when it is every one.
	address netip.AddrPort
	loops   []*loop
}

// newEventLoops returns nil when l is not what loops can serve.
func newEventLoops(r *Relay, l net.Listener) engine {
	t, ok := l.(*net.TCPListener)
	if !ok {
		return nil
	}
	return &eventLoops{relay: r, net: t}
}

func (e *eventLoops) serve(ctx context.Context, _ net.Listener) (err error) {
	defer e.net.Close() // again, when listen failed
	if err := e.listen(); err != nil {
		return fmt.Errorf("take over the listener: %w", err)
	}
	defer unix.Close(e.listener)
	n := e.relay.config.Loops
	if n <= 0 {
		n = min(max(runtime.NumCPU()/2, 1), 4)
	}
	for range n {
		l, err := newLoop(e)
		if err != nil {
			e.close()
			return err
		}
		e.loops = append(e.loops, l)
	}
	defer e.close()
	return e.run(ctx)
}

// run runs the loops until ctx is done or one of them fails.
func (e *eventLoops) run(ctx context.Context) error {
	running, ctx := errgroup.WithContext(ctx)
	for _, l := range e.loops {
		running.Go(l.run)
	}
	<-ctx.Done()
	for _, l := range e.loops {
		l.stop()
	}
	if err := running.Wait(); err != nil {
		return fmt.Errorf("event loop: %w", err)
	}
	return nil
}

func (e *eventLoops) close() {
	for _, l := range e.loops {
		l.free()
	}
}

// listen makes a descriptor of the listener's socket, and sets what the sockets of
// clients have from it.
func (e *eventLoops) listen() error {
	raw, err := e.net.SyscallConn()
	if err != nil {
		return err
	}
	e.listener = -1
	if cerr := raw.Control(func(fd uintptr) {
		e.listener, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	}); cerr != nil {
		return cerr
	}
	if err != nil {
		return err
	}
	// The runtime would be told of every client as well, for nothing: the descriptor
	// alone keeps the socket.
	e.net.Close()
	if a := addrPort(e.net.Addr()); !a.Addr().IsUnspecified() {
		e.address = a
	}
	return setOptions(e.listener, true)
}

// setOptions lets a TCP socket send at once, and probe its peer if that can vanish,
// which one on this host cannot.
func setOptions(fd int, probe bool) error {
	err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err == nil && probe {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	}
	if err == nil && probe {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(keepalive/time.Second))
	}
	return err
}

// lightest is the loop with the fewest connections, own unless it has many more.
func (e *eventLoops) lightest(own *loop) *loop {
	const tolerance = 8
	best, fewest := own, own.count.Load()-tolerance
	for _, l := range e.loops {
		if n := l.count.Load(); n < fewest {
			best, fewest = l, n
		}
	}
	return best
}
