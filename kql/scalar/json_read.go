package scalar

import (
	"strconv"
	"strings"

	"reslog/internal/jsonlex"
)

// Parse reads JSON (RFC 8259) and nothing more lenient. Whole numbers of 64 bits
// are longs, all other numbers reals; one that no real can hold makes the text no
// JSON.
func Parse(text string) (Value, bool) {
	r := reader{text: text}
	v, ok := r.value(0)
	if !ok || r.token() != 0 || r.at < len(text) {
		return Value{}, false
	}
	return v, true
}

// reader walks over JSON text.
type reader struct {
	text string
	at   int
}

// token is the next byte that is no space, or 0 at the end.
func (r *reader) token() byte {
	r.at = jsonlex.SkipSpace(r.text, r.at)
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *reader) value(depth int) (Value, bool) {
	switch r.token() {
	case '{':
		return r.bag(depth + 1)
	case '[':
		return r.array(depth + 1)
	case '"':
		s, ok := r.str()
		return OfString(s), ok
	}
	end := jsonlex.Value(r.text, r.at, depth)
	if end < 0 {
		return Value{}, false
	}
	word := r.text[r.at:end]
	r.at = end
	switch word {
	case "true", "false":
		return OfBool(word == "true"), true
	case "null":
		return Value{}, true
	}
	return ofNumber(word)
}

func (r *reader) array(depth int) (Value, bool) {
	v := Value{Kind: Array}
	if depth > MaxDepth {
		return v, false
	}
	r.at++
	if r.token() == ']' {
		r.at++
		return v, true
	}
	for {
		item, ok := r.value(depth)
		if !ok {
			return v, false
		}
		v.Items = append(v.Items, item)
		switch r.token() {
		case ',':
			r.at++
		case ']':
			r.at++
			return v, true
		default:
			return v, false
		}
	}
}

func (r *reader) bag(depth int) (Value, bool) {
	var b bagBuilder
	if depth > MaxDepth {
		return Value{}, false
	}
	r.at++
	if r.token() == '}' {
		r.at++
		return b.bag(), true
	}
	for {
		if r.token() != '"' {
			return Value{}, false
		}
		key, ok := r.str()
		if !ok || r.token() != ':' {
			return Value{}, false
		}
		r.at++
		item, ok := r.value(depth)
		if !ok {
			return Value{}, false
		}
		b.set(key, item, true)
		switch r.token() {
		case ',':
			r.at++
		case '}':
			r.at++
			return b.bag(), true
		default:
			return Value{}, false
		}
	}
}

// ofNumber is the value of a number of JSON.
func ofNumber(s string) (Value, bool) {
	if !strings.ContainsAny(s, ".eE") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return OfLong(n), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return OfReal(f), err == nil
}

// str reads a string, whose quote is next. Text without escapes is not copied.
func (r *reader) str() (string, bool) {
	end, escaped, _ := jsonlex.String(r.text, r.at+1)
	if end < 0 {
		return "", false
	}
	s := r.text[r.at+1 : end-1]
	r.at = end
	if escaped {
		s = string(jsonlex.AppendUnescaped(make([]byte, 0, len(s)), s, func(dst []byte, s string) []byte { return append(dst, s...) }))
	}
	return s, true
}
