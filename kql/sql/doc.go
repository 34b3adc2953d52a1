// Package sql prints plans of package kql as the SQL of an engine.
//
// What engines share is here: one common table expression an operator, columns
// named by their IDs, orders that survive to where they matter, the semantics of
// null that the language has and SQL has not. What is an engine's own is behind
// Dialect; package duckdb below is the first.
//
// Nothing of a query's text reaches SQL unparsed: literals are printed by type or
// quoted, and names come from the schema.
package sql
