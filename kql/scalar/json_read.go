package scalar

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
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
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
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
	case 't':
		return OfBool(true), r.word("true")
	case 'f':
		return OfBool(false), r.word("false")
	case 'n':
		return Value{}, r.word("null")
	}
	return r.number()
}

func (r *reader) word(w string) bool {
	if len(r.text)-r.at < len(w) || r.text[r.at:r.at+len(w)] != w {
		return false
	}
	r.at += len(w)
	return true
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

// digits steps over digits and says how many.
func (r *reader) digits() int {
	from := r.at
	for r.at < len(r.text) && r.text[r.at]-'0' <= 9 {
		r.at++
	}
	return r.at - from
}

func (r *reader) peek(c byte) bool { return r.at < len(r.text) && r.text[r.at] == c }

func (r *reader) number() (Value, bool) {
	from, whole := r.at, true
	if r.peek('-') {
		r.at++
	}
	first := r.at
	if n := r.digits(); n == 0 || n > 1 && r.text[first] == '0' {
		return Value{}, false
	}
	if r.peek('.') {
		r.at++
		whole = false
		if r.digits() == 0 {
			return Value{}, false
		}
	}
	if r.peek('e') || r.peek('E') {
		r.at++
		whole = false
		if r.peek('+') || r.peek('-') {
			r.at++
		}
		if r.digits() == 0 {
			return Value{}, false
		}
	}
	if whole {
		if n, err := strconv.ParseInt(r.text[from:r.at], 10, 64); err == nil {
			return OfLong(n), true
		}
	}
	f, err := strconv.ParseFloat(r.text[from:r.at], 64)
	return OfReal(f), err == nil
}

// str reads a string, whose quote is next. Text without escapes is not copied.
func (r *reader) str() (string, bool) {
	from := r.at + 1
	for i := from; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			return r.text[from:i], true
		case c == '\\':
			return r.escaped(from, i)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// escaped reads the string that begins at from and has its first escape at i.
func (r *reader) escaped(from, i int) (string, bool) {
	b := append(make([]byte, 0, i-from+32), r.text[from:i]...)
	for i < len(r.text) {
		c := r.text[i]
		i++
		switch {
		case c == '"':
			r.at = i
			return string(b), true
		case c < ' ' || c == '\\' && i == len(r.text):
			return "", false
		case c != '\\':
			b = append(b, c)
			continue
		}
		c = r.text[i]
		i++
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			c, ok := hex4(r.text, i)
			if !ok {
				return "", false
			}
			i += 4
			if low, ok := hex4(r.text, i+2); utf16.IsSurrogate(c) && ok && r.text[i:i+2] == `\u` {
				if both := utf16.DecodeRune(c, low); both != utf8.RuneError {
					c = both
					i += 6
				}
			}
			b = utf8.AppendRune(b, c) // a lone surrogate becomes U+FFFD
		default:
			return "", false
		}
	}
	return "", false
}

// hex4 reads the four digits at i.
func hex4(s string, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	n, err := strconv.ParseUint(s[i:i+4], 16, 16)
	return rune(n), err == nil
}
