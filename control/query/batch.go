package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// batchRequest is one request of a batch.
type batchRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Workspace string            `json:"workspace"`
	Resource  string            `json:"resource"`
	Headers   map[string]string `json:"headers"`
	Body      body              `json:"body"`
}

// batchResponse is one answer of a batch.
type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// batch runs several queries. Each is answered for itself; the batch as a whole
// is refused only when it cannot be read.
func (s *Server) batch(w http.ResponseWriter, r *http.Request, caller Caller) error {
	data, err := readBody(r)
	if err != nil {
		return err
	}
	var all struct {
		Requests []batchRequest `json:"requests"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return invalid("body", "it is no JSON object of a batch: %s", jsonProblem(err))
	}
	if len(all.Requests) == 0 || len(all.Requests) > maxBatch {
		return invalid("requests", "a batch has 1 to %d requests, this one has %d", maxBatch, len(all.Requests))
	}
	seen := map[string]bool{}
	for _, q := range all.Requests {
		if q.ID == "" || seen[q.ID] {
			return invalid("requests", "each needs an id of its own, %.50q is missing or there twice", q.ID)
		}
		seen[q.ID] = true
	}
	answers := make([]batchResponse, len(all.Requests))
	var running sync.WaitGroup
	var room atomic.Int64
	room.Store(s.cfg.BatchBytes)
	for i, q := range all.Requests {
		running.Go(func() { answers[i] = s.batched(r.Context(), caller, q, &room) })
	}
	running.Wait()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{"responses": answers})
}

// batched answers one request of a batch. What all of them keep is in room.
func (s *Server) batched(ctx context.Context, caller Caller, q batchRequest, room *atomic.Int64) batchResponse {
	kept := &recorder{header: http.Header{}, status: http.StatusOK, room: room}
	id := s.cfg.NewID()
	err := s.caught(id, func() error { return s.batchedQuery(ctx, kept, caller, q, id) })
	if kept.full {
		err = queryError(errTooLong)
	}
	if err != nil { // a part of an answer is none
		room.Add(int64(kept.body.Len()))
		kept = &recorder{header: http.Header{}}
		s.fail(kept, id, err)
	}
	a := batchResponse{ID: q.ID, Status: kept.status, Headers: map[string]string{}, Body: bytes.TrimSpace(kept.body.Bytes())}
	for name := range kept.header {
		a.Headers[name] = kept.header.Get(name)
	}
	if len(a.Body) == 0 {
		a.Body = json.RawMessage("null")
	}
	return a
}

func (s *Server) batchedQuery(ctx context.Context, w http.ResponseWriter, caller Caller, q batchRequest, id string) error {
	if q.Method != "" && q.Method != http.MethodPost || q.Path != "" && !strings.EqualFold(strings.Trim(q.Path, "/"), "query") {
		return refuse(http.StatusNotFound, "PathNotFoundError", "A batch takes POST of /query, not %.20s %.100s", q.Method, q.Path)
	}
	var preferences string
	for name, value := range q.Headers {
		if strings.EqualFold(name, "Prefer") {
			preferences = value
		}
	}
	to := route{what: whatQuery, workspace: q.Workspace}
	if q.Workspace == "" && q.Resource != "" {
		var ok bool
		if to, ok = parseResourceRoute("/"+strings.Trim(q.Resource, "/")+"/query", true); !ok {
			return invalid("resource", "%.200q is no resource ID", q.Resource)
		}
	}
	query, err := s.complete(q.Body, preferences)
	if err != nil {
		return err
	}
	return s.query(ctx, w, caller, to, query, id)
}

// recorder keeps an answer, as long as there is room for it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	room   *atomic.Int64 // nil: any
	full   bool
}

var errTooLong = errors.New("the answer is too long for a batch")

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	if n := int64(len(p)); r.room != nil && r.room.Add(-n) < 0 {
		r.room.Add(n)
		r.full = true
		return 0, errTooLong
	}
	return r.body.Write(p)
}
