// Package sql prints plans of package kql as the SQL of an engine.
//
//	statement, err := sql.Print(plan, 0, duckdb.Dialect{}, sql.Options{Scan: store.scan})
//
// What engines share is here: one SELECT an operator, nested in the next; columns
// named by their IDs; orders that survive to where they matter; the places where
// null counts as false. What is an engine's own is behind Dialect; package duckdb
// below is the first.
//
// Nothing of a query's text reaches SQL unparsed: literals are printed by type or
// quoted, and names come from the schema.
//
// # How it is printed
//
// A first walk over the plan (need) finds the columns that something uses, so that
// a table is read for these only. A second prints relation by relation (rel).
//
// Sorting is lazy: Sort notes the keys, which travel with the rows as columns, and
// ORDER BY is printed where rows are cut, collected into lists or handed out.
// Where several operators must agree on an order that the keys do not decide, rows
// are numbered once (numbered).
//
// The expressions of an operator are a stage. An operand that a dialect's pattern
// uses twice, a subquery, a function over other rows: each is a column that a
// SELECT below adds, so that texts do not grow and SQL that wants a column has one.
//
// What is shared, and what would make the engine's own work explode, is a common
// table expression that is computed once (shareable).
//
// # What it does not do
//
// It does not optimise: the engine does. It knows no tables: Options.Scan gives
// the relation of each.
package sql
