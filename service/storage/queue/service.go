package queue

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// Config is what a Service is made of.
type Config struct {
	// Store keeps queues and messages. Required.
	Store queuestore.API
	// Properties are the operations on the service itself, which the parent
	// package does. Nil ones are refused as not implemented.
	Properties storage.PropertyOperations
	// Logger is told of failures that no client sees. Nil means none.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now. Requests bring their own time, the
	// clock is for what has none.
	Now func() time.Time
}

// Service is the queue service. It implements storage.Service and keeps nothing:
// all that lasts is in the Store.
type Service struct {
	store queuestore.API
	log   *slog.Logger
	now   func() time.Time
	ops   operations

	buffers      sync.Pool    // of *buffer
	toldReadOnly atomic.Int64 // when the log last said so, in ns since 1970
}

var _ storage.Service = (*Service)(nil)

// New makes a Service.
func New(c Config) *Service {
	s := &Service{store: c.Store, log: c.Logger, now: c.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.ops = s.operations(c.Properties)
	return s
}

// Kind says that this is the queue service.
func (s *Service) Kind() storage.Kind { return storage.Queue }

// Policies returns the stored access policies of a queue.
func (s *Service) Policies(ctx context.Context, a *storage.Account, name string) ([]storage.AccessPolicy, error) {
	q, err := s.store.Queue(ctx, a.Name, name)
	if err != nil {
		return nil, s.storeError(err)
	}
	return policies(&q), nil
}

func policies(q *queuestore.Queue) []storage.AccessPolicy {
	list := make([]storage.AccessPolicy, len(q.Policies))
	for i, p := range q.Policies {
		list[i] = storage.AccessPolicy(p)
	}
	return list
}

// PublicAccess is none: queues have no anonymous access.
func (s *Service) PublicAccess(context.Context, *storage.Account, string) storage.PublicAccess {
	return storage.PublicNone
}
