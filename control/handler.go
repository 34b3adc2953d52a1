package control

import (
	"net/http"
	"strings"
)

// Parts are what the control listener serves; each authenticates its own
// requests.
type Parts struct {
	// Local is the local API, under /local/.
	Local http.Handler
	// SignIn are the endpoints of the token issuer.
	SignIn http.Handler
	// TenantID is the tenant that SignIn answers for, beside adfs and common.
	TenantID string
	// ARM is the Resource Manager API: everything else.
	ARM http.Handler
}

// NewHandler returns the handler of the control listener.
func NewHandler(p Parts) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case first == "local":
			p.Local.ServeHTTP(w, r)
		case p.signsIn(first, r.URL.Path):
			p.SignIn.ServeHTTP(w, r)
		default:
			p.ARM.ServeHTTP(w, r)
		}
	})
}

// signsIn reports whether a path is one of an authority: of the tenant, or of
// whatever tenant somebody believes is there, which deserves the answer that it
// is not.
func (p *Parts) signsIn(first, path string) bool {
	switch strings.ToLower(first) {
	case "adfs", "common", "organizations", "consumers", strings.ToLower(p.TenantID):
		return true
	}
	path = strings.ToLower(path)
	return strings.HasSuffix(path, "/.well-known/openid-configuration") || strings.HasSuffix(path, "/oauth2/token") ||
		strings.HasSuffix(path, "/oauth2/v2.0/token")
}
