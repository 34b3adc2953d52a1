package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"reslog/internal/httpapi"
)

// Bounds of a request.
const (
	maxPost      = 1 << 20  // of the Logs Ingestion API, bytes before compression
	maxCollected = 30 << 20 // of the Data Collector API
	// posting is how many bodies are held at once: with the sizes above it bounds
	// the memory that posts take.
	posting = 16
)

// Server is the handler of both APIs.
type Server struct {
	cfg    Config
	places chan struct{}
}

// New returns a Server.
func New(cfg Config) *Server {
	return &Server{cfg: cfg.withDefaults(), places: make(chan struct{}, posting)}
}

const (
	rulesPrefix   = "/dataCollectionRules/"
	collectorPath = "/api/logs"
)

// Handles reports whether a path is of one of the APIs.
func Handles(path string) bool {
	return len(path) >= len(rulesPrefix) && strings.EqualFold(path[:len(rulesPrefix)], rulesPrefix) || path == collectorPath
}

// refusal is an answer that is an error. The two APIs write it differently.
type refusal struct {
	status        int
	code, message string
	challenge     bool
}

// Error implements error.
func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// ServeHTTP is the one path of every request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.cfg.NewID()
	w.Header().Set("x-ms-request-id", id)
	handle, write := s.post, writeError
	if r.URL.Path == collectorPath {
		handle, write = s.collect, writeFlat
	}
	defer func() {
		if p := recover(); p != nil {
			httpapi.Panicked(s.cfg.Logger, p, "ingestion request panicked", "id", id)
			write(w, refuse(http.StatusInternalServerError, "UnspecifiedError", "The request failed; the reason is in the log of the node under %s.", id))
		}
	}()
	err := handle(w, r)
	if err == nil {
		return
	}
	var e *refusal
	if !errors.As(err, &e) {
		s.cfg.Logger.Error("ingestion request failed", "id", id, "err", err)
		e = refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "The rows could not be stored, try again: the reason is in the log of the node under %s.", id)
		w.Header().Set("Retry-After", "5")
	}
	if e.challenge {
		w.Header().Set("WWW-Authenticate", `Bearer realm="reslog", error="invalid_token"`)
	}
	write(w, e)
}

// writeError writes an error as the Logs Ingestion API has it.
func writeError(w http.ResponseWriter, e *refusal) {
	w.Header().Set("x-ms-error-code", e.code)
	writeJSON(w, e.status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}})
}

// writeFlat writes an error as the Data Collector API has it.
func writeFlat(w http.ResponseWriter, e *refusal) {
	writeJSON(w, e.status, map[string]string{"Error": e.code, "Message": e.message})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // strings; the client may be gone
}

// enter takes one of the places for bodies.
func (s *Server) enter(r *http.Request) (leave func(), err error) {
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places }, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// errTooLong is returned for a body of more bytes than are allowed.
var errTooLong = errors.New("body too long")

// readBody reads a body, decompressed, of at most limit bytes.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, errTooLong
	}
	var in io.Reader = http.MaxBytesReader(nil, r.Body, limit)
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("the body is no gzip: %w", err)
		}
		in = z
	default:
		return nil, fmt.Errorf("the Content-Encoding %.40q is not known: gzip is", coding)
	}
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) || int64(len(data)) > limit {
		return nil, errTooLong
	}
	if err != nil {
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
}

// mediaType is the Content-Type without its parameters, in lower case.
func mediaType(r *http.Request) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}
