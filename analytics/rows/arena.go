package rows

import (
	"bytes"
	"unicode/utf8"
	"unsafe"

	"reslog/internal/jsonlex"
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
	a.reserve(len(s)) // what it says is not longer
	start := len(a.buf)
	a.buf = jsonlex.AppendUnescaped(a.buf, s, func(dst []byte, s string) []byte { return append(dst, s...) })
	return a.from(start)
}
