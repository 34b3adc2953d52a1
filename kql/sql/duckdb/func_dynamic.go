package duckdb

// dynamicCalls print functions on dynamic values.
var dynamicCalls = calls{}
