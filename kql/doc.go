// Package kql binds Kusto queries: text and schemas in, a typed plan out.
//
//	plan, err := kql.Bind(ctx, query, catalog, kql.Options{Now: now})
//
// A plan is a tree of relational operators (Rel) over scalar expressions (Expr).
// Everything about the language is decided here: names and scopes, types and
// conversions, automatic column names, the order of columns, which operators and
// functions there are. A printer (package kql/sql) turns the plan into the SQL
// of an engine; the engine's package runs it. Nothing here knows an engine.
//
// What the plan cannot say exactly is refused by name and place; nothing is
// approximated in silence. An *Error has the code of the official binder where
// it has one.
//
// # Values
//
// The plan's types and what a value is in an engine, in a constant and in a
// scalar function written in Go (package kql/scalar):
//
//	bool                 boolean                          bool
//	int, long            32 and 64 bit integer            int64 (both)
//	real, decimal        double                           float64 (both)
//	datetime, timespan   64 bit integer, ticks of 100 ns; a datetime counts from
//	                     0001-01-01T00:00:00Z             int64 (both)
//	string               text, never null: '' is missing  string
//	guid                 text, 36 lower-case characters   string
//	dynamic              JSON text; JSON null is null     string
//
// Null is SQL's NULL and Go's nil.
package kql
