package duckdb

// ipCalls print functions on addresses.
var ipCalls = calls{}
