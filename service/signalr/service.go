package signalr

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"reslog/resource"
	"reslog/service/signalr/appserver"
	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/rest"
	"reslog/service/signalr/token"
	"reslog/service/signalr/transport"
	"reslog/service/signalr/upstream"
)

// service is a SignalR resource at work.
type service struct {
	server *Server
	id     resource.ID
	conf   atomic.Pointer[Service] // as it is set up now
	hooks  atomic.Pointer[upstream.Caller]

	limits   *limits
	verifier *token.Verifier
	flood    *flood
	figures  figures
	metrics  *metrics
	tracing  atomic.Uint64 // the last ID of a message that was traced
	// saved is what Usage has, unsaved that it did not take the last note; both are of the
	// goroutine that saves.
	saved   Day
	unsaved bool

	hubs      *hub.Hubs
	transport *transport.Handler
	servers   *appserver.Servers
	rest      http.Handler

	mu      sync.Mutex
	clients map[string]*client
	// throttled is the day on which the end of messages was told, since 1970.
	throttled int64

	// closing says that everything is being closed because messages are used up.
	closing atomic.Bool
	// calling is how many goroutines call upstreams, which they do under ctx.
	calling atomic.Int64
	ctx     context.Context
	cancel  context.CancelFunc
}

func newService(s *Server, conf Service) *service {
	v := &service{server: s, id: conf.ID, clients: make(map[string]*client)}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	v.conf.Store(&conf)
	v.limits = newLimits(tierOf(conf.Tier, conf.Units), s.c.Now)
	v.flood = newFlood(s.c.Now)
	v.verifier = token.New(token.Config{Keys: v.keys, KeyByID: v.keyByID, Now: s.c.Now})
	v.setUpstreams()
	v.hubs = hub.New(hub.Config{Peers: s.peers.of(conf.ID), Logger: s.c.Logger, Now: s.c.Now})
	v.transport = transport.New(transport.Config{
		Accept: v.acceptClient,
		Open:   v.open,
		Logger: s.c.Logger,
		Now:    s.c.Now,
	})
	v.servers = appserver.New(appserver.Config{
		Hubs:      v.hubs,
		Accept:    v.acceptServer,
		WeakOnly:  func() bool { return v.mode() == Serverless },
		Admit:     v.admitServer,
		Count:     v.mayCount,
		Capacity:  v.capacity,
		AccessKey: v.serverKey,
		Log:       v.log,
		Tracing:   func() bool { return v.conf.Load().Messaging },
		Trace:     v.trace,
		Logger:    s.c.Logger,
		Now:       s.c.Now,
	})
	v.rest = v.logFailures(rest.New(rest.Config{
		Hubs:      v.hubs,
		Accept:    v.acceptREST,
		Token:     v.clientToken,
		AccessKey: v.restKey,
		Count:     v.mayCount,
		Logger:    s.c.Logger,
		Now:       s.c.Now,
	}))
	v.metrics = newMetrics(v, s.c.Recorder)
	v.restore()
	return v
}

func (v *service) now() time.Time { return v.server.c.Now() }

func (v *service) keys() []string { return v.conf.Load().Keys }

func (v *service) mode() Mode { return v.conf.Load().Mode }

func (v *service) setUpstreams() {
	c := &v.server.c
	old := v.hooks.Swap(upstream.New(upstream.Config{
		Templates: v.conf.Load().Upstreams,
		Keys:      v.keys,
		Allowed:   c.UpstreamHosts,
		Token:     c.ManagedIdentity,
		Transport: c.HTTP,
		Logger:    c.Logger,
	}))
	if old != nil {
		old.Close()
	}
}

// change follows a change of how the service is set up.
func (v *service) change(conf Service) {
	old := v.conf.Swap(&conf)
	if !slices.Equal(old.Upstreams, conf.Upstreams) {
		v.setUpstreams()
	}
	v.limits.set(tierOf(conf.Tier, conf.Units))
	if old.Mode != conf.Mode || old.Tier != conf.Tier {
		v.reload()
		if conf.Mode == Serverless {
			v.servers.Drop(event.ReasonReloading)
		}
	}
}

// log takes events of connections that are no clients.
func (v *service) log(e event.Event) {
	v.figures.count(&e)
	if e.Side == event.Server && e.ConnectionID != "" && e.Collection == event.Connection {
		v.server.logs.putMust(v.conf.Load(), e, false)
		return
	}
	v.server.logs.put(v.conf.Load(), e, false)
}

// list returns the clients of the moment.
func (v *service) list() []*client {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := make([]*client, 0, len(v.clients))
	for _, c := range v.clients {
		list = append(list, c)
	}
	return list
}

// reload tells all clients to connect again.
func (v *service) reload() {
	for _, c := range v.list() {
		c.end(ending{reason: event.ReasonReloading, text: "Service reloading, please reconnect.", reconnect: true})
	}
}

// retire closes everything.
func (v *service) retire() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	v.reload()
	var closing sync.WaitGroup
	closing.Go(func() { _ = v.transport.Close(ctx) }) // who does not go is cut off
	closing.Go(func() { _ = v.servers.Close(ctx) })
	closing.Wait()
	v.reload() // those that came meanwhile
	v.waitForCalls(ctx)
	v.cancel()
	v.metrics.close()
}

// waitForCalls waits until upstreams have heard of the end of all clients.
func (v *service) waitForCalls(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for v.calling.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tick looks after the clients, and measures.
func (v *service) tick(now time.Time, load float64) {
	for _, c := range v.list() {
		c.tick(now)
	}
	v.flood.tick(now, v.log)
	v.metrics.sample(now, load)
}

// admitServer is appserver.Config's Admit.
func (v *service) admitServer() (leave func(), reason string) {
	if v.limits.exhausted() {
		v.exhausted()
		return nil, "Maximum message count limit reached: " + strconv.FormatInt(v.limits.hard.Load(), 10)
	}
	if v.mode() == Serverless {
		return func() {}, "" // only clients count
	}
	if !v.limits.admitServer() {
		v.figures.userErrors.Add(1)
		v.log(event.Event{
			Operation:  event.ConnectionThrottled,
			Level:      event.Warning,
			Collection: event.Throttling,
			Message:    event.ReasonConnectionLimit,
			Side:       event.Server,
		})
		return nil, event.ReasonConnectionLimit
	}
	return sync.OnceFunc(v.limits.leaveServer), ""
}

// mayCount is the Count of appserver and rest: it tells whether there are messages left.
// They are counted where they go out, by each client.
func (v *service) mayCount(int) bool {
	if v.limits.exhausted() {
		v.exhausted()
		return false
	}
	return true
}

// capacity is appserver.Config's Capacity.
func (v *service) capacity() int {
	_, _, most := v.limits.counts()
	return most
}
