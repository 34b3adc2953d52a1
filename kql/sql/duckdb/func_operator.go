package duckdb

// operatorCalls print the operators.
var operatorCalls = calls{}

// conditionCalls print operators where null counts as false.
var conditionCalls = calls{}
