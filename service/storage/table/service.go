package table

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// Config is what a Service is made of.
type Config struct {
	// Store keeps tables and entities. Required.
	Store tablestore.API
	// Properties are the operations on the service itself, which the parent
	// package does. Nil ones are refused as not implemented.
	Properties storage.PropertyOperations
	// Logger is told of failures that no client sees. Nil means none.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now. Requests bring their own time, the
	// clock is for what has none.
	Now func() time.Time
}

// Service is the table service. It implements storage.Service and keeps nothing:
// all that lasts is in the Store.
type Service struct {
	store tablestore.API
	log   *slog.Logger
	now   func() time.Time
	ops   operations

	toldReadOnly atomic.Int64 // when the log last said so, in ns since 1970
}

var _ storage.Service = (*Service)(nil)

// New makes a Service.
func New(c Config) *Service {
	s := &Service{store: aliases{c.Store}, log: c.Logger, now: c.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.ops = s.operations(c.Properties)
	return s
}

// Kind says that this is the table service.
func (s *Service) Kind() storage.Kind { return storage.Table }

// Policies returns the stored access policies of a table.
func (s *Service) Policies(ctx context.Context, a *storage.Account, name string) ([]storage.AccessPolicy, error) {
	t, err := s.store.Table(ctx, a.Name, name)
	if err != nil {
		return nil, s.storeError(err)
	}
	policies := make([]storage.AccessPolicy, len(t.Policies))
	for i, p := range t.Policies {
		policies[i] = storage.AccessPolicy(p)
	}
	return policies, nil
}

// PublicAccess is none: tables have no anonymous access.
func (s *Service) PublicAccess(context.Context, *storage.Account, string) storage.PublicAccess {
	return storage.PublicNone
}
