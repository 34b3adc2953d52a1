package kql

// dynamicFunctions: see Function for how one is described.
var dynamicFunctions = []Function{}
