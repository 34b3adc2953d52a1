package rest

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// failure is an error that the caller is told. Its code is x-ms-error-code too.
type failure struct {
	status                int
	code, message, target string
	// silent leaves out x-ms-error-code: of a path that there is not.
	silent bool
	allow  string
}

func (f *failure) Error() string { return f.message }

// errorDetail is the body of a failure: ErrorDetail of the reference.
type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

func (f *failure) write(w http.ResponseWriter) {
	if !f.silent {
		w.Header().Set("x-ms-error-code", f.code)
	}
	if f.allow != "" {
		w.Header().Set("Allow", f.allow)
	}
	writeJSON(w, f.status, errorDetail{f.code, f.message, f.target})
}

// writeJSON answers with a body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, status, "application/json; charset=utf-8", b)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A caller that is gone cannot be told.
	_, _ = w.Write(body)
}

// refusedError is a Refusal on the way of errors.
type refusedError struct{ refusal *Refusal }

func (*refusedError) Error() string { return "refused" }

func bad(code, target, message string) *failure {
	return &failure{status: http.StatusBadRequest, code: code, target: target, message: message}
}

func noPath() *failure {
	return &failure{status: http.StatusNotFound, code: "NotFound", message: "There is no such API.", silent: true}
}

func tooLarge() *failure {
	return &failure{status: http.StatusRequestEntityTooLarge, code: "PayloadTooLarge", message: "The request's body is longer than 1 MiB."}
}

func internal() *failure {
	return &failure{status: http.StatusInternalServerError, code: "InternalServerError", message: "The request failed. The service's log says why."}
}

// missing is the 404 of what the route says does not exist.
func (c *call) missing() error {
	return &failure{status: http.StatusNotFound, code: c.route.NotFound, message: "It does not exist."}
}

// parseInteger reads a decimal number without signs but '-'.
func parseInteger(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && text[0] != '+'
}
