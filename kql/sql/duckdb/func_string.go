package duckdb

// stringCalls print functions on strings.
var stringCalls = calls{}
