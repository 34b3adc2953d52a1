// Package conformance holds the language against what is known of the real
// engine. It has tests only.
//
//	go test ./analytics/conformance
//
// runs the cases of testdata, each a query with the rows that it must have, and
// those of refused.kqltest, each with what it must be refused for. Every operator,
// function and aggregate of ours is in one of them; a test says which is not.
//
// With RESLOG_KQL_CORPORA naming a folder of collected queries, with results of the
// real engine or without, these run too. A case is
//
//	right     the columns, types and rows are those of the engine
//	refused   we say by name what is missing
//	wrong     anything else, an error of DuckDB as well
//	unusable  what the case says cannot be held against anybody: see unusable.go
//
// One wrong case fails the test, and so does a score below that of
// docs/compat/kql.md. With -update the score there is written, and the lists of what
// runs and what is refused.
package conformance
