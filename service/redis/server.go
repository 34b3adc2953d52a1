package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"reslog/service/redis/audit"
	"reslog/service/redis/connections"
	"reslog/service/redis/event"
	"reslog/service/redis/relay"
)

// databaseType is the resource type of Config.Database.
const databaseType = "Microsoft.Cache/redisEnterprise/databases"

// Server is the proxy of one database and the end of its audit stream. It is safe for
// concurrent use.
type Server struct {
	c         Config
	endpoints []*endpoint
	origins   []*origin
	book      *connections.Book
	audit     *audit.Listener // nil without an audit stream

	accepted, refused, unkept atomic.Int64
	logins                    [statuses]atomic.Int64
	toldLate                  atomic.Int64 // Unix seconds
	closing                   sync.Once
	closed                    error

	mu   sync.Mutex
	live map[int64]*tap // by connection
}

// endpoint is one that is served.
type endpoint struct {
	Endpoint
	server *Server
	origin *origin
	guard  *guard // nil: everybody is let through
}

// New opens the book of connections: those that a dead process left open are closed,
// with records, when it returns. It refuses, with an error that wraps ErrOpen, to lead
// others to a server that protects itself from them, see protected.go.
//
// Who calls it calls Serve or Close. The listeners are the Server's from then on; when
// New fails they are the caller's.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("set up the Redis front end: %w", err)
	}
	n, err := newEncoder(c.Database, c.Location, c.Details)
	if err != nil {
		return nil, err
	}
	s := &Server{c: c, live: make(map[int64]*tap)}
	for _, e := range c.Endpoints {
		s.endpoints = append(s.endpoints, s.newEndpoint(e))
	}
	ctx := context.Background()
	if err := s.checkGuards(ctx); err != nil {
		return nil, err
	}
	s.book, err = connections.Open(ctx, connections.Config{
		Dir:     filepath.Join(c.Dir, "connections"),
		Out:     &out{n, c.Emitter, c.Stream},
		Refused: s.late,
		Logger:  c.Logger,
		Now:     c.Now,
		NewID:   newEventID,
	})
	if err != nil {
		return nil, fmt.Errorf("open the book of Redis connections: %w", err)
	}
	if c.AuditListener != nil {
		s.audit = audit.New(audit.Config{
			Take:   func(e event.Event) { _ = s.take(e) }, // it has been counted and logged
			NewID:  newEventID,
			Logger: c.Logger,
			Now:    c.Now,
		})
	}
	return s, nil
}

// check refuses what is missing and sets what is zero.
func (c *Config) check() error {
	switch {
	case c.Dir == "":
		return errors.New("no folder given, set Config.Dir")
	case c.Emitter == nil || c.Stream == nil || c.Recorder == nil:
		return errors.New("set Config.Emitter, Stream and Recorder")
	case !strings.EqualFold(c.Database.Type(), databaseType):
		return fmt.Errorf("%q is no %s", c.Database, databaseType)
	case len(c.Endpoints) == 0 && c.AuditListener == nil:
		return errors.New("there is neither an endpoint nor an audit listener")
	}
	for _, e := range c.Endpoints {
		if e.Listener == nil || e.Upstream.Address == "" {
			return errors.New("an endpoint has no listener or no server")
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

func (s *Server) newEndpoint(e Endpoint) *endpoint {
	ep := &endpoint{Endpoint: e, server: s, origin: s.origin(e.Upstream)}
	ep.guard = newGuard(&s.c, e, ep.origin.asks.Open)
	return ep
}

// Serve serves until ctx is done or a listener fails. Then it accepts nothing more,
// closes all connections, hands over their events, and closes the book. It returns
// nil when ctx is done and nothing is lost.
func (s *Server) Serve(ctx context.Context) error {
	g, serving := errgroup.WithContext(ctx)
	for _, ep := range s.endpoints {
		g.Go(func() error {
			if err := ep.relay().Serve(serving, ep.Listener); err != nil {
				return fmt.Errorf("serve Redis clients on %s: %w", ep.Listener.Addr(), err)
			}
			return nil
		})
		if ep.guard != nil {
			g.Go(func() error {
				s.watch(serving, ep.guard)
				return nil
			})
		}
	}
	if s.audit != nil {
		g.Go(func() error {
			if err := s.audit.Serve(serving, s.c.AuditListener); err != nil {
				return fmt.Errorf("take the audit stream on %s: %w", s.c.AuditListener.Addr(), err)
			}
			return nil
		})
	}
	if len(s.endpoints) > 0 {
		g.Go(func() error {
			s.measure(serving)
			return nil
		})
	}
	err := g.Wait()
	return errors.Join(err, s.Close())
}

func (ep *endpoint) relay() *relay.Relay {
	c := &ep.server.c
	return relay.New(relay.Config{
		Upstream:       ep.Upstream,
		TLS:            c.TLS,
		Trusted:        c.Trusted,
		Open:           ep.open,
		Refusal:        ep.refusal(),
		Blocking:       c.Audit, // Take waits for the disk
		ConnectTimeout: c.ConnectTimeout,
		MaxConnections: c.MaxConnections,
		Logger:         c.Logger,
	})
}

// closeTime is how long closing the book may take.
const closeTime = 10 * time.Second

// Close closes the book of a Server that is not served, or not any more; Serve does it.
func (s *Server) Close() error {
	s.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if err := s.book.Close(ctx); err != nil {
			s.closed = fmt.Errorf("close the book of Redis connections: %w", err)
		}
	})
	return s.closed
}
