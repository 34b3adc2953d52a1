package partner

import (
	"bytes"
	"unicode/utf8"

	"reslog/internal/jsonlex"
)

// inner is what is between the quotes of a string.
func (v value) inner() []byte { return v.raw[1 : len(v.raw)-1] }

// bytes returns the text of a string: a part of the JSON if it can be, else
// memory of its own.
func (v value) bytes() []byte {
	if v.plain {
		return v.inner()
	}
	return appendDecoded(nil, v.inner())
}

// isText reports whether v is a string that is not empty.
func (v value) isText() bool { return v.kind == text && len(v.raw) > 2 }

// is reports whether v is the name or string s.
func (v value) is(s string) bool {
	if v.plain {
		return string(v.inner()) == s
	}
	return string(v.bytes()) == s
}

// appendDecoded appends what a string means whose quotes were taken off. Halves
// of surrogate pairs and bytes that are not UTF-8 become U+FFFD.
func appendDecoded(dst, s []byte) []byte { return jsonlex.AppendUnescaped(dst, s, appendUTF8) }

// appendUTF8 appends s; each byte that is not UTF-8 becomes U+FFFD.
func appendUTF8(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		dst = utf8.AppendRune(dst, r)
		s = s[n:]
	}
	return dst
}

// appendQuoted appends s as a JSON string.
func appendQuoted(dst, s []byte) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEscaped appends s as it stands between the quotes of a JSON string.
func appendEscaped(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return dst
}

// appendLine appends a JSON text that was checked, in one line and as UTF-8.
func appendLine(dst, b []byte) []byte {
	at := len(dst)
	dst = appendUTF8(dst, b)
	// A line break that is no escape is white space between tokens.
	for i := at; ; i++ {
		n := bytes.IndexByte(dst[i:], '\n')
		if n < 0 {
			break
		}
		i += n
		dst[i] = ' '
	}
	for i := at; ; i++ {
		n := bytes.IndexByte(dst[i:], '\r')
		if n < 0 {
			return dst
		}
		i += n
		dst[i] = ' '
	}
}

// valid returns s as UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string(appendUTF8(nil, []byte(s)))
}
