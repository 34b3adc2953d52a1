package scalar

// seriesFuncs are functions on arrays of numbers.
var seriesFuncs = []Func{}
