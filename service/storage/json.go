package storage

import (
	"math/bits"
	"unicode/utf8"
)

// AppendJSONString appends s as a JSON string.
func AppendJSONString(b []byte, s string) []byte {
	return append(AppendJSONText(append(b, '"'), s), '"')
}

// AppendJSONText appends the inside of a JSON string. Bytes that are not UTF-8
// become the replacement character: JSON has no place for them.
func AppendJSONText(b []byte, s string) []byte {
	start := 0
	for i := plainJSON(s); i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			b = append(append(b, s[start:i]...), "\ufffd"...)
			i++
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		start = i
	}
	return append(b, s[start:]...)
}

// plainJSON returns how many bytes s begins with that stand in JSON as they are,
// give or take seven at its end: most strings are of these, and it looks at eight
// at once.
func plainJSON(s string) (n int) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(s)-n >= 8; n += 8 {
		b := s[n : n+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// The lowest top bit that is set is that of the first byte which is below a
		// blank, a quote, a backslash or not ASCII.
		if special := ((w - ones*' ') | (quote - ones) | (slash - ones) | w) & tops; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	return n
}
