package duckdb

// statisticAggregates print the aggregates beyond those of func_aggregate_base.go.
var statisticAggregates = aggregates{}
