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
	place
}

// place has the Span, Message, Near and Source of an error, and makes its text.
type place = syntax.Error

// Unwrap makes errors.As find the *syntax.Error.
func (e *Error) Unwrap() error { return &e.place }

// Refuse is the error for what is right in the language and missing here: an
// operator, a function, a form of one.
func Refuse(at syntax.Span, what, message string) *Error {
	return &Error{Refused: true, What: what, place: place{Span: at, Message: message}}
}
