package scalar

// mathFuncs are functions on numbers.
var mathFuncs = []Func{}
