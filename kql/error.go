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
	Text syntax.Error
}

// Error implements error.
func (e *Error) Error() string { return e.Text.Error() }

// Unwrap makes errors.As find the *syntax.Error.
func (e *Error) Unwrap() error { return &e.Text }
