package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
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
	for i, q := range all.Requests {
		running.Go(func() { answers[i] = s.batched(r.Context(), caller, q) })
	}
	running.Wait()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{"responses": answers})
}

// batched answers one request of a batch.
func (s *Server) batched(ctx context.Context, caller Caller, q batchRequest) batchResponse {
	kept := &recorder{header: http.Header{}, status: http.StatusOK}
	id := s.cfg.NewID()
	if err := s.batchedQuery(ctx, kept, caller, q, id); err != nil {
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

// recorder keeps an answer, up to what the answers of a batch may be together.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

var errTooLong = errors.New("the answer is too long for a batch")

// maxBatched bounds one answer of a batch, in bytes.
const maxBatched = 64 << 20

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	if r.body.Len()+len(p) > maxBatched {
		return 0, errTooLong
	}
	return r.body.Write(p)
}

var _ io.Writer = (*recorder)(nil)
