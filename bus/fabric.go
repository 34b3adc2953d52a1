package bus

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// FabricConfig says how nodes are joined.
type FabricConfig struct {
	// Addr is where this node listens for the others, "host:port"; "" is no fabric:
	// OpenFabric returns nil, which is one without other nodes.
	Addr string
	// Peers are the addresses of other nodes, one at least of those that are joined
	// already; from it this node learns of the rest. Its own may be among them.
	Peers []string
	// Secret is the same on all nodes, 16 characters at least: who has it is a node.
	// It is never sent; the connections' keys are made of it. Required with Addr.
	Secret string
	// MaxPending bounds, in bytes, what waits to be sent to a node, and what has come
	// and waits for a channel; beyond it messages are lost, which is logged.
	// 0 is 64 MiB.
	MaxPending int64
	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
}

const (
	minSecret = 16
	// watchInterval is how often it is looked who is there.
	watchInterval = 100 * time.Millisecond
	// inbound is how many messages are taken over at once from the connection.
	inbound = 8192
	// routePing and routePings find out that another node does not answer.
	routePing  = 3 * time.Second
	routePings = 2
)

// Errors of a Fabric that callers branch on.
var (
	// ErrFabricFull is returned by Publish and Ask while MaxPending waits.
	ErrFabricFull = errors.New("too much waits to be sent to other nodes")
	// ErrFabricClosed is returned by Publish and Ask once Close was called.
	ErrFabricClosed = errors.New("the connection to other nodes is closed")
)

// Fabric joins nodes, so that the parts of one speak with their counterparts on others.
// It keeps nothing: a node that is not there misses what is said. Each resource has a
// Channel of its own.
//
//	f, err := bus.OpenFabric(ctx, bus.FabricConfig{Addr: ":6222", Peers: …, Secret: …})
//	hub.New(hub.Config{Peers: f.Channel(resource)})
//
// A nil Fabric is one without other nodes.
type Fabric struct {
	log        *slog.Logger
	name       string // of this process, different after each start
	maxPending int64
	server     *server.Server
	nc         *nats.Conn
	in         chan *nats.Msg
	done       chan struct{}
	closed     sync.Once
	running    sync.WaitGroup
	full       atomic.Bool

	mu       sync.Mutex
	channels map[string]*Channel
	asks     map[string]*asking
}

// OpenFabric listens for other nodes and connects to them. It does not wait until they
// are there; a node that is lost is looked for until Close.
func OpenFabric(ctx context.Context, c FabricConfig) (*Fabric, error) {
	if c.Addr == "" {
		if len(c.Peers) > 0 {
			return nil, errors.New("join nodes: there are peers and no address of this node, give it one")
		}
		return (*Fabric)(nil), nil
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.MaxPending, 64<<20)
	opts, err := fabricOptions(c)
	if err != nil {
		return nil, err
	}
	f := &Fabric{
		log: c.Logger, name: opts.ServerName, maxPending: c.MaxPending,
		in: make(chan *nats.Msg, inbound), done: make(chan struct{}),
		channels: map[string]*Channel{}, asks: map[string]*asking{},
	}
	if err := f.start(ctx, opts); err != nil {
		f.Close()
		return nil, err
	}
	f.running.Go(f.pump)
	f.running.Go(f.watch)
	return f, nil
}

func fabricOptions(c FabricConfig) (*server.Options, error) {
	if len(c.Secret) < minSecret {
		return nil, fmt.Errorf("join nodes: the secret has %d characters, give all nodes the same one of %d at least", len(c.Secret), minSecret)
	}
	host, port, err := splitAddr(c.Addr)
	if err != nil {
		return nil, err
	}
	keys, err := fabricTLS(c.Secret)
	if err != nil {
		return nil, err
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	o := &server.Options{
		ServerName: rand.Text(),
		// Routes are not opened without a listener for clients. It lets in nobody but
		// this process, which goes another way.
		Host: "127.0.0.1", Port: server.RANDOM_PORT,
		CustomClientAuthentication: ownClient(rand.Text()),
		NoSigs:                     true,
		NoSystemAccount:            true,
		MaxPayload:                 maxPayload,
		MaxPending:                 max(c.MaxPending, maxPayload),
		// A node that is slow must not hold up who publishes; watch sees it.
		NoFastProducerStall:   true,
		ReconnectErrorReports: 60, // attempts, one a second
		Cluster: server.ClusterOpts{
			Name: "reslog", Host: host, Port: port,
			PoolSize:     -1, // one connection to each node, in which everything is in order
			TLSConfig:    keys,
			TLSTimeout:   5,
			PingInterval: routePing, MaxPingsOut: routePings,
			WriteDeadline: 5 * time.Second, WriteTimeout: server.WriteTimeoutPolicyClose,
		},
	}
	for _, p := range c.Peers {
		if _, port, err := splitAddr(p); err != nil || port == 0 {
			return nil, fmt.Errorf("join nodes: peer %q is no address, write host:port", p)
		}
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: p})
	}
	return o, nil
}

// ownClient lets in who knows a token that is told to nobody: this process.
type ownClient string

// Check implements server.Authentication.
func (c ownClient) Check(client server.ClientAuthentication) bool {
	return subtle.ConstantTimeCompare([]byte(client.GetOpts().Token), []byte(c)) == 1
}

func splitAddr(addr string) (string, int, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("join nodes: %q is no address, write host:port", addr)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("join nodes: %q has no port, write host:port", addr)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return host, int(port), nil
}

// start runs the server and connects to it.
func (f *Fabric) start(ctx context.Context, opts *server.Options) error {
	ns, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("join nodes: make the server: %w", err)
	}
	fatal := make(chan string, 1)
	ns.SetLoggerV2(fabricLog{serverLog{f.log}, fatal}, false, false, false)
	f.server = ns
	ns.Start()
	if err := awaitRoutes(ctx, ns, fatal); err != nil {
		return err
	}
	f.nc, err = nats.Connect("", nats.InProcessServer(ns),
		nats.Name("reslog fabric"),
		nats.Token(string(opts.CustomClientAuthentication.(ownClient))),
		nats.NoEcho(),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(0, 0),
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(*nats.Conn, error) {}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			f.log.Warn("messages of other nodes are lost", "error", err)
		}),
	)
	if err != nil {
		return fmt.Errorf("join nodes: connect to the server: %w", err)
	}
	if _, err = f.nc.ChanSubscribe(subjectAsk+f.name+".*", f.in); err == nil {
		_, err = f.nc.Subscribe(subjectAnswer+f.name+".*.*", f.answered)
	}
	if err == nil {
		err = f.nc.FlushTimeout(apiTimeout)
	}
	if err != nil {
		return fmt.Errorf("join nodes: subscribe: %w", err)
	}
	return nil
}

func awaitRoutes(ctx context.Context, ns *server.Server, fatal <-chan string) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if ns.ReadyForConnections(20 * time.Millisecond) {
			return nil
		}
		select {
		case text := <-fatal:
			return fmt.Errorf("join nodes: %s", text)
		case <-ctx.Done():
			return fmt.Errorf("join nodes: %w", ctx.Err())
		default:
		}
	}
	return errors.New("join nodes: the server is not ready after 30s")
}

// fabricLog tells what made the server give up.
type fabricLog struct {
	serverLog
	fatal chan<- string
}

func (l fabricLog) Fatalf(format string, v ...any) {
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default:
	}
}

// Addr is where this node listens for others, "" of nil.
func (f *Fabric) Addr() string {
	if f == nil {
		return ""
	}
	if a := f.server.ClusterAddr(); a != nil {
		return a.String()
	}
	return ""
}

// Peers is how many other nodes are there.
func (f *Fabric) Peers() int {
	if f == nil {
		return 0
	}
	return f.server.NumRemotes()
}

// peers are the names of the other nodes, and the most that waits to be sent to one.
func (f *Fabric) peers() (names map[string]bool, pending int64) {
	names = map[string]bool{}
	z, err := f.server.Routez(nil)
	if err != nil {
		return names, 0
	}
	for _, r := range z.Routes {
		if r.RemoteName != "" {
			names[r.RemoteName] = true
		}
		pending = max(pending, int64(r.Pending))
	}
	return names, pending
}

// watch notes when a node does not take what is sent to it: the server bounds that by a
// time only.
func (f *Fabric) watch() {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	known := map[string]bool{}
	for {
		select {
		case <-f.done:
			return
		case <-tick.C:
		}
		names, pending := f.peers()
		for n := range names {
			if !known[n] {
				f.log.Info("another node is there", "node", n, "nodes", len(names))
			}
		}
		for n := range known {
			if !names[n] {
				f.log.Warn("another node is lost", "node", n, "nodes", len(names))
			}
		}
		known = names
		if full := pending > f.maxPending; f.full.Swap(full) != full && full {
			f.log.Warn("another node does not take its messages, they are lost", "bytes", pending)
		}
	}
}

// Close leaves the other nodes. Channels publish nothing any more and get nothing.
func (f *Fabric) Close() {
	if f == nil {
		return
	}
	f.closed.Do(func() {
		close(f.done)
		if f.nc != nil {
			f.nc.Close()
		}
		if f.server != nil {
			f.server.Shutdown()
			f.server.WaitForShutdown()
		}
		f.running.Wait()
	})
}

// last is the last token of a subject.
func last(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }
