package transport

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// version is the highest of negotiate that is spoken.
const version = 1

// negotiation is the answer of negotiate.
type negotiation struct {
	Version      int         `json:"negotiateVersion"`
	ConnectionID string      `json:"connectionId,omitempty"`
	Token        string      `json:"connectionToken,omitempty"`
	Reconnect    bool        `json:"useStatefulReconnect,omitempty"`
	Transports   []available `json:"availableTransports,omitempty"`
	Error        string      `json:"error,omitempty"`
}

type available struct {
	Transport Kind     `json:"transport"`
	Formats   []string `json:"transferFormats"`
}

// offered are the transports, the best first: clients try them in this order.
var offered = [...]available{
	{WebSockets, []string{"Text", "Binary"}},
	{ServerSentEvents, []string{"Text"}},
	{LongPolling, []string{"Text", "Binary"}},
}

func (h *Handler) negotiate(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		answer(w, http.StatusMethodNotAllowed, "")
		return
	}
	grant, refusal := h.cfg.Accept(r)
	if refusal != nil {
		refuse(w, refusal)
		return
	}
	query := r.URL.Query()
	v, problem := negotiateVersion(query.Get("negotiateVersion"))
	if problem != "" {
		writeNegotiation(w, negotiation{Error: problem})
		return
	}
	n := negotiated{id: newID(h.cfg.Suffix), owner: grant.Owner}
	n.token = n.id
	answer := negotiation{Version: v, ConnectionID: n.id}
	if v > 0 {
		n.token = newID(h.cfg.Suffix)
		answer.Token = n.token
	}
	for _, t := range offered {
		if grant.allows(t.Transport) {
			answer.Transports = append(answer.Transports, t)
		}
	}
	n.reconnects = strings.EqualFold(query.Get("useStatefulReconnect"), "true") && grant.allows(WebSockets)
	answer.Reconnect = n.reconnects
	if refusal := h.expect(n); refusal != nil {
		refuse(w, refusal)
		return
	}
	writeNegotiation(w, answer)
}

// negotiateVersion reads the version that a client asked for; what cannot be had is a
// problem, which the client shows.
func negotiateVersion(asked string) (v int, problem string) {
	if asked == "" {
		return 0, ""
	}
	v, err := strconv.Atoi(asked)
	switch {
	case err != nil:
		return 0, "The client requested a non-integer protocol version."
	case v < 0:
		return 0, "The client requested version '" + strconv.Itoa(v) + "', which the service does not support."
	}
	return min(v, version), ""
}

func writeNegotiation(w http.ResponseWriter, n negotiation) {
	noCache(w.Header())
	w.Header().Set("Content-Type", "application/json")
	var v any = n
	if n.Error != "" {
		// A client takes an answer with a version for one that it may use.
		v = struct {
			Error string `json:"error"`
		}{n.Error}
	}
	json.NewEncoder(w).Encode(v) //nolint:errcheck // a caller that is gone needs no answer
}

func (g Grant) allows(k Kind) bool {
	return g.Allowed == nil || slices.Contains(g.Allowed, k)
}
