package partner

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// kind is the kind of a JSON value.
type kind uint8

const (
	invalid kind = iota // no JSON
	null
	boolean
	number
	text
	array
	object
)

// value is a value inside a JSON text. What a value was taken from has been
// checked against RFC 8259, so that its parts can be taken apart without errors.
type value struct {
	raw   []byte // with its quotes or brackets
	kind  kind
	plain bool // a string of ASCII without escapes: what is between its quotes is its text
}

// member is one member of an object.
type member struct {
	name  value
	value value
}

// maxDepth is how many objects and arrays may be open at once in what is taken
// for JSON; parsers of the receivers have limits of the same order.
const maxDepth = 1000

// parseObject appends the members of a JSON object to dst, and reports whether b
// is one, from the first byte to the last. Everything inside is checked, too.
//
// There is no reflection and no copying here: it is what a record costs at most.
func parseObject(dst []member, b []byte) ([]member, bool) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return dst, false
	}
	dst, i = scanObject(dst, b, i+1)
	if i < 0 {
		return dst, false
	}
	return dst, skipSpace(b, i) == len(b)
}

// scanObject appends the members of the object whose brace is before i, and
// returns where it ends, or -1.
func scanObject(dst []member, b []byte, i int) ([]member, int) {
	i = skipSpace(b, i)
	if i < len(b) && b[i] == '}' {
		return dst, i + 1
	}
	for {
		var m member
		if m, i = scanMember(b, i, 1); i < 0 {
			return dst, -1
		}
		dst = append(dst, m)
		i = skipSpace(b, i)
		if i == len(b) {
			return dst, -1
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return dst, i + 1
		default:
			return dst, -1
		}
	}
}

// parseArray appends the elements of an array that was checked.
func parseArray(dst []value, b []byte) []value {
	for i := skipSpace(b, 1); i < len(b) && b[i] != ']'; {
		v, end := scanValue(b, i, 0)
		if end < 0 {
			return dst
		}
		dst = append(dst, v)
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return dst
}

// scanMember reads a name and its value; end is -1 when there is none.
func scanMember(b []byte, i, depth int) (m member, end int) {
	if i == len(b) || b[i] != '"' {
		return m, -1
	}
	end, plain := scanString(b, i+1)
	if end < 0 {
		return m, -1
	}
	m.name = value{raw: b[i:end], kind: text, plain: plain}
	i = skipSpace(b, end)
	if i == len(b) || b[i] != ':' {
		return m, -1
	}
	m.value, end = scanValue(b, skipSpace(b, i+1), depth)
	return m, end
}

// scanValue reads the value at i. depth is how deep it lies.
func scanValue(b []byte, i, depth int) (v value, end int) {
	if i >= len(b) || depth > maxDepth {
		return v, -1
	}
	switch c := b[i]; c {
	case '"':
		end, v.plain = scanString(b, i+1)
		v.kind = text
	case '{':
		end, v.kind = scanInside(b, i+1, depth+1, '}'), object
	case '[':
		end, v.kind = scanInside(b, i+1, depth+1, ']'), array
	case 't':
		end, v.kind = scanWord(b, i, "true"), boolean
	case 'f':
		end, v.kind = scanWord(b, i, "false"), boolean
	case 'n':
		end, v.kind = scanWord(b, i, "null"), null
	default:
		end, v.kind = scanNumber(b, i), number
	}
	if end < 0 {
		return value{}, -1
	}
	v.raw = b[i:end]
	return v, end
}

// scanInside reads the members or elements up to the closing bracket.
func scanInside(b []byte, i, depth int, closing byte) int {
	i = skipSpace(b, i)
	if i < len(b) && b[i] == closing {
		return i + 1
	}
	for {
		if closing == '}' {
			_, i = scanMember(b, i, depth)
		} else {
			_, i = scanValue(b, i, depth)
		}
		if i < 0 {
			return -1
		}
		i = skipSpace(b, i)
		if i == len(b) {
			return -1
		}
		if b[i] == closing {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = skipSpace(b, i+1)
	}
}

func scanWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// scanString reads a string whose quote is before i.
func scanString(b []byte, i int) (end int, plain bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	plain = true
	for {
		// Eight bytes at once, as long as all of them are ordinary.
		for len(b)-i >= 8 {
			w := binary.LittleEndian.Uint64(b[i:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			// Subtracting borrows, and so sets the top bit, in a byte that is not; above
			// the first such byte the bits mean nothing.
			if odd := (w | (w - ones*' ') | (quote - ones) | (slash - ones)) & tops; odd != 0 {
				i += bits.TrailingZeros64(odd) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return -1, false
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, plain
		case c == '\\':
			if i = scanEscape(b, i+1); i < 0 {
				return -1, false
			}
			plain = false
		case c < ' ':
			return -1, false
		default:
			plain = plain && c < 0x80
			i++
		}
	}
}

// scanEscape reads what follows a backslash.
func scanEscape(b []byte, i int) int {
	if i == len(b) {
		return -1
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if len(b)-i < 5 {
			return -1
		}
		for _, c := range b[i+1 : i+5] {
			if hexDigit(c) < 0 {
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

func scanNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	if i = scanDigits(b, i); i < 0 || i > start+1 && b[start] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = scanDigits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = scanDigits(b, i)
	}
	return i
}

// scanDigits reads at least one digit.
func scanDigits(b []byte, i int) int {
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// unique removes the members of an object that come again, so that the last
// counts, as in most parsers: names are unique in OTLP. It decodes the names, so
// that their inner part is their text.
func unique(members []member) []member {
	const few = 32
	for i := range members {
		if name := &members[i].name; !name.plain {
			*name = value{raw: append(appendDecoded([]byte{'"'}, name.inner()), '"'), kind: text, plain: true}
		}
	}
	kept := members[:0]
	if len(members) > few {
		last := make(map[string]int, len(members))
		for i := range members {
			last[string(members[i].name.raw)] = i
		}
		for i, m := range members {
			if last[string(m.name.raw)] == i {
				kept = append(kept, m)
			}
		}
		return kept
	}
	for i, m := range members {
		again := false
		for j := i + 1; j < len(members) && !again; j++ {
			again = bytes.Equal(m.name.raw, members[j].name.raw)
		}
		if !again {
			kept = append(kept, m)
		}
	}
	return kept
}
