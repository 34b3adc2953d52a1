package blob

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"reslog/record"
	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Config is what a Service is made of.
type Config struct {
	// Store keeps containers and blobs. Required.
	Store blobstore.Store
	// Accounts are the accounts of this node; a copy may name any of them as
	// its source. Nil means that a copy stays inside the account of the request.
	Accounts storage.Accounts
	// AllowCopyHosts are the hosts, "host" or "host:port", from which the
	// operations that read from a URL may read over the network. Empty means
	// none: then only blobs of this node can be the source.
	AllowCopyHosts []string
	// Copies is how many Copy Blob operations from those hosts run at a time;
	// more wait. Zero means 4.
	Copies int
	// CopyTimeout ends a copy that takes longer; zero means two weeks, as the
	// real service. CopyStall ends one whose source sends nothing for that
	// long; zero means a minute.
	CopyTimeout, CopyStall time.Duration
	// Transport reads those sources. Nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Properties are the operations on the service itself, which the parent
	// package does. Nil ones are refused as not implemented.
	Properties storage.PropertyOperations
	// Emitter takes the records of the requests inside a batch, each of which is
	// one of its own; Audit says that it is in audit mode. They are those of the
	// Front in front of this Service. Nil keeps no records.
	Emitter record.Emitter
	Audit   bool
	// Observe is told of the requests inside a batch, as the Front's is of all
	// others. Nil does nothing.
	Observe func(storage.Observation)
	// RehydrateAfter is how long an archived blob takes to come back. Zero
	// means no time: it can be read right after Set Blob Tier.
	RehydrateAfter time.Duration
	// Logger is told of failures that no client sees. Nil means none.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now. Requests bring their own time, the
	// clock is for what has none.
	Now func() time.Time
}

// Service is the blob service. It implements storage.Service. All that lasts is
// in the Store; of its own it has the copies under way, which Close ends.
type Service struct {
	store     blobstore.Store
	accounts  storage.Accounts
	copyHosts map[string]bool
	client    *http.Client
	log       *slog.Logger
	now       func() time.Time
	ops       operations
	copies    *copies

	rehydrateAfter time.Duration
	emitter        record.Emitter
	audit          bool
	observe        func(storage.Observation)
	readOnly       *storage.ReadOnlyNotice
}

var _ storage.Service = (*Service)(nil)

// New makes a Service.
func New(cfg Config) *Service {
	s := &Service{
		store:     cfg.Store,
		accounts:  cfg.Accounts,
		copyHosts: make(map[string]bool, len(cfg.AllowCopyHosts)),
		log:       cfg.Logger,
		now:       cfg.Now,

		rehydrateAfter: cfg.RehydrateAfter,
		emitter:        cfg.Emitter,
		audit:          cfg.Audit,
		observe:        cfg.Observe,
	}
	for _, h := range cfg.AllowCopyHosts {
		s.copyHosts[strings.ToLower(h)] = true
	}
	transport := cfg.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	s.client = &http.Client{
		Transport: transport,
		// A redirect could lead to a host that is not allowed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.readOnly = storage.NewReadOnlyNotice("blobs", cfg.Logger, cfg.Now)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.copies = newCopies(s, &cfg, uuid.NewString())
	s.ops = s.operations(cfg.Properties)
	return s
}

// Close ends the copies that are under way, which fail, and waits for them. The
// Store must still be open.
func (s *Service) Close() error {
	s.copies.close()
	return nil
}

// Kind says that this is the blob service.
func (s *Service) Kind() storage.Kind { return storage.Blob }

// Policies returns the stored access policies of a container.
func (s *Service) Policies(ctx context.Context, a *storage.Account, name string) ([]storage.AccessPolicy, error) {
	c, err := s.store.Container(ctx, a.Name, name)
	if err != nil {
		return nil, s.storeError(err)
	}
	return storage.ConvertPolicies[storage.AccessPolicy](c.Policies), nil
}

// PublicAccess returns what anonymous clients may read of a container; nothing
// of one that does not exist or that the system owns.
func (s *Service) PublicAccess(ctx context.Context, a *storage.Account, container string) storage.PublicAccess {
	if isSystem(container) {
		return storage.PublicNone
	}
	c, err := s.store.Container(ctx, a.Name, container)
	if err != nil {
		return storage.PublicNone
	}
	return storage.PublicAccess(c.PublicAccess)
}
