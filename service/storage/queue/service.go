package queue

import (
	"context"
	"log/slog"
	"sync"
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
	store    queuestore.API
	ops      operations
	readOnly *storage.ReadOnlyNotice
	buffers  sync.Pool // of *buffer
}

var _ storage.Service = (*Service)(nil)

// New makes a Service.
func New(c Config) *Service {
	s := &Service{store: c.Store, readOnly: storage.NewReadOnlyNotice("queues", c.Logger, c.Now)}
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
	return storage.ConvertPolicies[storage.AccessPolicy](q.Policies), nil
}

// PublicAccess is none: queues have no anonymous access.
func (s *Service) PublicAccess(context.Context, *storage.Account, string) storage.PublicAccess {
	return storage.PublicNone
}
