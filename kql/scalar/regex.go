package scalar

// regexFuncs are functions on regular expressions.
var regexFuncs = []Func{}
