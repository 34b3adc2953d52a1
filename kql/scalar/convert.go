package scalar

// convertFuncs are functions on conversions between types.
var convertFuncs = []Func{}
