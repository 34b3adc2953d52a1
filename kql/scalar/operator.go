package scalar

// operatorFuncs are functions on operators.
var operatorFuncs = []Func{}
