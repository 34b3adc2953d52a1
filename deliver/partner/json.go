package partner

import (
	"bytes"

	"reslog/internal/jsonlex"
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

// parseObject appends the members of a JSON object to dst, and reports whether b
// is one, from the first byte to the last. Everything inside is checked, too.
//
// There is no reflection and no copying here: it is what a record costs at most.
func parseObject(dst []member, b []byte) ([]member, bool) {
	i := jsonlex.SkipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return dst, false
	}
	dst, i = scanObject(dst, b, i+1)
	if i < 0 {
		return dst, false
	}
	return dst, jsonlex.SkipSpace(b, i) == len(b)
}

// scanObject appends the members of the object whose brace is before i, and
// returns where it ends, or -1.
func scanObject(dst []member, b []byte, i int) ([]member, int) {
	i = jsonlex.SkipSpace(b, i)
	if i < len(b) && b[i] == '}' {
		return dst, i + 1
	}
	for {
		var m member
		if m, i = scanMember(b, i, 1); i < 0 {
			return dst, -1
		}
		dst = append(dst, m)
		i = jsonlex.SkipSpace(b, i)
		if i == len(b) {
			return dst, -1
		}
		switch b[i] {
		case ',':
			i = jsonlex.SkipSpace(b, i+1)
		case '}':
			return dst, i + 1
		default:
			return dst, -1
		}
	}
}

// parseArray appends the elements of an array that was checked.
func parseArray(dst []value, b []byte) []value {
	for i := jsonlex.SkipSpace(b, 1); i < len(b) && b[i] != ']'; {
		v, end := scanValue(b, i, 0)
		if end < 0 {
			return dst
		}
		dst = append(dst, v)
		if i = jsonlex.SkipSpace(b, end); i < len(b) && b[i] == ',' {
			i = jsonlex.SkipSpace(b, i+1)
		}
	}
	return dst
}

// scanMember reads a name and its value; end is -1 when there is none.
func scanMember(b []byte, i, depth int) (m member, end int) {
	nameEnd, at, escaped, ascii := jsonlex.Name(b, i)
	if nameEnd < 0 {
		return m, -1
	}
	m.name = value{raw: b[i:nameEnd], kind: text, plain: ascii && !escaped}
	m.value, end = scanValue(b, at, depth)
	return m, end
}

// scanValue reads the value at i. depth is how deep it lies.
func scanValue(b []byte, i, depth int) (v value, end int) {
	if i < len(b) && b[i] == '"' && depth <= jsonlex.MaxDepth {
		end, escaped, ascii := jsonlex.String(b, i+1)
		if end < 0 {
			return v, -1
		}
		return value{raw: b[i:end], kind: text, plain: ascii && !escaped}, end
	}
	if end = jsonlex.Value(b, i, depth); end < 0 {
		return v, -1
	}
	return value{raw: b[i:end], kind: kindOf(b[i])}, end
}

// kindOf is the kind of what begins so and is no string.
func kindOf(first byte) kind {
	switch first {
	case '{':
		return object
	case '[':
		return array
	case 't', 'f':
		return boolean
	case 'n':
		return null
	}
	return number
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
