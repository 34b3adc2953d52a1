// Package jsonlex finds out where the values of a JSON text (RFC 8259) end, and
// what its strings say. It checks and copies nothing else, so that a line of a log
// is taken apart in one pass; what is made of the parts is the caller's.
package jsonlex

import (
	"bytes"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is what JSON is read from.
type Text interface{ string | []byte }

// MaxDepth is how many objects and arrays may be open at once.
const MaxDepth = 1000

// SkipSpace returns the place of the first byte at i or behind that is no white
// space.
func SkipSpace[T Text](s T, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// Value returns where the value at i ends, which lies depth deep; -1 if there is
// none. Everything inside is checked, too.
func Value[T Text](s T, i, depth int) (end int) {
	if i >= len(s) || depth > MaxDepth {
		return -1
	}
	switch s[i] {
	case '"':
		end, _, _ = String(s, i+1)
		return end
	case '{':
		return inside(s, i+1, depth+1, '}')
	case '[':
		return inside(s, i+1, depth+1, ']')
	case 't':
		return word(s, i, "true")
	case 'f':
		return word(s, i, "false")
	case 'n':
		return word(s, i, "null")
	}
	return number(s, i)
}

// inside reads members or elements up to the closing bracket.
func inside[T Text](s T, i, depth int, closing byte) int {
	if i = SkipSpace(s, i); i < len(s) && s[i] == closing {
		return i + 1
	}
	for {
		if closing == '}' {
			if _, i, _, _ = Name(s, i); i < 0 {
				return -1
			}
		}
		if i = Value(s, i, depth); i < 0 {
			return -1
		}
		if i = SkipSpace(s, i); i == len(s) {
			return -1
		}
		if s[i] == closing {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = SkipSpace(s, i+1)
	}
}

// Name reads the name of a member at i, and returns where it ends and where its
// value begins, -1 if there is no name or no colon. The rest is as of String.
func Name[T Text](s T, i int) (end, value int, escaped, ascii bool) {
	if i == len(s) || s[i] != '"' {
		return -1, -1, false, false
	}
	if end, escaped, ascii = String(s, i+1); end < 0 {
		return -1, -1, false, false
	}
	if i = SkipSpace(s, end); i == len(s) || s[i] != ':' {
		return -1, -1, false, false
	}
	return end, SkipSpace(s, i+1), escaped, ascii
}

// String reads a string whose quote is before i, and reports whether it has
// escapes, and whether all of its bytes are ASCII. end is -1 if there is none.
func String[T Text](s T, i int) (end int, escaped, ascii bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	var high uint64 // the top bits of all bytes together
	for i < len(s) {
		// Eight bytes at once, as long as none of them is special.
		for len(s)-i >= 8 {
			b := s[i : i+8]
			w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
				uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			// The lowest top bit that is set is that of the first byte which is below a
			// blank, a quote or a backslash; bytes of 128 and more do not count.
			special := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash) & tops
			if special != 0 {
				n := bits.TrailingZeros64(special) / 8
				high |= w & (1<<(8*n) - 1) & tops
				i += n
				break
			}
			high |= w & tops
			i += 8
		}
		if i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1, escaped, high == 0
		case c == '\\':
			if i = escape(s, i+1); i < 0 {
				return -1, false, false
			}
			escaped = true
		case c < ' ':
			return -1, false, false
		default:
			high |= uint64(c) & 0x80
			i++
		}
	}
	return -1, false, false
}

// escape reads what follows a backslash.
func escape[T Text](s T, i int) int {
	if i == len(s) {
		return -1
	}
	switch s[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if len(s)-i < 5 {
			return -1
		}
		for j := i + 1; j < i+5; j++ {
			if HexDigit(s[j]) < 0 {
				return -1
			}
		}
		return i + 5
	}
	return -1
}

// HexDigit is the value of a hexadecimal digit, -1 of what is none.
func HexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

func word[T Text](s T, i int, w string) int {
	if len(s)-i < len(w) || string(s[i:i+len(w)]) != w {
		return -1
	}
	return i + len(w)
}

func number[T Text](s T, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if i = digits(s, i); i < 0 || i > start+1 && s[start] == '0' {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i = digits(s, i+1); i < 0 {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		i = digits(s, i)
	}
	return i
}

// digits reads at least one digit.
func digits[T Text](s T, i int) int {
	start := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// AppendUnescaped appends what a string says that was read by String, without its
// quotes. Halves of surrogate pairs become U+FFFD. plain appends what has no
// escapes. The result is never longer than the string, but for what plain adds.
func AppendUnescaped[T Text](dst []byte, s T, plain func(dst []byte, s T) []byte) []byte {
	for {
		i := backslash(s)
		if i < 0 {
			return plain(dst, s)
		}
		dst = plain(dst, s[:i])
		n := i + 2
		switch c := s[i+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := codeUnit(s[i+2:])
			n = i + 6
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if rest := s[n:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
					low = codeUnit(rest[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					n += 6
				}
			}
			dst = utf8.AppendRune(dst, r) // 3 bytes at most for 6, 4 for 12
		default:
			dst = append(dst, c)
		}
		s = s[n:]
	}
}

// backslash is the place of the first one, -1 if there is none.
func backslash[T Text](s T) int {
	switch s := any(s).(type) {
	case string:
		return strings.IndexByte(s, '\\')
	case []byte:
		return bytes.IndexByte(s, '\\')
	}
	return -1
}

// codeUnit reads the four digits of a \u escape.
func codeUnit[T Text](s T) (r rune) {
	for i := range 4 {
		r = r<<4 | HexDigit(s[i])
	}
	return r
}
