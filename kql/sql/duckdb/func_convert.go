package duckdb

// convertCalls print functions on conversions between types.
var convertCalls = calls{}
