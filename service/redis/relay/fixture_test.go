package relay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// engines are what the contract is tested with.
func engines() map[string]func(*Relay, net.Listener) engine {
	e := map[string]func(*Relay, net.Listener) engine{
		"goroutines": func(r *Relay, _ net.Listener) engine { return &goroutines{relay: r} },
	}
	if runtime.GOOS == "linux" {
		e["event loops"] = newEventLoops
	}
	return e
}

// each runs a scenario with every engine, with Taps that are always ready, and with Taps
// that are not for a moment now and then.
func each(t *testing.T, scenario func(t *testing.T, n *node)) {
	t.Helper()
	for name, make := range engines() {
		t.Run(name, func(t *testing.T) {
			scenario(t, &node{t: t, name: name, engine: make})
		})
		t.Run(name+", moody", func(t *testing.T) {
			scenario(t, &node{t: t, name: name, engine: make, moody: true})
		})
	}
}

// node is a relay under test.
type node struct {
	t      *testing.T
	name   string
	engine func(*Relay, net.Listener) engine
	config Config
	refuse bool // Open returns nil
	moody  bool // Taps are not always ready
	linger time.Duration
	// prepare changes the relay before it serves.
	prepare func(*Relay)

	relay   *Relay
	address string
	stop    func()

	mu   sync.Mutex
	taps []*tap
}

// start serves until the test ends, or stop is called.
func (n *node) start() {
	n.t.Helper()
	n.config.Open = n.open
	n.relay = New(n.config)
	if n.linger != 0 {
		n.relay.linger = n.linger
	}
	if n.prepare != nil {
		n.prepare(n.relay)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.relay.serve(ctx, l, n.engine(n.relay, l)) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				n.t.Errorf("Serve returned %v", err)
			}
		case <-time.After(patience):
			n.t.Error("Serve does not return")
		}
		if open := n.relay.Open(); open != 0 {
			n.t.Errorf("%d connections are open after Serve returned", open)
		}
		for _, tap := range n.all() {
			if !tap.closed.Load() {
				n.t.Errorf("the tap of %v was not closed", tap.peer)
			}
		}
	})
	n.t.Cleanup(n.stop)
}

func (n *node) open(p Peer, wake func()) Tap {
	if n.refuse {
		return nil
	}
	tap := &tap{t: n.t, peer: p, moody: n.moody, wake: wake, requests: sha256.New(), replies: sha256.New(), ended: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taps = append(n.taps, tap)
	tap.muse()
	return tap
}

func (n *node) all() []*tap {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*tap(nil), n.taps...)
}

// settle waits until all connections are closed, and stops.
func (n *node) settle() {
	n.t.Helper()
	eventually(n.t, "all connections to be closed", func() bool { return n.relay.Open() == 0 })
	n.stop()
}

// only waits for the only connection there was to be closed, and returns its Tap.
func (n *node) only() *tap {
	n.t.Helper()
	var only *tap
	eventually(n.t, "a tap", func() bool {
		all := n.all()
		if len(all) > 1 {
			n.t.Fatalf("%d taps, want one", len(all))
		}
		if len(all) == 1 {
			only = all[0]
		}
		return only != nil
	})
	select {
	case <-only.ended:
	case <-time.After(patience):
		n.t.Fatal("the tap is not closed")
	}
	return only
}

// dial connects a client.
func (n *node) dial() *net.TCPConn {
	n.t.Helper()
	c, err := net.Dial("tcp", n.address)
	if err != nil {
		n.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	n.t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// tap notes what it is told, and that it is told in order.
type tap struct {
	t         *testing.T
	peer      Peer
	moody     bool
	wake      func()
	sulk      atomic.Bool  // the next reply makes it unready
	unready   atomic.Int32 // for how many reasons it is not
	busy      atomic.Bool
	connected atomic.Int32
	local     netip.AddrPort
	requests  hash.Hash
	replies   hash.Hash
	asked     atomic.Int64 // bytes
	answered  atomic.Int64
	closed    atomic.Bool
	why       event.Reason
	ended     chan struct{}
}

func (p *tap) call(what string) func() {
	if !p.busy.CompareAndSwap(false, true) {
		p.t.Errorf("%s overlaps another call", what)
	}
	if p.closed.Load() {
		p.t.Errorf("%s after Close", what)
	}
	return func() { p.busy.Store(false) }
}

func (p *tap) Ready() bool { return p.unready.Load() == 0 }

// muse makes a moody tap unready for a moment, every now and then.
func (p *tap) muse() {
	if !p.moody || rand.IntN(3) > 0 {
		return
	}
	p.unready.Add(1)
	if rand.IntN(4) == 0 {
		p.brighten() // before it was asked
		return
	}
	time.AfterFunc(time.Duration(rand.IntN(300))*time.Microsecond, p.brighten)
}

func (p *tap) brighten() {
	if p.unready.Add(-1) == 0 {
		p.wake()
	}
}

func (p *tap) Connected(local netip.AddrPort) {
	defer p.call("Connected")()
	if p.connected.Add(1) != 1 {
		p.t.Error("Connected twice")
	}
	p.local = local
}

func (p *tap) Request(b []byte) {
	defer p.call("Request")()
	if p.connected.Load() == 0 || len(b) == 0 {
		p.t.Errorf("Request of %d bytes, connected %d times", len(b), p.connected.Load())
	}
	p.muse()
	p.requests.Write(b)
	p.asked.Add(int64(len(b)))
}

func (p *tap) Reply(b []byte) {
	defer p.call("Reply")()
	if p.connected.Load() == 0 || len(b) == 0 {
		p.t.Errorf("Reply of %d bytes, connected %d times", len(b), p.connected.Load())
	}
	p.muse()
	if p.sulk.CompareAndSwap(true, false) {
		p.unready.Add(1)
	}
	p.replies.Write(b)
	p.answered.Add(int64(len(b)))
}

func (p *tap) Close(why event.Reason) {
	defer p.call("Close")()
	p.why = why
	p.closed.Store(true)
	close(p.ended)
}

// want checks how a connection went.
func (p *tap) want(why event.Reason, requests, replies []byte) {
	p.t.Helper()
	if p.why != why {
		p.t.Errorf("closed because %q, want %q", p.why, why)
	}
	check := func(what string, got hash.Hash, n int64, want []byte) {
		if sum := sha256.Sum256(want); !bytes.Equal(got.Sum(nil), sum[:]) {
			p.t.Errorf("the tap saw %d bytes of %s, want these %d", n, what, len(want))
		}
	}
	check("requests", p.requests, p.asked.Load(), requests)
	check("replies", p.replies, p.answered.Load(), replies)
}

// backend is a server behind a relay.
type backend struct {
	t       *testing.T
	l       net.Listener
	serve   func(net.Conn)
	running sync.WaitGroup
	mu      sync.Mutex
	conns   map[net.Conn]bool
	total   atomic.Int64
}

// newBackend serves each connection with a function, at an address.
func newBackend(t *testing.T, network, address string, serve func(net.Conn)) *backend {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{t: t, l: l, serve: serve, conns: make(map[net.Conn]bool)}
	b.running.Go(b.run)
	t.Cleanup(b.finish)
	return b
}

func (b *backend) upstream() Upstream {
	return Upstream{Network: b.l.Addr().Network(), Address: b.l.Addr().String()}
}

func (b *backend) run() {
	for {
		c, err := b.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // out of files, in one of the tests
			continue
		}
		b.total.Add(1)
		b.mu.Lock()
		b.conns[c] = true
		b.mu.Unlock()
		b.running.Go(func() {
			b.serve(c)
			c.Close()
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.conns, c)
		})
	}
}

// finish waits for what is served still, as it ends when the relay or the clients do.
func (b *backend) finish() {
	b.l.Close()
	defer time.AfterFunc(patience, b.close).Stop()
	b.running.Wait()
}

// close is what a server does that is stopped.
func (b *backend) close() {
	b.l.Close()
	b.mu.Lock()
	for c := range b.conns {
		c.Close()
	}
	b.mu.Unlock()
	b.running.Wait()
}

// echo answers with what it is sent. It does without splice(2), whose pipes would be
// open files for a while.
func echo(c net.Conn) { io.Copy(struct{ io.Writer }{c}, c) }

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// ask sends a line to an echo server and waits for it.
func ask(c net.Conn, line string) error {
	if _, err := io.WriteString(c, line); err != nil {
		return err
	}
	b := make([]byte, len(line))
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if string(b) != line {
		return fmt.Errorf("got %q, want %q", b, line)
	}
	return nil
}
