// Package scalar has the scalar functions of the language for which an engine's
// SQL has no exact equal, written in Go. An engine registers them under their Names
// and calls them like its own. Where SQL has come to say all of a function,
// it stays if the test of the dialect takes it as the reference.
//
// A function gets and gives values as package kql has them: nil for null, a
// string for a string, a guid and a dynamic (whose text is JSON), int64 for whole
// numbers, dates and spans. A string is never nil. It must not keep its arguments,
// and it must not fail: what has no value is null.
package scalar

import "reslog/kql"

// Func is one function with one signature; a function of several has several.
type Func struct {
	// Name is that of the engine's function: "kql_" and the language's name, with
	// a suffix where there is more than one signature.
	Name string
	// Function is the language's name where Name has a suffix; empty: Name says it.
	Function string
	Params   []kql.Type
	Returns  kql.Type
	// Variadic is the type of any number of arguments after Params; Unknown: none.
	Variadic kql.Type
	Call     func(args []any) any
	// Texts, where it is set, is what Call is for many texts: of the arguments behind
	// the first it makes the function of the first, a text that must not be kept,
	// whose result is null when it is not known.
	Texts func(args []any) func(text []byte) (result, known bool)
}
