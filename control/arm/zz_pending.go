package arm

import (
	"context"
	"net/http"
	"slices"

	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/resource"
)

// Stand-ins for the rest of the package, until it is there.

type DeadLetters interface {
	List(ctx context.Context) ([]deliver.DeadLetter, error)
	Replay(ctx context.Context, key string) error
	Discard(ctx context.Context, key string) error
}

type Config struct {
	Auth        Auth
	Settings    *diagnostic.Store
	Ledger      func() []deliver.LedgerEntry
	DeadLetters DeadLetters
}

type Server struct{ cfg Config }

type change struct{ resource string }

func (s *Server) Lookup(resource.ID) (resource.Resource, bool)   { return resource.Resource{}, false }
func (s *Server) authorize(*request, string, string) error       { return nil }
func (s *Server) record(context.Context, *request, change) error { return nil }

func (r *request) wantMethod(methods ...string) error {
	if slices.Contains(methods, r.Method) {
		return nil
	}
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The requested resource does not support http method '%s'.", r.Method)
}
