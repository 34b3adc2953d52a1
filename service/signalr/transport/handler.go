package transport

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// closeGrace is how long the client of a connection that was closed may take what
	// was sent before.
	closeGrace = 5 * time.Second
	// writeTimeout is how long a client may take nothing of what is written to it.
	writeTimeout = 30 * time.Second
	// bodyTimeout is how long a POST may take.
	bodyTimeout = 30 * time.Second
)

// The texts of refusals, which tools know.
const (
	textNoID       = "Connection ID required"
	textUnknown    = "No Connection with that ID"
	textChanged    = "Cannot change transports mid-connection"
	textActive     = "The connection is already active"
	textPost       = "POST requests are not allowed for WebSocket connections."
	textDelete     = "Cannot terminate this connection using the DELETE endpoint."
	textNotOffered = " transport not supported by this end point type"
	textStopping   = "The service is stopping."
	textTooMany    = "Too many connections are being negotiated."
)

// Handler serves /client/ and /client/negotiate.
type Handler struct {
	cfg Config

	mu sync.Mutex
	// conns are those that are there, by token; pending were negotiated; ended were
	// ended by us while their client was between two polls, which it has yet to be told.
	conns   map[string]*conn
	pending *expiring[negotiated]
	ended   *expiring[string]
	// drained is there when the Handler closes, and closed when no connection is left.
	drained chan struct{}
}

// negotiated is a connection that is expected.
type negotiated struct {
	id, token, owner string
	reconnects       bool
}

// New returns a Handler. It panics without Accept or Open.
func New(cfg Config) *Handler {
	if cfg.Accept == nil || cfg.Open == nil {
		panic("transport: Config.Accept and Config.Open are required")
	}
	if cfg.Suffix == "" {
		cfg.Suffix = strings.ToLower(rand.Text())[:9]
	}
	cfg.NegotiateTimeout = cmp.Or(cfg.NegotiateTimeout, 15*time.Second)
	cfg.PollTimeout = cmp.Or(cfg.PollTimeout, 90*time.Second)
	cfg.PollGap = cmp.Or(cfg.PollGap, 5*time.Second)
	cfg.ResumeTimeout = cmp.Or(cfg.ResumeTimeout, 30*time.Second)
	cfg.MaxUnsent = cmp.Or(cfg.MaxUnsent, 1<<20)
	cfg.MaxMessage = cmp.Or(cfg.MaxMessage, 1<<20)
	cfg.MaxPending = cmp.Or(cfg.MaxPending, 10_000)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Handler{
		cfg:     cfg,
		conns:   map[string]*conn{},
		pending: newExpiring[negotiated](cfg.NegotiateTimeout),
		ended:   newExpiring[string](max(cfg.PollGap, closeGrace)),
	}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.cors(w, r) {
		answer(w, http.StatusForbidden, "The origin is not allowed.")
		return
	}
	if r.Method == http.MethodOptions {
		preflight(w, r)
		return
	}
	switch r.URL.Path {
	case "/client/negotiate", "/client/negotiate/":
		h.negotiate(w, r)
		return
	case "/client", "/client/":
	default:
		answer(w, http.StatusNotFound, "")
		return
	}
	serve := h.connect
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		serve = h.post
	case http.MethodDelete:
		serve = h.remove
	default:
		answer(w, http.StatusMethodNotAllowed, "")
		return
	}
	grant, refusal := h.cfg.Accept(r)
	if refusal != nil {
		refuse(w, refusal)
		return
	}
	serve(w, r, grant)
}

// connect serves GET: the first or a further one of a transport.
func (h *Handler) connect(w http.ResponseWriter, r *http.Request, grant Grant) {
	kind := LongPolling
	switch {
	case wantsWebSocket(r):
		kind = WebSockets
	case wantsEvents(r):
		kind = ServerSentEvents
	default:
		noCache(w.Header())
	}
	if !grant.allows(kind) {
		answer(w, http.StatusNotFound, string(kind)+textNotOffered)
		return
	}
	c, fresh, refusal := h.find(r.URL.Query().Get("id"), kind, grant)
	if refusal != nil {
		refuse(w, refusal)
		return
	}
	if fresh {
		if refusal := c.open(r, grant); refusal != nil {
			refuse(w, refusal)
			return
		}
	}
	switch kind {
	case WebSockets:
		c.webSocket(w, r, fresh)
	case ServerSentEvents:
		c.events(w, r, fresh)
	case LongPolling:
		c.poll(w, r, fresh)
	}
}

// find returns the connection of a token for a GET. It is fresh if it was only
// negotiated until now, or if there is no token, which WebSockets may do without.
func (h *Handler) find(token string, kind Kind, grant Grant) (c *conn, fresh bool, refusal *Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.cfg.Now()
	if h.drained != nil {
		return nil, false, &Refusal{Status: http.StatusServiceUnavailable, Text: textStopping}
	}
	if token == "" {
		if kind != WebSockets {
			return nil, false, &Refusal{Status: http.StatusBadRequest, Text: textNoID}
		}
		n := negotiated{id: newID(h.cfg.Suffix), token: newID(h.cfg.Suffix), owner: grant.Owner}
		return h.add(n, kind, grant), true, nil
	}
	if c := h.conns[token]; c != nil && c.owner == grant.Owner {
		switch {
		case c.kind != kind:
			return nil, false, &Refusal{Status: http.StatusBadRequest, Text: textChanged}
		case kind != LongPolling && c.isClosing():
			// Polls fetch what is left, and are told the end.
			return nil, false, &Refusal{Status: http.StatusNotFound, Text: textUnknown}
		}
		return c, false, nil
	}
	if n, ok := h.pending.get(now, token); ok && n.owner == grant.Owner {
		h.pending.drop(token)
		return h.add(n, kind, grant), true, nil
	}
	if owner, ok := h.ended.get(now, token); ok && owner == grant.Owner && kind == LongPolling {
		h.ended.drop(token)
		return nil, false, &Refusal{Status: http.StatusNoContent}
	}
	return nil, false, &Refusal{Status: http.StatusNotFound, Text: textUnknown}
}

// add makes a connection; h.mu is held.
func (h *Handler) add(n negotiated, kind Kind, grant Grant) *conn {
	c := &conn{
		h:          h,
		id:         n.id,
		token:      n.token,
		owner:      n.owner,
		kind:       kind,
		reconnects: n.reconnects && kind == WebSockets,
	}
	if kind != WebSockets {
		c.web = &web{
			gap:       cmp.Or(grant.PollTimeout, h.cfg.PollGap),
			wake:      make(chan struct{}, 1),
			receiving: make(chan struct{}, 1),
		}
	}
	h.conns[n.token] = c
	return c
}

// lookup returns the connection of a POST or DELETE.
func (h *Handler) lookup(r *http.Request, grant Grant) (*conn, *Refusal) {
	token := r.URL.Query().Get("id")
	if token == "" {
		return nil, &Refusal{Status: http.StatusBadRequest, Text: textNoID}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.conns[token]
	if c == nil || c.owner != grant.Owner {
		return nil, &Refusal{Status: http.StatusNotFound, Text: textUnknown}
	}
	return c, nil
}

// expect waits for a connection that was negotiated.
func (h *Handler) expect(n negotiated) *Refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.cfg.Now()
	switch {
	case h.drained != nil:
		return &Refusal{Status: http.StatusServiceUnavailable, Text: textStopping}
	case h.pending.count(now) >= h.cfg.MaxPending:
		return &Refusal{
			Status: http.StatusServiceUnavailable,
			Header: http.Header{"Retry-After": {"1"}},
			Text:   textTooMany,
		}
	}
	h.pending.put(now, n.token, n)
	return nil
}

// forget removes a connection that has ended. If the client is to be told, its next poll
// is answered with 204 and not as one of an unknown connection.
func (h *Handler) forget(c *conn, tell bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conns[c.token] != c {
		return
	}
	delete(h.conns, c.token)
	if tell && h.drained == nil {
		now := h.cfg.Now()
		if h.ended.count(now) >= h.cfg.MaxPending {
			h.ended.dropOldest()
		}
		h.ended.put(now, c.token, c.owner)
	}
	if h.drained != nil && len(h.conns) == 0 {
		close(h.drained)
	}
}

// Close closes all connections and lets no more in. It waits until their receivers have
// been told; when ctx ends before, connections are cut off.
func (h *Handler) Close(ctx context.Context) error {
	h.mu.Lock()
	if h.drained == nil {
		h.drained = make(chan struct{})
		if len(h.conns) == 0 {
			close(h.drained)
		}
	}
	conns := make([]*conn, 0, len(h.conns))
	for _, c := range h.conns {
		conns = append(conns, c)
	}
	h.mu.Unlock()

	for _, c := range conns {
		c.Close()
	}
	select {
	case <-h.drained:
		return nil
	case <-ctx.Done():
	}
	for _, c := range conns {
		c.abort()
	}
	select {
	case <-h.drained:
	case <-time.After(time.Second): // a receiver that does not return holds up nobody
	}
	return fmt.Errorf("closing the connections of clients: %w", ctx.Err())
}
