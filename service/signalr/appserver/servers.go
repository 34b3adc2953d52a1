package appserver

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

// ErrNoServer says that no application server is connected to which the client may go.
var ErrNoServer = errors.New("no application server is connected to the hub")

// ErrClosed says that the service is stopping.
var ErrClosed = errors.New("the service is stopping")

// askTimeout bounds what other nodes are waited for: less than the ten seconds for which
// servers wait for an Ack.
const askTimeout = 5 * time.Second

// Servers are the server connections of a service. It may be used by many goroutines.
type Servers struct {
	config Config
	// ctx ends when all is closed.
	ctx    context.Context
	cancel context.CancelFunc
	// stop ends when Close is called: for those that have not said their handshakes.
	stop    context.Context
	halt    context.CancelFunc
	running sync.WaitGroup // requests

	mu     sync.Mutex
	closed bool
	hubs   map[string]*hubState // by name in lower case
	calls  map[callKey]*call
}

// hubState is what Servers know of a hub. All of it is guarded by Servers.mu.
type hubState struct {
	conns   []*conn // after their handshakes
	clients map[string]*binding
	// turn is counted up to spread clients over connections that have as many.
	turn int
	// changed is when the list of servers did.
	changed time.Time
}

// New makes Servers without connections. Close ends them.
func New(c Config) *Servers {
	if c.PingInterval <= 0 {
		c.PingInterval = 5 * time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.HandshakeTimeout <= 0 {
		c.HandshakeTimeout = 15 * time.Second
	}
	if c.InvokeTimeout <= 0 {
		c.InvokeTimeout = 10 * time.Minute
	}
	if c.MaxUnsent <= 0 {
		c.MaxUnsent = 1 << 20
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = serviceprotocol.DefaultMaxMessage
	}
	if c.Instance == "" {
		c.Instance = rand.Text()
	}
	if c.WeakOnly == nil {
		c.WeakOnly = func() bool { return false }
	}
	if c.Admit == nil {
		c.Admit = func() (func(), string) { return func() {}, "" }
	}
	if c.Count == nil {
		c.Count = func(int) bool { return true }
	}
	if c.Capacity == nil {
		c.Capacity = func() int { return 0 }
	}
	if c.Tracing == nil {
		c.Tracing = func() bool { return false }
	}
	if c.Trace == nil {
		c.Trace = func(event.Event) uint64 { return 0 }
	}
	if c.AccessKey == nil {
		c.AccessKey = refuseKey
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Servers{config: c, hubs: map[string]*hubState{}, calls: map[callKey]*call{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.stop, s.halt = context.WithCancel(s.ctx)
	return s
}

// Connected is how many connections of a hub's servers take clients.
func (s *Servers) Connected(hub string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if h := s.hubs[strings.ToLower(hub)]; h != nil {
		for _, c := range h.conns {
			if c.takesClients() {
				n++
			}
		}
	}
	return n
}

// Drop ends all connections, telling why. Servers connect again by themselves.
func (s *Servers) Drop(reason string) {
	for _, c := range s.all() {
		c.end(aborted(reason, ""), websocket.StatusGoingAway)
	}
}

// Close ends all connections, and waits until they have ended or ctx does.
func (s *Servers) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.halt()
	s.Drop(event.ReasonReloading)
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.cancel()
	<-done
	return err
}

// enter counts a request, unless all is closed.
func (s *Servers) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

func (s *Servers) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*conn
	for _, h := range s.hubs {
		list = append(list, h.conns...)
	}
	return list
}

// add takes a connection in and answers its handshake, before any client is bound to it.
// It reports false when all is closed. Another's ID is given a suffix.
func (s *Servers) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	h := s.hubs[c.hub]
	if h == nil {
		h = &hubState{clients: map[string]*binding{}}
		s.hubs[c.hub] = h
	}
	if slices.ContainsFunc(h.conns, func(o *conn) bool { return o.id == c.id }) {
		c.id += "-" + rand.Text()
	}
	h.conns = append(h.conns, c)
	h.changed = s.config.Now()
	c.send(&serviceprotocol.HandshakeResponse{ConnectionID: c.id})
	c.greeted.Store(true)
	return true
}

// remove takes a connection out and sees to its clients: they are moved if the server
// allows it, and end otherwise.
func (s *Servers) remove(c *conn, why ending) {
	s.mu.Lock()
	h := s.hubs[c.hub]
	h.conns = slices.DeleteFunc(h.conns, func(o *conn) bool { return o == c })
	h.changed = s.config.Now()
	list := make([]*binding, 0, len(c.clients))
	for _, b := range c.clients {
		list = append(list, b)
	}
	s.mu.Unlock()

	reason := event.ReasonServerDropped
	if why.reason == event.ReasonReloading {
		reason = why.reason
	}
	move := c.migration == serviceprotocol.MigrationAny && reason != event.ReasonReloading
	for _, b := range list {
		if move && s.move(b, c) {
			continue
		}
		if s.unbind(b, c) {
			b.client.End(reason, "", true)
		}
	}
	close(c.released)
	s.tidy(c.hub)
}

// tidy forgets a hub that nobody is in.
func (s *Servers) tidy(hub string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hubs[hub]; h != nil && len(h.conns) == 0 && len(h.clients) == 0 {
		delete(s.hubs, hub)
	}
}
