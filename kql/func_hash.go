package kql

// hashFunctions: see Function for how one is described.
var hashFunctions = []Function{}
