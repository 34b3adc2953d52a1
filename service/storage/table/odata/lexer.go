package odata

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"reslog/service/storage/tablestore"
)

// kind is what a token is.
type kind uint8

const (
	tokenEnd kind = iota
	tokenName
	tokenLiteral
	tokenOpen
	tokenClose
)

// token is a word of an expression.
type token struct {
	kind  kind
	pos   int
	text  string // as it is written
	value literal
}

// lexer cuts an expression into tokens.
type lexer struct {
	src string
	pos int
}

func (l *lexer) fail(pos int, reason string) error { return &Error{Offset: pos, Reason: reason} }

// next returns the next token, tokenEnd for ever at the end.
func (l *lexer) next() (token, error) {
	l.space()
	t := token{pos: l.pos}
	if l.pos == len(l.src) {
		return t, nil
	}
	switch c := l.src[l.pos]; {
	case c == '(':
		t.kind = tokenOpen
		l.pos++
	case c == ')':
		t.kind = tokenClose
		l.pos++
	case c == '\'':
		text, err := l.quoted()
		if err != nil {
			return t, err
		}
		t.kind, t.value = tokenLiteral, literal{typ: tablestore.String, text: text}
	case isDigit(c), c == '-':
		value, err := l.number()
		if err != nil {
			return t, err
		}
		t.kind, t.value = tokenLiteral, value
	default:
		return l.word()
	}
	t.text = l.src[t.pos:l.pos]
	return t, nil
}

func (l *lexer) space() {
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		l.pos += n
	}
}

// word reads a name, a constant that looks like one, or one with its type before it.
func (l *lexer) word() (token, error) {
	t := token{kind: tokenName, pos: l.pos}
	l.pos += nameLength(l.src[l.pos:])
	t.text = l.src[t.pos:l.pos]
	if t.text == "" {
		r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
		return t, l.fail(t.pos, "the character "+quoteRune(r)+" has no meaning")
	}
	if l.pos < len(l.src) && l.src[l.pos] == '\'' {
		return l.typed(t)
	}
	if v, ok := wordLiteral(t.text); ok {
		t.kind, t.value = tokenLiteral, v
	}
	return t, nil
}

// typed reads what follows the type of a constant.
func (l *lexer) typed(t token) (token, error) {
	typ := t.text
	text, err := l.quoted()
	if err != nil {
		return t, err
	}
	v, wrong := typedLiteral(typ, text)
	if wrong != nil {
		wrong.Offset = t.pos
		return t, wrong
	}
	t.value = v
	t.kind, t.text = tokenLiteral, l.src[t.pos:l.pos]
	return t, nil
}

// quoted reads a text in single quotes, which are doubled inside it.
func (l *lexer) quoted() (string, error) {
	start := l.pos
	rest := l.src[start+1:]
	end := strings.IndexByte(rest, '\'')
	if end >= 0 && (end+1 == len(rest) || rest[end+1] != '\'') { // nothing is doubled
		l.pos = start + 1 + end + 1
		return rest[:end], nil
	}
	var b strings.Builder
	for end >= 0 {
		b.WriteString(rest[:end])
		rest = rest[end+1:]
		if !strings.HasPrefix(rest, "'") {
			l.pos = len(l.src) - len(rest)
			return b.String(), nil
		}
		b.WriteByte('\'')
		rest = rest[1:]
		end = strings.IndexByte(rest, '\'')
	}
	return "", l.fail(start, "the string has no end")
}

// number reads a number: -?digits, with a fraction, an exponent, a suffix.
func (l *lexer) number() (literal, error) {
	start := l.pos
	if l.src[l.pos] == '-' {
		l.pos++
		if n := nameLength(l.src[l.pos:]); l.src[l.pos:l.pos+n] == "INF" {
			l.pos += n
			return literal{typ: tablestore.Double, float: math.Inf(-1)}, nil
		}
	}
	if !l.digits() {
		return literal{}, l.fail(start, "a number needs digits")
	}
	fraction := false
	if l.at(0) == '.' {
		l.pos++
		if fraction = true; !l.digits() {
			return literal{}, l.fail(start, "the number needs digits after its point")
		}
	}
	if c := l.at(0); c == 'e' || c == 'E' {
		l.pos++
		if c := l.at(0); c == '+' || c == '-' {
			l.pos++
		}
		if fraction = true; !l.digits() {
			return literal{}, l.fail(start, "the number needs digits in its exponent")
		}
	}
	digits := l.src[start:l.pos]
	n := nameLength(l.src[l.pos:])
	suffix := l.src[l.pos : l.pos+n]
	l.pos += n
	v, wrong := numberLiteral(digits, suffix, fraction)
	if wrong != nil {
		wrong.Offset = start
		return v, wrong
	}
	return v, nil
}

// at returns the byte so far ahead, 0 at the end.
func (l *lexer) at(ahead int) byte {
	if l.pos+ahead < len(l.src) {
		return l.src[l.pos+ahead]
	}
	return 0
}

// digits reads digits and reports whether there were any.
func (l *lexer) digits() bool {
	start := l.pos
	for isDigit(l.at(0)) {
		l.pos++
	}
	return l.pos > start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// nameLength is how many bytes at the start of s are a name: a letter or an
// underscore, then letters, digits and underscores, as in C#.
func nameLength(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc)) {
			return i
		}
	}
	return len(s)
}

// quoteRune is a character as an error shows it.
func quoteRune(r rune) string {
	if unicode.IsPrint(r) {
		return string(r)
	}
	return "that is there"
}

// clip is a word as an error repeats it.
func clip(s string) string {
	const most = 40
	if n := 0; len(s) > most {
		for i := range s {
			if n++; n > most {
				return s[:i] + "…"
			}
		}
	}
	return s
}
