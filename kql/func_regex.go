package kql

// regexFunctions: see Function for how one is described.
var regexFunctions = []Function{}
