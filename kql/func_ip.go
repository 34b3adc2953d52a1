package kql

// ipFunctions: see Function for how one is described.
var ipFunctions = []Function{}
