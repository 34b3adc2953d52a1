package scalar

// hashFuncs are functions on hashes and codes.
var hashFuncs = []Func{}
