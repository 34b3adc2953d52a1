package duckdb

// datetimeCalls print functions on dates and spans.
var datetimeCalls = calls{}
