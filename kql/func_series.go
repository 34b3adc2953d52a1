package kql

// seriesFunctions: see Function for how one is described.
var seriesFunctions = []Function{}
