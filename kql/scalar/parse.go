package scalar

// parseFuncs are functions on the parse operators.
var parseFuncs = []Func{}
