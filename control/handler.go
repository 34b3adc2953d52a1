package control

import (
	"net/http"
	"strings"

	"reslog/control/ingest"
	"reslog/control/query"
)

// SignIn are the endpoints of the token issuer, on paths of which it knows best.
type SignIn interface {
	http.Handler
	Handles(path string) bool
}

// Parts are what the control listener serves; each authenticates its own
// requests.
type Parts struct {
	// Local is the local API, under /local/.
	Local  http.Handler
	SignIn SignIn
	// Query is the Log Analytics query API, Ingest what posts rows; of paths that
	// their packages know.
	Query, Ingest http.Handler
	// ARM is the Resource Manager API: everything else.
	ARM http.Handler
}

// NewHandler returns the handler of the control listener.
func NewHandler(p Parts) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/local/"):
			p.Local.ServeHTTP(w, r)
		case p.SignIn.Handles(r.URL.Path):
			p.SignIn.ServeHTTP(w, r)
		case query.Handles(r.URL.Path):
			p.Query.ServeHTTP(w, r)
		case ingest.Handles(r.URL.Path):
			p.Ingest.ServeHTTP(w, r)
		default:
			p.ARM.ServeHTTP(w, r)
		}
	})
}
