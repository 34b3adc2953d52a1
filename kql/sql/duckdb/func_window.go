package duckdb

// windowCalls print functions that look at other rows.
var windowCalls = windows{}
