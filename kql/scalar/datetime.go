package scalar

// datetimeFuncs are functions on dates and spans.
var datetimeFuncs = []Func{}
