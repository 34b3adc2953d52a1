package relay

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"reslog/service/redis/event"
)

// What an event that is not of a connection has in place of a slot.
const (
	ofListener = -1
	ofWake     = -2
)

// What sockets are watched for: incoming always, room when they did not take all, or
// are connecting. Changes are told once (edge-triggered), so a socket is registered
// once and the kernel need not look at it again while it is served.
const (
	incoming = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	room     = unix.EPOLLOUT
	over     = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
)

// loop moves the bytes of some of the connections. Everything below belongs to its
// goroutine, but for what is under mu, and count.
type loop struct {
	engine *eventLoops
	relay  *Relay
	epoll  int
	wake   int // an eventfd
	// reserve is a file that is closed to accept a client when no more can be opened.
	reserve int
	start   time.Time
	buffer  [chunk]byte
	events  [256]unix.EpollEvent
	slots   slots
	// again are connections that had their turn and have more to do.
	again []*conn
	spare []*[chunk]byte // buffers
	// spareReady is an empty slice for ready.
	spareReady []*conn

	headers, connects, retries, lingers deadlines
	// paused is when the listener is watched again; 0 is that it is.
	paused time.Duration

	count atomic.Int64 // connections

	// left says that there is something under mu, asleep that the loop waits for the
	// kernel and must be roused.
	left, asleep atomic.Bool

	mu       sync.Mutex
	handed   []accepted // by other loops
	ready    []*conn    // their Taps have become so
	stopping bool
}

func newLoop(e *eventLoops) (*loop, error) {
	l := &loop{engine: e, relay: e.relay, start: time.Now(), epoll: -1, wake: -1, reserve: -1}
	if err := l.open(); err != nil {
		l.free()
		return nil, fmt.Errorf("make an event loop: %w", err)
	}
	return l, nil
}

func (l *loop) open() (err error) {
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return err
	}
	if l.reserve, err = openReserve(); err != nil {
		return err
	}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: ofWake}); err != nil {
		return err
	}
	return l.listen()
}

func openReserve() (int, error) {
	return unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// listen watches the listener. One client wakes one loop.
func (l *loop) listen() error {
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.engine.listener, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLEXCLUSIVE, Fd: ofListener})
}

func (l *loop) free() {
	for _, fd := range []int{l.epoll, l.wake, l.reserve} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// stop makes run close everything and return.
func (l *loop) stop() {
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	l.rouse()
}

// rouse makes the loop look at what is under mu.
func (l *loop) rouse() {
	if l.left.Swap(true) {
		return // somebody did, and it has not looked yet
	}
	if l.asleep.Load() {
		_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only when it is awake anyway
	}
}

// wakeUp has the loop look at a connection again.
func (l *loop) wakeUp(c *conn) {
	l.mu.Lock()
	l.ready = append(l.ready, c)
	l.mu.Unlock()
	l.rouse()
}

// now is the time since the loop was made.
func (l *loop) now() time.Duration { return time.Since(l.start) }

func (l *loop) run() error {
	for {
		n, err := l.wait()
		if err != nil {
			l.closeAll()
			return err
		}
		for i := range n {
			l.dispatch(&l.events[i])
		}
		if l.left.Load() && !l.takeLeft() {
			l.closeAll()
			return nil
		}
		l.continueAll()
		l.expireAll()
	}
}

// wait returns the number of events. It asks first without letting the scheduler
// know: when there is much to do there are some.
func (l *loop) wait() (int, error) {
	n, err := poll(l.epoll, l.events[:])
	if n > 0 || len(l.again) > 0 {
		return n, nil
	}
	if err == nil {
		n, err = l.sleep()
	}
	if errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	return max(n, 0), err
}

// sleep waits for events, unless somebody left something.
func (l *loop) sleep() (int, error) {
	l.asleep.Store(true)
	defer l.asleep.Store(false)
	if l.left.Load() {
		return 0, nil
	}
	return unix.EpollWait(l.epoll, l.events[:], l.timeout())
}

// dispatch does what an event asks for.
func (l *loop) dispatch(e *unix.EpollEvent) {
	switch e.Fd {
	case ofListener:
		l.accept()
		return
	case ofWake:
		var b [8]byte
		_, _ = unix.Read(l.wake, b[:]) // what it was woken for is under mu
		return
	}
	c := l.slots.get(uint32(e.Fd)>>1, uint32(e.Pad))
	if c == nil {
		return
	}
	side := int(e.Fd & 1)
	at := &c.ends[side]
	if e.Events&(unix.EPOLLIN|over) != 0 {
		at.readable = true
	}
	if e.Events&over != 0 {
		at.gone = true
	}
	switch {
	case c.stage == moving:
		l.moveAt(c, side, e.Events)
	case side == server:
		l.connectEnded(c, e.Events)
	case c.stage == heading:
		l.readHeader(c)
	case c.stage == leaving:
		l.leave(c)
	case e.Events&unix.EPOLLERR != 0:
		l.close(c, event.ByClient)
	}
}

// takeLeft takes what other goroutines left, and reports whether the loop goes on.
func (l *loop) takeLeft() bool {
	l.left.Store(false)
	l.mu.Lock()
	handed, ready, stopping := l.handed, l.ready, l.stopping
	l.handed, l.ready = nil, l.spareReady[:0]
	l.mu.Unlock()
	for _, a := range handed {
		l.begin(a)
	}
	for _, c := range ready {
		l.resume(c)
	}
	clear(ready)
	l.spareReady = ready
	return !stopping
}

// closeAll closes what is open when the loop stops.
func (l *loop) closeAll() {
	l.mu.Lock()
	l.stopping = true // no loop hands over any more
	l.mu.Unlock()
	l.takeLeft()
	for i := range l.slots.all {
		if c := l.slots.all[i].conn; c != nil {
			l.close(c, event.Stopped)
		}
	}
}

// continueAll gives those that have more to do their next turn.
func (l *loop) continueAll() {
	again := l.again
	l.again = nil
	for _, c := range again {
		if l.slots.has(c) && c.stage == moving {
			l.move(c, client)
			if l.slots.has(c) {
				l.move(c, server)
			}
		}
	}
}

// timeout is how long to wait for events, in milliseconds; -1 is for ever.
func (l *loop) timeout() int {
	next := l.paused
	for _, d := range []*deadlines{&l.headers, &l.connects, &l.retries, &l.lingers} {
		if d.head != nil && (next == 0 || d.head.due < next) {
			next = d.head.due
		}
	}
	if next == 0 {
		return -1
	}
	return int(max(0, next-l.now()+time.Millisecond-1) / time.Millisecond)
}

// expireAll does what is due.
func (l *loop) expireAll() {
	if l.headers.head == nil && l.connects.head == nil && l.retries.head == nil && l.lingers.head == nil && l.paused == 0 {
		return
	}
	now := l.now()
	for c := l.headers.take(now); c != nil; c = l.headers.take(now) {
		l.refuse(c, "its PROXY header did not come in time", "")
	}
	for c := l.connects.take(now); c != nil; c = l.connects.take(now) {
		l.abandon(c, unix.ETIMEDOUT)
	}
	for c := l.retries.take(now); c != nil; c = l.retries.take(now) {
		l.connect(c)
	}
	for c := l.lingers.take(now); c != nil; c = l.lingers.take(now) {
		l.close(c, c.why)
	}
	if l.paused != 0 && l.paused <= now {
		l.paused = 0
		if err := l.listen(); err != nil {
			l.relay.log.warn("the listener cannot be watched again", "err", err)
			l.pause()
		}
	}
}
