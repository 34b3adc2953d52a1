// Package queue is the queue service of a storage account: every operation of the
// REST API, for versions 2009-09-19 to today's.
package queue

import (
	"context"
	"log/slog"
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
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Service is the queue service. It implements storage.Service and keeps nothing.
type Service struct {
	store queuestore.API
}

var _ storage.Service = (*Service)(nil)

// New makes a Service.
func New(c Config) *Service { return &Service{store: c.Store} }

// Kind says that this is the queue service.
func (s *Service) Kind() storage.Kind { return storage.Queue }

// Route finds the operation of a request.
func (s *Service) Route(*storage.Call) (*storage.Operation, error) {
	return nil, storage.ErrInvalidUri
}

// Policies returns the stored access policies of a queue.
func (s *Service) Policies(ctx context.Context, a *storage.Account, name string) ([]storage.AccessPolicy, error) {
	q, err := s.store.Queue(ctx, a.Name, name)
	if err != nil {
		return nil, err
	}
	policies := make([]storage.AccessPolicy, len(q.Policies))
	for i, p := range q.Policies {
		policies[i] = storage.AccessPolicy(p)
	}
	return policies, nil
}

// PublicAccess is none: queues have no anonymous access.
func (s *Service) PublicAccess(context.Context, *storage.Account, string) storage.PublicAccess {
	return storage.PublicNone
}
