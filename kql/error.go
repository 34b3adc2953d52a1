package kql

import "reslog/kql/syntax"

// Error is why a query is not run.
type Error struct {
	// Code is that of the official binder where it has one ("KS142"), else empty.
	Code string
	// Refused is set when the query is right and we do not run it: What is the
	// operator, function or form that is missing.
	Refused bool
	What    string
	// Syntax is the message and its place.
	Syntax syntax.Error
}

// Error implements error: "line:column: message (code)".
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Syntax.Error()
	}
	return e.Syntax.Error() + " (" + e.Code + ")"
}

// Unwrap makes errors.As find the *syntax.Error.
func (e *Error) Unwrap() error { return &e.Syntax }

// Refuse is the error for what is right in the language and missing here: an
// operator, a function, a form of one.
func Refuse(at syntax.Span, what, message string) *Error {
	return &Error{Refused: true, What: what, Syntax: syntax.Error{Span: at, Message: message}}
}
