package storage

import (
	"strconv"
	"strings"
	"unsafe"
)

// scanner reads JSON. After anything it does not expect, bad is set and all
// that follows reads as empty.
//
// The strings it returns are parts of s, or of buf, which takes those that have
// escapes: they last as long as those two do not change.
type scanner struct {
	s   string
	i   int
	bad bool
	buf []byte
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

// open begins an object and reports whether it has a member.
func (p *scanner) open() bool {
	if !p.next('{') {
		return false
	}
	if p.peek() == '}' {
		p.i++
		return false
	}
	return !p.bad
}

// more goes behind the value of a member and reports whether another follows.
func (p *scanner) more() bool {
	if p.peek() == ',' {
		p.i++
		return true
	}
	p.next('}')
	return false
}

// openList begins an array and reports whether it has an element.
func (p *scanner) openList() bool {
	if !p.next('[') {
		return false
	}
	if p.peek() == ']' {
		p.i++
		return false
	}
	return !p.bad
}

// moreList goes behind an element and reports whether another follows.
func (p *scanner) moreList() bool {
	if p.peek() == ',' {
		p.i++
		return true
	}
	p.next(']')
	return false
}

// member reads the name of a member and returns its place in names, -1 when it
// is not there. expect is where it is looked for first, and becomes the place
// behind it.
func (p *scanner) member(names []string, expect *int) int {
	if !p.next('"') {
		return -1
	}
	rest := p.s[p.i:]
	for i := *expect; i < len(names); i++ {
		if n := len(names[i]); len(rest) > n+1 && rest[n] == '"' && rest[:n] == names[i] && rest[n+1] == ':' {
			p.i += n + 2
			*expect = i + 1
			return i
		}
	}
	p.i--
	name := p.text()
	p.next(':')
	for i := range names {
		if names[i] == name {
			*expect = i + 1
			return i
		}
	}
	return -1
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

// skipText is text for a string that nobody wants.
func (p *scanner) skipText() {
	n := strings.IndexByte(p.s[p.i+1:], '"')
	if n < 0 || p.s[p.i+n] == '\\' {
		p.text() // where it ends is not that plain
		return
	}
	p.i += n + 2
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
			return p.unescape(p.s[start : p.i-1])
		default:
			p.i++
		}
	}
	p.bad = true
	return ""
}

// unescape resolves the escapes that AppendJSONText makes, into buf.
func (p *scanner) unescape(s string) string {
	if p.buf == nil {
		p.buf = make([]byte, 0, max(64, len(s)))
	}
	start := len(p.buf)
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			break
		}
		p.buf = append(p.buf, s[:i]...)
		n := 2
		if i+1 < len(s) {
			switch c := s[i+1]; c {
			case '"', '\\', '/':
				p.buf = append(p.buf, c)
			case 'n':
				p.buf = append(p.buf, '\n')
			case 'r':
				p.buf = append(p.buf, '\r')
			case 't':
				p.buf = append(p.buf, '\t')
			case 'u':
				if n = 6; i+n > len(s) {
					p.bad = true
					return ""
				}
				code, err := strconv.ParseUint(s[i+2:i+n], 16, 7)
				p.bad = p.bad || err != nil
				p.buf = append(p.buf, byte(code))
			default:
				p.bad = true
			}
		} else {
			p.bad = true
		}
		if p.bad {
			return ""
		}
		s = s[i+n:]
	}
	p.buf = append(p.buf, s...)
	// What is in buf is only ever added to.
	return unsafe.String(unsafe.SliceData(p.buf[start:]), len(p.buf)-start)
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
	digits := p.scalar()
	if len(digits) == 0 || len(digits) > 18 {
		p.bad = true
		return 0
	}
	var n int64
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			p.bad = true
			return 0
		}
		n = 10*n + int64(d)
	}
	return n
}

// skip reads a value of any of our kinds and forgets it.
func (p *scanner) skip() {
	switch p.peek() {
	case '"':
		p.skipText()
		return
	case '{':
	case '[':
		for more := p.openList(); more; more = p.moreList() {
			p.skip()
		}
		return
	default:
		p.scalar()
		return
	}
	for more := p.open(); more; more = p.more() {
		p.text()
		p.next(':')
		p.skip()
	}
}
