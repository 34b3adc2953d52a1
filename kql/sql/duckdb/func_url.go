package duckdb

// urlCalls print functions on URLs.
var urlCalls = calls{}
