package rows

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// arena holds the text of rows: one allocation for many lines.
type arena struct{ buf []byte }

const arenaChunk = 64 << 10

// add copies b. What is not UTF-8 becomes the replacement character: neither
// JSON nor a string of a table has a place for it.
func (a *arena) add(b []byte) string {
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, []byte("\ufffd"))
	}
	a.reserve(len(b))
	start := len(a.buf)
	a.buf = append(a.buf, b...)
	return a.from(start)
}

// reserve makes room for n bytes in one piece.
func (a *arena) reserve(n int) {
	if cap(a.buf)-len(a.buf) < n {
		a.buf = make([]byte, 0, max(arenaChunk, n))
	}
}

// from returns what was appended since start. It is never changed again: the
// buffer is only ever appended to.
func (a *arena) from(start int) string {
	b := a.buf[start:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// unescape resolves the escapes of a string that was checked. Halves of
// surrogate pairs become the replacement character.
func (a *arena) unescape(s string) string {
	a.reserve(len(s)) // no escape is longer than what it stands for, see below
	start := len(a.buf)
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			break
		}
		a.buf = append(a.buf, s[:i]...)
		n := 2
		switch c := s[i+1]; c {
		case 'b':
			a.buf = append(a.buf, '\b')
		case 'f':
			a.buf = append(a.buf, '\f')
		case 'n':
			a.buf = append(a.buf, '\n')
		case 'r':
			a.buf = append(a.buf, '\r')
		case 't':
			a.buf = append(a.buf, '\t')
		case 'u':
			r := codeUnit(s[i+2:])
			n = 6
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if rest := s[i+6:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
					low = codeUnit(rest[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					n = 12
				}
			}
			a.buf = utf8.AppendRune(a.buf, r) // 3 bytes at most for 6, 4 for 12
		default:
			a.buf = append(a.buf, c)
		}
		s = s[i+n:]
	}
	a.buf = append(a.buf, s...)
	return a.from(start)
}

// codeUnit reads the four digits of a \u escape.
func codeUnit(s string) (r rune) {
	for i := range 4 {
		r = r<<4 | hexDigit(s[i])
	}
	return r
}
