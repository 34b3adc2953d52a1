package duckdb

// baseWindows print prev, next, row_number and the like.
var baseWindows = windows{}
