package storage

import "net/http"

// Error is a refusal in the service's own form: an HTTP status, the code that
// clients branch on and the message the real service gives with it.
type Error struct {
	Status  int
	Code    string
	Message string
	// Details are further elements of the XML body, in order: LineNumber,
	// Reason, HeaderName, ….
	Details []Detail
	// Header holds response headers that go with the error.
	Header http.Header
}

// Detail is an element of an error body beside Code and Message.
type Detail struct{ Name, Value string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Is makes errors.Is compare by code, so that With copies still match.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Status == e.Status
}

// With returns a copy of e that carries one more detail.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Details = append(c.Details[:len(c.Details):len(c.Details)], Detail{name, value})
	return &c
}
