package duckdb

// parseCalls print functions that the parse operators are made of.
var parseCalls = calls{}
