package scalar

// stringFuncs are functions on strings.
var stringFuncs = []Func{}
