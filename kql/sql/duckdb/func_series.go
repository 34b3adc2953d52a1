package duckdb

// seriesCalls print functions on arrays of numbers.
var seriesCalls = calls{}
