package storage

import (
	"strconv"
	"strings"
)

// scanner reads JSON. After anything it does not expect, bad is set and all
// that follows reads as empty.
type scanner struct {
	s   string
	i   int
	bad bool
}

// next consumes c.
func (p *scanner) next(c byte) bool {
	if p.bad || p.i >= len(p.s) || p.s[p.i] != c {
		p.bad = true
		return false
	}
	p.i++
	return true
}

// peek returns the next byte, 0 at the end.
func (p *scanner) peek() byte {
	if p.bad || p.i >= len(p.s) {
		return 0
	}
	return p.s[p.i]
}

// object calls fn for each member; fn must consume the value.
func (p *scanner) object(fn func(key string)) {
	if !p.next('{') {
		return
	}
	if p.peek() == '}' {
		p.i++
		return
	}
	for {
		key := p.text()
		if !p.next(':') {
			return
		}
		fn(key)
		if p.peek() == ',' {
			p.i++
			continue
		}
		p.next('}')
		return
	}
}

// text reads a string. Without escapes it is a part of the line, not a copy.
func (p *scanner) text() string {
	if !p.next('"') {
		return ""
	}
	rest := p.s[p.i:]
	n := strings.IndexByte(rest, '"')
	if n < 0 {
		p.bad = true
		return ""
	}
	if strings.IndexByte(rest[:n], '\\') < 0 {
		p.i += n + 1
		return rest[:n]
	}
	return p.escaped()
}

// escaped reads a string that has escapes, from after its opening quote.
func (p *scanner) escaped() string {
	start := p.i
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '\\':
			p.i += 2
		case '"':
			p.i++
			text, ok := unescape(p.s[start : p.i-1])
			p.bad = p.bad || !ok
			return text
		default:
			p.i++
		}
	}
	p.bad = true
	return ""
}

// unescape resolves the escapes that appendJSONText makes.
func unescape(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", false
		}
		switch s[i] {
		case '"', '\\', '/':
			b = append(b, s[i])
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			if i+4 >= len(s) {
				return "", false
			}
			n, err := strconv.ParseUint(s[i+1:i+5], 16, 7)
			if err != nil {
				return "", false
			}
			b = append(b, byte(n))
			i += 4
		default:
			return "", false
		}
	}
	return string(b), true
}

// scalar reads a string or a number, as text.
func (p *scanner) scalar() string {
	if p.peek() == '"' {
		return p.text()
	}
	start := p.i
	for p.peek() >= '0' && p.peek() <= '9' {
		p.i++
	}
	if p.bad || start == p.i {
		p.bad = true
		return ""
	}
	return p.s[start:p.i]
}

// number reads a whole number that is not negative.
func (p *scanner) number() int64 {
	n, err := strconv.ParseInt(p.scalar(), 10, 64)
	if err != nil {
		p.bad = true
	}
	return n
}

// skip reads a value of any of our kinds and forgets it.
func (p *scanner) skip() {
	if p.peek() == '{' {
		p.object(func(string) { p.skip() })
		return
	}
	p.scalar()
}
