// Package duckdb is the dialect of DuckDB 1.5 for package kql/sql.
//
// Operators and the functions that are hot are printed as SQL that is exact: the
// language's nulls, its whole numbers that wrap around, its division, its terms.
// What has no exact SQL is a Go function of package kql/scalar, which the engine
// registers; what is in neither is refused by name.
//
// A family of functions is one file, func_<family>.go, with a map of printers by
// name (registry.go says what they get). Types are
//
//	bool BOOLEAN   int INTEGER   long, datetime, timespan BIGINT
//	real, decimal DOUBLE   string, guid, dynamic VARCHAR
//
// dynamic values are valid JSON text and never the JSON null: what makes one
// keeps that. Nothing that is printed raises an error for a row.
package duckdb

import "reslog/kql"

// Dialect implements sql.Dialect.
type Dialect struct{}

// Type implements sql.Dialect.
func (Dialect) Type(t kql.Type) string {
	switch t {
	case kql.Bool:
		return "BOOLEAN"
	case kql.Int:
		return "INTEGER"
	case kql.Long, kql.Datetime, kql.Timespan:
		return "BIGINT"
	case kql.Real, kql.Decimal:
		return "DOUBLE"
	default:
		return "VARCHAR"
	}
}
