package kql

// urlFunctions: see Function for how one is described.
var urlFunctions = []Function{}
