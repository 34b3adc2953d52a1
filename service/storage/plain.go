package storage

import "math/bits"

// PlainRun returns how many bytes s begins with that are ASCII from the blank on,
// and neither this nor that, give or take seven at its end: most texts are of
// these, and it looks at eight at once.
func PlainRun[T string | []byte](s T, this, that byte) (n int) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	these, those := ones*uint64(this), ones*uint64(that)
	for ; len(s)-n >= 8; n += 8 {
		b := s[n : n+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		// The lowest top bit that is set is that of the first byte which is not plain.
		if other := ((w - ones*' ') | ((w ^ these) - ones) | ((w ^ those) - ones) | w) & tops; other != 0 {
			return n + bits.TrailingZeros64(other)/8
		}
	}
	return n
}
