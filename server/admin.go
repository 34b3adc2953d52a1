package server

import (
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHandler serves health and metrics to everybody who reaches the admin
// address.
func (n *Node) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // a client that has gone needs no answer
	})
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry(), promhttp.HandlerOpts{}))
	return mux
}

// readiness is the answer of /readyz?verbose.
type readiness struct {
	State state          `json:"state"`
	Parts map[string]any `json:"parts"`
}

// readyz answers 200 when requests are served and 503 when not. With ?verbose
// the state of each part comes as JSON.
func (n *Node) readyz(w http.ResponseWriter, r *http.Request) {
	current := n.currentState()
	status := http.StatusOK
	if current != stateReady {
		status = http.StatusServiceUnavailable
	}
	if !r.URL.Query().Has("verbose") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(current + "\n")) // a client that has gone needs no answer
		return
	}
	type delivery struct {
		Resource  string `json:"resource"`
		Setting   string `json:"setting"`
		State     string `json:"state"`
		LastError string `json:"lastError,omitempty"`
	}
	deliveries := []delivery{}
	for _, e := range n.router.Ledger() {
		deliveries = append(deliveries, delivery{e.Resource, e.Setting, string(e.State), e.LastError})
	}
	stats := n.bus.Stats()
	body := readiness{State: current, Parts: map[string]any{
		"store": map[string]any{"accounts": len(n.accounts.list())},
		"bus": map[string]any{
			"durability": n.cfg.Durability, "queuedBytes": stats.QueueBytes,
			"streamBytes": stats.StreamBytes, "failures": stats.Failures, "dropped": stats.Dropped,
		},
		"deliveries": deliveries,
	}}
	for _, s := range n.services {
		body.Parts[string(s.kind)] = map[string]any{"url": s.url()}
	}
	body.Parts["redis"] = map[string]any{"addrs": n.RedisAddrs(), "audit": n.RedisAuditAddr()}
	body.Parts["signalr"] = map[string]any{"url": n.SignalRURL()}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		n.cfg.Logger.Debug("readiness not delivered", "err", err)
	}
}
