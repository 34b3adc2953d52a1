package storagelog

import (
	"bytes"
	"unicode/utf8"
)

// Referrer and client request id are cut to this many bytes.
const maxClientText = 1024

// appendQuoted appends s as a quoted field: nothing when s is empty, else s
// HTML-encoded in quotes.
//
// Encoded are & < > " and ', as .NET's HtmlEncode does, and control characters,
// as numeric references: the documentation says of the line break that it is
// encoded and not how. Semicolons stay, the quotes protect them; so does text
// beyond ASCII. Bytes that are not UTF-8 become U+FFFD, because the log as a
// whole is UTF-8.
func appendQuoted(dst []byte, s string) []byte {
	if s == "" {
		return dst
	}
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if quotedPlain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		default: // ' and control characters
			dst = append(dst, '&', '#')
			dst = appendUint(dst, uint64(c))
			dst = append(dst, ';')
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendBare appends s as a field without quotes. The format has no way to
// write a quote, a semicolon or a line break in one, and no honest value holds
// any; should a client bring one in, it is percent-encoded.
func appendBare(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if barePlain[c] {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		i += n
		start = i
	}
	return append(dst, s[start:]...)
}

const upperHex = "0123456789ABCDEF"

// cut returns the first n bytes of s, less when that would split a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// appendDecoded appends b with its character references replaced by what they
// stand for. What is not a reference stays as it is.
func appendDecoded(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		b = b[i:]
		r, n := reference(b)
		if n == 0 {
			dst, b = append(dst, '&'), b[1:]
			continue
		}
		dst, b = utf8.AppendRune(dst, r), b[n:]
	}
}

// reference reads the character reference that b begins with and returns its
// length, 0 when there is none.
func reference(b []byte) (r rune, n int) {
	// The longest of interest is "&#1114111;" or "&#x10FFFF;".
	end := bytes.IndexByte(b[:min(len(b), 12)], ';')
	if end < 2 {
		return 0, 0
	}
	name := b[1:end]
	if name[0] != '#' {
		switch string(name) {
		case "amp":
			r = '&'
		case "lt":
			r = '<'
		case "gt":
			r = '>'
		case "quot":
			r = '"'
		case "apos":
			r = '\''
		default:
			return 0, 0
		}
		return r, end + 1
	}
	digits, base := name[1:], rune(10)
	if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base = digits[1:], 16
	}
	if len(digits) == 0 {
		return 0, 0
	}
	for _, c := range digits {
		d := rune(255)
		switch {
		case c >= '0' && c <= '9':
			d = rune(c - '0')
		case c >= 'a' && c <= 'f':
			d = rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			d = rune(c-'A') + 10
		}
		if d >= base {
			return 0, 0
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, 0
		}
	}
	if !utf8.ValidRune(r) {
		return 0, 0
	}
	return r, end + 1
}

// quotedPlain are the bytes that a quoted field holds as they are, barePlain
// those of a bare one; of bytes beyond ASCII the encoders decide.
var quotedPlain, barePlain = plainBytes(`&<>"'`), plainBytes(`";`)

func plainBytes(special string) (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = true
	}
	for _, c := range special {
		t[c] = false
	}
	return t
}
