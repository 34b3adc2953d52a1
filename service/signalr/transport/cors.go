package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// requestHeaders are those that SignalR clients send, for a preflight that names none.
const requestHeaders = "authorization, content-type, x-requested-with, x-signalr-user-agent"

// cors tells browsers that the origin of a request may read the answer. Refusals need
// that as well: a client sees no status otherwise. It reports false if the origin is not
// allowed.
func (h *Handler) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	w.Header().Add("Vary", "Origin")
	if !h.allows(origin, r.Host) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	return true
}

func (h *Handler) allows(origin, host string) bool {
	if h.cfg.Origins == nil {
		return true
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, host) {
		return true
	}
	return slices.ContainsFunc(h.cfg.Origins, func(o string) bool {
		return o == "*" || strings.EqualFold(strings.TrimSuffix(o, "/"), origin)
	})
}

// preflight answers what browsers ask before a request from another origin. With
// credentials "*" means nothing, so that what was asked for is repeated.
func preflight(w http.ResponseWriter, r *http.Request) {
	asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", ")
	if asked == "" {
		asked = requestHeaders
	}
	w.Header().Add("Vary", "Access-Control-Request-Headers")
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	w.Header().Set("Access-Control-Allow-Headers", asked)
	w.Header().Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}
