package transport

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ErrTooLarge is that a client sent more at once than Config.MaxMessage.
var ErrTooLarge = errors.New("the client sent a message that is too large")

// BearerToken returns the token that a request carries, "" if there is none: that of
// the header Authorization, or else the access_token of the query, which browsers use
// where they cannot set headers: to open WebSockets and server-sent events.
func BearerToken(r *http.Request) string {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return ""
		}
		return strings.TrimSpace(token)
	}
	if wantsWebSocket(r) || wantsEvents(r) {
		return r.URL.Query().Get("access_token")
	}
	return ""
}

func wantsWebSocket(r *http.Request) bool {
	return hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

func wantsEvents(r *http.Request) bool {
	for _, v := range r.Header.Values("Accept") {
		if strings.Contains(strings.ToLower(v), "text/event-stream") {
			return true
		}
	}
	return false
}

func hasToken(h http.Header, key, token string) bool {
	for _, v := range h.Values(key) {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// newID returns 22 characters drawn at random, 128 bits, and the suffix.
func newID(suffix string) string {
	var b [16]byte
	rand.Read(b[:]) // does not fail
	return base64.RawURLEncoding.EncodeToString(b[:]) + suffix
}

// publicQuery is the query without what is secret.
func publicQuery(u *url.URL) string {
	q := u.Query()
	q.Del("access_token")
	q.Del("id")
	return q.Encode()
}

// publicHeader is a copy without what is secret.
func publicHeader(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Authorization")
	return h
}

func callerOf(r *http.Request) netip.Addr {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}

// answer writes a text, which may be empty.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	if text != "" {
		io.WriteString(w, text) //nolint:errcheck // a caller that is gone needs no answer
	}
}

func refuse(w http.ResponseWriter, r *Refusal) {
	for k, vs := range r.Header {
		w.Header()[k] = vs
	}
	if r.Text == "" {
		w.WriteHeader(r.Status)
		return
	}
	answer(w, r.Status, r.Text)
}

func noCache(h http.Header) {
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
}
