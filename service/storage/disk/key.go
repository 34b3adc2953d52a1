package disk

import "bytes"

// Successor returns the first key after all that begin with k, nil if there can
// be none.
func Successor(k []byte) []byte {
	s := bytes.Clone(k)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0xff {
			s[i]++
			return s[:i+1]
		}
	}
	return nil
}
