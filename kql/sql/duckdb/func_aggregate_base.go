package duckdb

// baseAggregates print the aggregates that most queries have.
var baseAggregates = aggregates{}
