package scalar

// dynamicFuncs are functions on dynamic values.
var dynamicFuncs = []Func{}
