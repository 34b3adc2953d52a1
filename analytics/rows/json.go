package rows

import (
	"math/bits"
	"strings"
	"unsafe"
)

// kind is the kind of a JSON value.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

// value is a value inside a JSON text that was checked against RFC 8259.
type value struct {
	raw  string // of a string without its quotes
	kind kind
	// escaped says that raw of a string has escapes.
	escaped bool
}

// member is one member of an object. Its name is decoded. The members of an
// object lie behind it, up to end; arrays are not taken apart.
type member struct {
	name  string
	value value
	end   int // place of the next member that is not inside this one
}

// parser takes JSON objects apart into one list of members, all in one pass.
type parser struct {
	*arena
	members []member
}

// maxDepth is how many objects and arrays may be open at once.
const maxDepth = 1000

// parse appends the members of the object that s is, and reports whether it is
// one, with nothing but white space around it: they are those from start to end.
func (p *parser) parse(s string) (start, end int, ok bool) {
	start = len(p.members)
	i := skipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return start, start, false
	}
	i = p.object(s, i+1, 1)
	return start, len(p.members), i >= 0 && skipSpace(s, i) == len(s)
}

// IsObject reports whether b is a JSON object, with nothing but white space around
// it. It looks at the form only, not at whether its text is UTF-8.
func IsObject(b []byte) bool {
	s := unsafe.String(unsafe.SliceData(b), len(b)) // not kept
	i := skipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return false
	}
	_, end := scanValue(s, i, 0)
	return end >= 0 && skipSpace(s, end) == len(s)
}

// object appends the members of the object whose brace is before i, and returns
// where it ends, -1 if it does not.
func (p *parser) object(s string, i, depth int) int {
	if i = skipSpace(s, i); i < len(s) && s[i] == '}' {
		return i + 1
	}
	for {
		if i == len(s) || s[i] != '"' {
			return -1
		}
		end, escaped := scanString(s, i+1)
		if end < 0 {
			return -1
		}
		name := s[i+1 : end-1]
		if escaped {
			name = p.unescape(name)
		}
		if i = skipSpace(s, end); i == len(s) || s[i] != ':' {
			return -1
		}
		if i = p.member(s, skipSpace(s, i+1), depth, name); i < 0 {
			return -1
		}
		if i = skipSpace(s, i); i == len(s) {
			return -1
		}
		switch s[i] {
		case ',':
			i = skipSpace(s, i+1)
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}

// member appends a member whose value is at i, and returns where that ends.
func (p *parser) member(s string, i, depth int, name string) int {
	at := len(p.members)
	var v value
	var end int
	if i < len(s) && s[i] == '{' {
		if depth >= maxDepth {
			return -1
		}
		p.members = append(p.members, member{name: name})
		if end = p.object(s, i+1, depth+1); end >= 0 {
			v = value{raw: s[i:end], kind: object}
		}
	} else {
		v, end = scanValue(s, i, depth)
		p.members = append(p.members, member{name: name})
	}
	m := &p.members[at]
	m.value, m.end = v, len(p.members)
	return end
}

// scanValue reads the value at i, which lies depth deep. end is -1 when there is none.
func scanValue(s string, i, depth int) (v value, end int) {
	if i >= len(s) || depth > maxDepth {
		return v, -1
	}
	switch s[i] {
	case '"':
		end, escaped := scanString(s, i+1)
		if end < 0 {
			return v, -1
		}
		return value{raw: s[i+1 : end-1], kind: text, escaped: escaped}, end
	case '{':
		v.kind, end = object, scanInside(s, i+1, depth+1, '}')
	case '[':
		v.kind, end = array, scanInside(s, i+1, depth+1, ']')
	case 't':
		v.kind, end = boolean, scanWord(s, i, "true")
	case 'f':
		v.kind, end = boolean, scanWord(s, i, "false")
	case 'n':
		v.kind, end = null, scanWord(s, i, "null")
	default:
		v.kind, end = number, scanNumber(s, i)
	}
	if end < 0 {
		return value{}, -1
	}
	v.raw = s[i:end]
	return v, end
}

// scanInside reads members or elements up to the closing bracket.
func scanInside(s string, i, depth int, closing byte) int {
	if i = skipSpace(s, i); i < len(s) && s[i] == closing {
		return i + 1
	}
	for {
		if closing == '}' {
			if i == len(s) || s[i] != '"' {
				return -1
			}
			if i, _ = scanString(s, i+1); i < 0 {
				return -1
			}
			if i = skipSpace(s, i); i == len(s) || s[i] != ':' {
				return -1
			}
			i = skipSpace(s, i+1)
		}
		if _, i = scanValue(s, i, depth); i < 0 {
			return -1
		}
		if i = skipSpace(s, i); i == len(s) {
			return -1
		}
		if s[i] == closing {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = skipSpace(s, i+1)
	}
}

func scanWord(s string, i int, word string) int {
	if !strings.HasPrefix(s[i:], word) {
		return -1
	}
	return i + len(word)
}

// scanString reads a string whose quote is before i, and reports whether it has
// escapes.
func scanString(s string, i int) (end int, escaped bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
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
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		if i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1, escaped
		case c == '\\':
			if i = scanEscape(s, i+1); i < 0 {
				return -1, false
			}
			escaped = true
		case c < ' ':
			return -1, false
		default:
			i++
		}
	}
	return -1, false
}

// scanEscape reads what follows a backslash.
func scanEscape(s string, i int) int {
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
			if hexDigit(s[j]) < 0 {
				return -1
			}
		}
		return i + 5
	}
	return -1
}

func hexDigit(c byte) rune {
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

func scanNumber(s string, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if i = scanDigits(s, i); i < 0 || i > start+1 && s[start] == '0' {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i = scanDigits(s, i+1); i < 0 {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		i = scanDigits(s, i)
	}
	return i
}

// scanDigits reads at least one digit.
func scanDigits(s string, i int) int {
	start := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}
