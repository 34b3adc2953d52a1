package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"reslog/kql"
	"reslog/kql/syntax"
	"reslog/resource"
)

// apiError is a refusal in the form of the query API.
type apiError struct {
	Status     int         `json:"-"`
	RetryAfter int         `json:"-"` // seconds
	Challenge  string      `json:"-"` // WWW-Authenticate
	Code       string      `json:"code"`
	Message    string      `json:"message"`
	Details    []detail    `json:"details,omitempty"`
	ID         string      `json:"correlationId,omitempty"`
	Inner      *innerError `json:"innererror,omitempty"`
}

// Error implements error.
func (e *apiError) Error() string { return e.Code + ": " + e.Message }

type detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

// innerError says where in a query something is wrong. Line and Pos count from 1.
type innerError struct {
	Code     string      `json:"code"`
	Message  string      `json:"message"`
	Severity int         `json:"severity,omitempty"`
	Line     int         `json:"line,omitempty"`
	Pos      int         `json:"pos,omitempty"`
	Token    string      `json:"token,omitempty"`
	Inner    *innerError `json:"innererror,omitempty"`
}

func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// codeSyntax is what package kql says of text that is no query.
const codeSyntax = "KS005"

// queryError is the answer to an error of Data. Codes are those of the service,
// which has other ones than the language's own tools.
func queryError(err error) *apiError {
	var wrong *kql.Error
	var text *syntax.Error
	switch {
	case errors.As(err, &wrong) && wrong.Code != codeSyntax && errors.As(err, &text):
		return wrongQuery("SemanticError", "A semantic error occurred.", "SEM0100", text)
	case errors.As(err, &text):
		return wrongQuery("SyntaxError", "A recognition error occurred in the query.", "SYN0002", text)
	case errors.Is(err, ErrBusy):
		e := refuse(http.StatusTooManyRequests, "ThrottledError", "Too many queries run already: try again in a moment.")
		e.RetryAfter = 5
		return e
	case errors.Is(err, errTooLong):
		return refuse(http.StatusRequestEntityTooLarge, "ResponseTooLarge", "The answers of a batch are too long together: ask for less, or one by one")
	case errors.Is(err, ErrMemory):
		return wrongRun("The query needs more memory than a query may use: read less time or fewer columns, or summarize by fewer values.")
	case errors.Is(err, resource.ErrNotFound):
		return refuse(http.StatusNotFound, "WorkspaceNotFoundError", "The workspace was deleted while it was queried")
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusGatewayTimeout, "GatewayTimeout", "Gateway timeout: the query did not end in the time that it may take. Read less time, or ask for more with 'Prefer: wait=600'.")
	case errors.Is(err, context.Canceled):
		return refuse(499, "ClientClosedRequest", "The client went away.")
	}
	return refuse(http.StatusInternalServerError, "InternalServerError", "The query could not be run; the reason is in the log of the node.")
}

func wrongQuery(code, message, inner string, at *syntax.Error) *apiError {
	line, pos := syntax.Place(at.Source, at.Start)
	said := at.Message
	if at.Near != "" {
		said += "; did you mean " + at.Near + "?"
	}
	e := refuse(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties")
	e.Inner = &innerError{Code: code, Message: message, Inner: &innerError{
		Code: inner, Message: fmt.Sprintf("%s, at line %d, position %d", said, line, pos), Line: line, Pos: pos, Token: clip(at.Token()),
	}}
	return e
}

func wrongRun(message string) *apiError {
	e := refuse(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties")
	e.Inner = &innerError{Code: "E_RUNAWAY_QUERY", Message: message}
	return e
}

func clip(s string) string {
	if len(s) > 100 {
		return s[:100]
	}
	return s
}

// fail answers with a refusal.
func (s *Server) fail(w http.ResponseWriter, id string, err error) {
	var e *apiError
	switch {
	case errors.As(err, &e):
	case errors.Is(err, ErrNoWorkspaces):
		e = refuse(http.StatusNotImplemented, "NotImplemented", "%s", ErrNoWorkspaces)
	default:
		s.cfg.Logger.Error("query API request failed", "id", id, "err", err)
		e = refuse(http.StatusInternalServerError, "InternalServerError", "The request failed; the reason is in the log of the node.")
	}
	e.ID = id
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if e.Challenge != "" {
		h.Set("WWW-Authenticate", e.Challenge)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", fmt.Sprint(e.RetryAfter))
	}
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]*apiError{"error": e}) //nolint:errchkjson // plain fields; the client may be gone
}
