package transport

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// errNoPoll is that a client of long polling stays away.
var errNoPoll = errors.New("the client does not poll any more")

// post serves what a client sends beside server-sent events and long polling.
func (h *Handler) post(w http.ResponseWriter, r *http.Request, grant Grant) {
	c, refusal := h.lookup(r, grant)
	if refusal != nil {
		refuse(w, refusal)
		return
	}
	if c.kind == WebSockets {
		answer(w, http.StatusMethodNotAllowed, textPost)
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) //nolint:errcheck // a writer without deadlines has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.cfg.MaxMessage)))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		answer(w, status, "")
		return
	}
	// Those that wait are served in the order in which they came.
	select {
	case c.web.receiving <- struct{}{}:
		defer func() { <-c.web.receiving }()
	case <-r.Context().Done():
		return
	}
	if !c.receive(body) {
		answer(w, http.StatusNotFound, textUnknown)
		return
	}
	answer(w, http.StatusOK, "")
}

// remove serves DELETE, the end of long polling.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request, grant Grant) {
	c, refusal := h.lookup(r, grant)
	if refusal != nil {
		refuse(w, refusal)
		return
	}
	if c.kind != LongPolling {
		answer(w, http.StatusBadRequest, textDelete)
		return
	}
	c.leave()
	answer(w, http.StatusAccepted, "")
}

// leave ends long polling because the client says so. A poll that waits is answered.
func (c *conn) leave() {
	c.mu.Lock()
	c.ending(End{By: ByClient})
	c.queue = nil
	c.mu.Unlock()
	c.finish()
}
