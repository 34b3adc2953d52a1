package rows

import (
	"unsafe"

	"reslog/internal/jsonlex"
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

// parse appends the members of the object that s is, and reports whether it is
// one, with nothing but white space around it: they are those from start to end.
func (p *parser) parse(s string) (start, end int, ok bool) {
	start = len(p.members)
	i := jsonlex.SkipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return start, start, false
	}
	i = p.object(s, i+1, 1)
	return start, len(p.members), i >= 0 && jsonlex.SkipSpace(s, i) == len(s)
}

// IsObject reports whether b is a JSON object, with nothing but white space around
// it. It looks at the form only, not at whether its text is UTF-8.
func IsObject(b []byte) bool {
	s := unsafe.String(unsafe.SliceData(b), len(b)) // not kept
	i := jsonlex.SkipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return false
	}
	end := jsonlex.Value(s, i, 0)
	return end >= 0 && jsonlex.SkipSpace(s, end) == len(s)
}

// object appends the members of the object whose brace is before i, and returns
// where it ends, -1 if it does not.
func (p *parser) object(s string, i, depth int) int {
	if i = jsonlex.SkipSpace(s, i); i < len(s) && s[i] == '}' {
		return i + 1
	}
	for {
		end, at, escaped, _ := jsonlex.Name(s, i)
		if end < 0 {
			return -1
		}
		name := s[i+1 : end-1]
		if escaped {
			name = p.unescape(name)
		}
		if i = p.member(s, at, depth, name); i < 0 {
			return -1
		}
		if i = jsonlex.SkipSpace(s, i); i == len(s) {
			return -1
		}
		switch s[i] {
		case ',':
			i = jsonlex.SkipSpace(s, i+1)
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
		if depth >= jsonlex.MaxDepth {
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
	if i < len(s) && s[i] == '"' && depth <= jsonlex.MaxDepth {
		end, escaped, _ := jsonlex.String(s, i+1)
		if end < 0 {
			return v, -1
		}
		return value{raw: s[i+1 : end-1], kind: text, escaped: escaped}, end
	}
	if end = jsonlex.Value(s, i, depth); end < 0 {
		return v, -1
	}
	return value{raw: s[i:end], kind: kindOf(s[i])}, end
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
