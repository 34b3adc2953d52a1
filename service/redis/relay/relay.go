package relay

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// What is said to clients that are not served. The words of tooMany are those of
// Redis, which clients know.
const (
	unreachable = "-ERR the server behind this proxy cannot be reached\r\n"
	tooMany     = "-ERR max number of clients reached\r\n"
)

const (
	// chunk is how much is read at once, and the most that is held of a side that
	// does not take its bytes.
	chunk = 64 << 10
	// goodbye is how long a client that was told that there is no server has to close.
	goodbye = time.Second
	// keepalive is how long a connection is silent before it is probed. Redis has the
	// same.
	keepalive = 300 * time.Second
)

// Relay moves bytes between the clients of its listeners and a server.
type Relay struct {
	config  Config
	servers *servers
	log     *calm
	open    atomic.Int64
	// linger is how long a client may be silent after the server ended.
	linger time.Duration
}

// New makes a Relay. It panics when c has no Open.
func New(c Config) *Relay {
	if c.Open == nil {
		panic("relay: Config.Open is missing")
	}
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 5*time.Second)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 10*time.Second)
	c.MaxConnections = cmp.Or(c.MaxConnections, 65_000)
	log := &calm{log: c.Logger}
	return &Relay{config: c, log: log, linger: 5 * time.Second, servers: newServers(c.Upstream, c.ConnectTimeout, log)}
}

// Serve takes the connections of l until ctx is done, then closes l and all
// connections, and returns nil once every Tap is closed. Any other return is an error
// that leaves nothing open either.
func (r *Relay) Serve(ctx context.Context, l net.Listener) error {
	return r.serve(ctx, l, r.engine(l))
}

func (r *Relay) serve(ctx context.Context, l net.Listener, e engine) error {
	ctx, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer stop()
	// Nobody is accepted before it is known where to; they wait in the backlog.
	r.servers.resolve(ctx)
	following.Go(func() { r.servers.follow(ctx) })
	return e.serve(ctx, l)
}

// engine picks what moves the bytes of a listener.
func (r *Relay) engine(l net.Listener) engine {
	if r.config.TLS == nil && r.config.Upstream.TLS == nil && !r.config.Blocking {
		if e := newEventLoops(r, l); e != nil {
			return e
		}
	}
	return &goroutines{relay: r}
}

// Open is the number of clients that are connected now.
func (r *Relay) Open() int { return int(r.open.Load()) }

// admit counts a client, and reports whether it is not one too many; leave counts it
// off in any case.
func (r *Relay) admit() bool {
	return r.open.Add(1) <= int64(r.config.MaxConnections)
}

func (r *Relay) leave() { r.open.Add(-1) }

// trusts reports whether who connects from a sends a PROXY header.
func (r *Relay) trusts(a netip.Addr) bool {
	for _, p := range r.config.Trusted {
		if p.Contains(a.WithZone("")) { // no prefix contains an address with a zone
			return true
		}
	}
	return false
}
