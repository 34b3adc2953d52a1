package scalar

// ipFuncs are functions on addresses.
var ipFuncs = []Func{}
