package duckdb

// hashCalls print functions on hashes and codes.
var hashCalls = calls{}
