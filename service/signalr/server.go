package signalr

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"reslog/internal/fanout"
	"reslog/resource"
)

// Server is the port of all SignalR services of a node. It is an http.Handler, safe
// for concurrent use.
type Server struct {
	c     Config
	logs  *logs
	peers *peers

	mu       sync.RWMutex
	services map[resource.Key]*service
	closed   bool
	// retiring are services that are deleted and still closing.
	retiring sync.WaitGroup
}

// New makes a Server, which serves what it is asked from then on; who makes it calls
// Run too. It panics without Services, Emitter or Recorder, which is a mistake in the
// program.
func New(c Config) *Server {
	if c.Services == nil || c.Emitter == nil || c.Recorder == nil {
		panic("signalr.New: Services, Emitter and Recorder are required")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{c: c, peers: newPeers(c.Peers), services: make(map[resource.Key]*service)}
	s.logs = newLogs(&s.c)
	c.Services.Watch(s.watch)
	return s
}

// watch follows the services.
func (s *Server) watch(conf Service, gone bool) {
	s.mu.Lock()
	v := s.services[conf.ID.Key()]
	switch {
	case s.closed:
		s.mu.Unlock()
	case gone && v != nil:
		delete(s.services, conf.ID.Key())
		s.peers.forget(conf.ID)
		s.retiring.Add(1)
		s.mu.Unlock()
		go func() {
			defer s.retiring.Done()
			v.retire()
			s.forget(conf.ID)
		}()
	case gone:
		s.mu.Unlock()
	case v == nil:
		s.services[conf.ID.Key()] = newService(s, conf)
		s.mu.Unlock()
	default:
		s.mu.Unlock()
		v.change(conf)
	}
}

// service returns the one that a request is for.
func (s *Server) service(host string) (*service, bool) {
	conf, ok := s.c.Services.ByHost(host)
	if !ok {
		return nil, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.services[conf.ID.Key()]
	return v, ok
}

// all returns the services of the moment.
func (s *Server) all() []*service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*service, 0, len(s.services))
	for _, v := range s.services {
		list = append(list, v)
	}
	return list
}

// ServeHTTP serves clients, application servers and callers of the REST API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, ok := s.service(r.Host)
	if !ok {
		http.Error(w, "there is no SignalR service at this host", http.StatusNotFound)
		return
	}
	switch path := r.URL.Path; {
	case path == "/client" || strings.HasPrefix(path, "/client/"):
		v.transport.ServeHTTP(w, r)
	case path == "/server" || strings.HasPrefix(path, "/server/"):
		v.servers.ServeHTTP(w, r)
	case path == "/health" || path == "/api/health" || path == "/api/v1/health":
		health(w, r)
	case strings.HasPrefix(path, "/api/"):
		v.rest.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// health says that the service is there. It needs no token.
func health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// closeTime is how long closing may take: clients and servers have it to take what was
// sent, and upstreams to hear of the end of clients.
const closeTime = 10 * time.Second

// Run looks after connections every second, and measures, until ctx is done. Then all
// connections are closed, and their logs handed over. It returns nil.
func (s *Server) Run(ctx context.Context) error {
	done := make(chan struct{})
	var saving sync.WaitGroup
	saving.Go(func() { s.saveAll(done) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case <-tick.C:
			s.tick(s.c.Now())
		}
	}
	s.close()
	close(done)
	s.logs.close()
	saving.Wait()
	return nil
}

// tick does what is due.
func (s *Server) tick(now time.Time) {
	load := float64(noLoad)
	if s.c.Load != nil {
		if percent, ok := s.c.Load(); ok {
			load = percent
		}
	}
	for _, v := range s.all() {
		v.tick(now, load)
	}
}

func (s *Server) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	all := s.all()
	fanout.Do(len(all), len(all), func(i int) { all[i].retire() })
	s.retiring.Wait()
}

// Reload closes all clients, which then connect again. reason is for the logger.
func (s *Server) Reload(reason string) {
	s.c.Logger.Info("SignalR clients are told to connect again", "reason", reason)
	for _, v := range s.all() {
		v.reload()
	}
}
