package duckdb

// regexCalls print functions on regular expressions.
var regexCalls = calls{}
