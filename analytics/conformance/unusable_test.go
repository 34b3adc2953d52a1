//go:build cgo

package conformance_test

// unusable are cases whose answer is wrong, or not the only one, by the end of
// their source, and why.
var unusable = map[string]string{}
