package redis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes a user name, or whatever else a client or a server chose, a text that
// is one line, valid UTF-8, and cannot be taken for another: characters that print
// stay, all other bytes become \xHH, and a backslash becomes two. Unescape undoes it.
//
// What prints is what unicode.IsPrint says: line separators, marks that turn the
// direction of a text and spaces other than the usual one do not.
func Escape(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return string(appendEscaped(make([]byte, 0, len(s)+16), s))
		}
	}
	return s
}

func appendEscaped(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\\':
			b = append(b, `\\`...)
		case unicode.IsPrint(r) && (r != utf8.RuneError || n > 1):
			b = append(b, s[i:i+n]...)
		default:
			for _, c := range []byte(s[i : i+n]) {
				b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
			}
		}
		i += n
	}
	return b
}

// Unescape returns what Escape was given. What Escape does not write stays as it is.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\' {
			b = append(b, '\\')
			i++
			continue
		}
		if c, ok := hexByte(s[i:]); ok {
			b = append(b, c)
			i += 3
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// hexByte reads \xHH.
func hexByte(s string) (c byte, ok bool) {
	if len(s) < 4 || s[0] != '\\' || s[1] != 'x' {
		return 0, false
	}
	high, low := strings.IndexByte("0123456789abcdef", s[2]), strings.IndexByte("0123456789abcdef", s[3])
	return byte(high<<4 | low), high >= 0 && low >= 0
}
