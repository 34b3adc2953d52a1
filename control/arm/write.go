package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"reslog/resource"
)

// internal is the refusal of a request that failed on the node's side. What
// happened is in the node's log, under the request's id.
func (s *Server) internal(r *request) *apiError {
	return refuse(http.StatusInternalServerError, "InternalServerError",
		"Encountered internal server error. Diagnostic information : timestamp '%s', subscription id '%s', tracking id '%s', request correlation id '%s'.",
		s.cfg.Now().UTC().Format("20060102T150405Z"), r.target.subscription, r.id, r.correlation)
}

// refusal turns an error into what the client is told.
func (s *Server) refusal(r *request, err error) *apiError {
	var e *apiError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, resource.ErrNotFound):
		return refuse(http.StatusNotFound, "ResourceNotFound", "The resource '%s' was not found.", r.target.path)
	default:
		s.cfg.Logger.Error("resource manager request failed", "method", r.Method, "path", r.target.path, "request", r.id, "err", err)
		return s.internal(r)
	}
}

// write sends an answer, or the refusal that err is.
func (s *Server) write(w http.ResponseWriter, r *request, a answer, err error) {
	h := w.Header()
	if err == nil && a.body != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err = enc.Encode(a.body); err == nil {
			a.body = json.RawMessage(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
		}
	}
	if err != nil {
		e := s.refusal(r, err)
		h.Set("x-ms-error-code", e.code)
		text, marshalErr := e.MarshalJSON()
		if marshalErr != nil {
			text = []byte("{}") // strings cannot fail to encode
		}
		a.status, a.body = e.status, json.RawMessage(text)
	}
	for name, values := range a.header {
		h[name] = values
	}
	s.headers(h, r)
	body, has := a.body.(json.RawMessage)
	if has {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(a.status)
	if !has || r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil {
		s.cfg.Logger.Debug("answer of resource manager not delivered", "request", r.id, "err", err)
	}
}

// headers sets what every answer of Resource Manager carries. The numbers of
// remaining requests are those of a full bucket: there is no limit here.
func (s *Server) headers(h http.Header, r *request) {
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("X-Content-Type-Options", "nosniff")
	// A browser would take it for every port of localhost, plain ones too.
	if host, _, _ := strings.Cut(r.Host, ":"); !fold(host, "localhost") {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	h.Set("x-ms-request-id", r.id)
	h.Set("x-ms-correlation-request-id", r.correlation)
	h.Set("x-ms-routing-request-id", "LOCAL:"+r.began.Format("20060102T150405Z")+":"+r.id)
	switch r.Method {
	case http.MethodDelete:
		h.Set("x-ms-ratelimit-remaining-subscription-deletes", "199")
	case http.MethodPut, http.MethodPatch, http.MethodPost:
		h.Set("x-ms-ratelimit-remaining-subscription-writes", "199")
	default:
		h.Set("x-ms-ratelimit-remaining-subscription-reads", "249")
	}
	if id := r.clientID(); id != "" && fold(r.Header.Get("x-ms-return-client-request-id"), "true") {
		h.Set("x-ms-client-request-id", id)
	}
}

// clientID is the client's own name for the request, if it is a sensible one.
func (r *request) clientID() string {
	id := r.Header.Get("x-ms-client-request-id")
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' || i >= 128 {
			return ""
		}
	}
	return id
}
