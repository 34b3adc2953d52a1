package hubprotocol

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"reslog/service/signalr/msgpack"
)

var (
	errJSON = errors.New("the message is not JSON")
	errDeep = msgpack.ErrDeep
)

// scanner checks JSON text (RFC 8259) and finds the parts of its outermost value. It
// decodes nothing.
type scanner struct {
	b []byte
	i int
	// depth is how many arrays and objects may still be opened.
	depth int
}

// object scans text that is one object, and calls fn with the name of each member,
// without quotes and escapes, and its value.
func (s *scanner) object(fn func(name, value []byte) error) error {
	s.space()
	if err := s.members(fn); err != nil {
		return err
	}
	return s.end()
}

// array scans text that is one array, and calls fn with each element.
func (s *scanner) array(fn func(value []byte) error) error {
	s.space()
	if err := s.elements(fn); err != nil {
		return err
	}
	return s.end()
}

// end accepts nothing but white space.
func (s *scanner) end() error {
	if s.space(); s.i < len(s.b) {
		return errJSON
	}
	return nil
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// take takes one byte, if it is next.
func (s *scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// open takes the beginning of an array or object, which close ends.
func (s *scanner) open(c byte) error {
	if !s.take(c) {
		return errJSON
	}
	if s.depth--; s.depth < 0 {
		return errDeep
	}
	s.space()
	return nil
}

// next takes what is between elements, or the end; it reports whether it was the end.
func (s *scanner) next(end byte) (ended bool, err error) {
	s.space()
	if s.take(end) {
		s.depth++
		return true, nil
	}
	if !s.take(',') {
		return false, errJSON
	}
	s.space()
	return false, nil
}

func (s *scanner) members(fn func(name, value []byte) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	if s.take('}') {
		s.depth++
		return nil
	}
	for {
		name, err := s.string()
		if err != nil {
			return err
		}
		if s.space(); !s.take(':') {
			return errJSON
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		if fn != nil {
			if err := fn(name, value); err != nil {
				return err
			}
		}
		if ended, err := s.next('}'); ended || err != nil {
			return err
		}
	}
}

func (s *scanner) elements(fn func(value []byte) error) error {
	if err := s.open('['); err != nil {
		return err
	}
	if s.take(']') {
		s.depth++
		return nil
	}
	for {
		value, err := s.value()
		if err != nil {
			return err
		}
		if fn != nil {
			if err := fn(value); err != nil {
				return err
			}
		}
		if ended, err := s.next(']'); ended || err != nil {
			return err
		}
	}
}

// value takes any value and returns its text.
func (s *scanner) value() (text []byte, err error) {
	s.space()
	start := s.i
	if s.i == len(s.b) {
		return nil, errJSON
	}
	switch s.b[s.i] {
	case '{':
		err = s.members(nil)
	case '[':
		err = s.elements(nil)
	case '"':
		_, err = s.string()
	case 't':
		err = s.word("true")
	case 'f':
		err = s.word("false")
	case 'n':
		err = s.word("null")
	default:
		err = s.number()
	}
	return s.b[start:s.i:s.i], err
}

func (s *scanner) word(w string) error {
	for i := range len(w) {
		if !s.take(w[i]) {
			return errJSON
		}
	}
	return nil
}

// string takes a string and returns what it means: a part of the text, if nothing in it
// is escaped.
func (s *scanner) string() ([]byte, error) {
	if !s.take('"') {
		return nil, errJSON
	}
	start, escaped := s.i, false
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			if escaped {
				return unquote(nil, s.b[start-1:s.i]), nil
			}
			return s.b[start : s.i-1], nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, err
			}
		case c < 0x20:
			return nil, fmt.Errorf("%w: a control character in a string", errJSON)
		default:
			s.i++
		}
	}
	return nil, errJSON
}

func (s *scanner) escape() error {
	s.i++
	if s.i == len(s.b) {
		return errJSON
	}
	switch s.b[s.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return nil
	case 'u':
		if s.i+4 >= len(s.b) || hex4(s.b[s.i+1:]) < 0 {
			return errJSON
		}
		s.i += 5
		return nil
	}
	return errJSON
}

func (s *scanner) number() error {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return errJSON
	}
	if s.take('.') && !s.digits() {
		return errJSON
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			return errJSON
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}

// unquote appends what a JSON string means, which has been scanned. Halves of surrogate
// pairs become U+FFFD.
func unquote(b, quoted []byte) []byte {
	for q := quoted[1 : len(quoted)-1]; len(q) > 0; {
		if q[0] != '\\' {
			b = append(b, q[0])
			q = q[1:]
			continue
		}
		c := q[1]
		switch q = q[2:]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(q)
			q = q[4:]
			if utf16.IsSurrogate(r) {
				second := rune(-1)
				if len(q) >= 6 && q[0] == '\\' && q[1] == 'u' {
					second = hex4(q[2:])
				}
				if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
					q = q[6:]
				}
			}
			b = utf8.AppendRune(b, r)
			continue
		}
		b = append(b, c)
	}
	return b
}

// hex4 reads four hexadecimal digits, -1 for others.
func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
