package control

import (
	"net/http"
	"strings"
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
		default:
			p.ARM.ServeHTTP(w, r)
		}
	})
}
