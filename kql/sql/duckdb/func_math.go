package duckdb

// mathCalls print functions on numbers.
var mathCalls = calls{}
