package scalar

// urlFuncs are functions on URLs.
var urlFuncs = []Func{}
