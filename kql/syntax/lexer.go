package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lex cuts a source into tokens, comments included and white space left out. The
// last one is TokenEOF. It never fails: what cannot be read is TokenInvalid, and
// the next token begins after it, so that a prompt can colour a query that is
// being written. One that only lacks its end (```, dynamic() goes to the end of
// the source, a string in quotes to the end of its line.
//
// A word with a hyphen is one token where it is a name of the language
// (project-away) and three otherwise (a-b).
func Lex(source string) []Token {
	l := lexer{src: source}
	tokens := make([]Token, 0, len(source)/4+1)
	for {
		t := l.next()
		tokens = append(tokens, t)
		if t.Kind == TokenEOF {
			return tokens
		}
	}
}

// lexer holds the place of the next token.
type lexer struct {
	src string
	pos int
}

// next returns the next token, TokenEOF for ever at the end.
func (l *lexer) next() Token {
	l.space()
	start := l.pos
	if start >= len(l.src) {
		return Token{Span{start, start}, TokenEOF}
	}
	kind := TokenInvalid
	switch c := l.src[start]; {
	case isWordStart(c):
		kind = l.word()
	case isDigit(c):
		kind = l.number()
	case c == '\'' || c == '"':
		kind = l.quoted(false)
	case c == '@' && isQuote(l.at(1)):
		l.pos++
		kind = l.quoted(true)
	case (c == '`' || c == '~') && l.at(1) == c && l.at(2) == c:
		kind = l.fenced()
	case c == '/' && l.at(1) == '/':
		kind = l.comment()
	case c >= utf8.RuneSelf:
		r, size := utf8.DecodeRuneInString(l.src[start:])
		if unicode.IsLetter(r) {
			kind = l.word()
		} else {
			l.pos += size
		}
	default:
		kind = l.symbol()
	}
	return Token{Span{start, l.pos}, kind}
}

// at returns the byte n after the place, 0 behind the end.
func (l *lexer) at(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

// space passes white space, also the invisible characters that come with text out
// of web pages.
func (l *lexer) space() {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if c == ' ' || c >= '\t' && c <= '\r' {
			l.pos++
			continue
		}
		if c < utf8.RuneSelf {
			return
		}
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) && r != '\ufeff' && r != '\u200b' {
			return
		}
		l.pos += size
	}
}

// comment passes the rest of the line.
func (l *lexer) comment() TokenKind {
	if n := strings.IndexAny(l.src[l.pos:], "\r\n"); n >= 0 {
		l.pos += n
	} else {
		l.pos = len(l.src)
	}
	return TokenComment
}

// word passes a name, and what makes more of it: the rest of a hyphened name, the
// string of h'…', the parentheses of a typed literal, the tilde of in~.
func (l *lexer) word() TokenKind {
	start := l.pos
	l.name()
	word := l.src[start:l.pos]
	switch c := l.at(0); {
	case c == '-' && l.hyphened(start):
		return TokenWord
	case c == '~' && (word == "in" || word == "notin") && l.at(1) != '~':
		l.pos++
		return TokenSymbol
	case word == "h" || word == "H":
		return l.hidden()
	}
	if kind, ok := isTyped(word); ok {
		return l.typed(kind)
	}
	return TokenWord
}

// name passes letters, digits, _ and $.
func (l *lexer) name() {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case isWordStart(c) || isDigit(c):
			l.pos++
		case c < utf8.RuneSelf:
			return
		default:
			r, size := utf8.DecodeRuneInString(l.src[l.pos:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
				return
			}
			l.pos += size
		}
	}
}

// hyphened passes the rest of project-away and the like, or nothing. None has more
// than two hyphens.
func (l *lexer) hyphened(start int) bool {
	before, end := l.pos, 0
	for n := 0; n < 2 && l.at(0) == '-' && isWordStart(l.at(1)); n++ {
		l.pos++
		l.name()
		if isHyphened(l.src[start:l.pos]) {
			end = l.pos
		}
	}
	l.pos = max(before, end)
	return end > 0
}

// hidden passes the string of h'…' and h@'…'. Without one h is a word.
func (l *lexer) hidden() TokenKind {
	switch {
	case isQuote(l.at(0)):
		return l.quoted(false)
	case l.at(0) == '@' && isQuote(l.at(1)):
		l.pos++
		return l.quoted(true)
	case l.at(0) == '`' && l.at(1) == '`' && l.at(2) == '`':
		return l.fenced()
	}
	return TokenWord
}

// quoted passes a string in quotes. In a verbatim one the quote is doubled and a
// backslash is nothing special.
func (l *lexer) quoted(verbatim bool) TokenKind {
	quote := l.src[l.pos]
	for l.pos++; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; {
		case c == quote && verbatim && l.at(1) == quote:
			l.pos++
		case c == quote:
			l.pos++
			return TokenString
		case c == '\\' && !verbatim:
			if n := l.at(1); n != '\n' && n != '\r' && n != 0 {
				l.pos++
			}
		case (c == '\n' || c == '\r') && !verbatim:
			return TokenInvalid
		}
	}
	return TokenInvalid
}

// fenced passes a string between ``` or ~~~, which may have lines.
func (l *lexer) fenced() TokenKind {
	fence := l.src[l.pos : l.pos+3]
	l.pos += 3
	n := strings.Index(l.src[l.pos:], fence)
	if n < 0 {
		l.pos = len(l.src)
		return TokenInvalid
	}
	l.pos += n + 3
	return TokenString
}

// typed passes the parentheses of a typed literal. Where what follows cannot be
// one, the word is a word: a column, or a call that somebody thinks exists.
func (l *lexer) typed(kind LiteralKind) TokenKind {
	before := l.pos
	l.space()
	if l.at(0) != '(' {
		l.pos = before
		return TokenWord
	}
	if kind == Dynamic {
		return l.dynamic()
	}
	for l.pos++; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; c {
		case ')':
			l.pos++
			return TokenTyped
		case '(', '\n', '\r', ';', '|':
			l.pos = before
			return TokenWord
		case '\'', '"':
			if l.quoted(false) == TokenInvalid {
				return TokenInvalid
			}
			l.pos--
		}
	}
	return TokenInvalid
}

// dynamic passes a text with strings and brackets in it, to the parenthesis that
// closes the first one.
func (l *lexer) dynamic() TokenKind {
	var buffer [32]byte
	open := buffer[:0] // the brackets that will close
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case isQuote(c) || c == '@' && isQuote(l.at(1)):
			if c == '@' {
				l.pos++
			}
			if l.quoted(c == '@') == TokenInvalid {
				return TokenInvalid
			}
			continue
		case c == '/' && l.at(1) == '/':
			l.comment()
			continue
		case c == '(':
			open = append(open, ')')
		case c == '[' || c == '{':
			open = append(open, c+2) // ] and }
		case c == ')' || c == ']' || c == '}':
			if open[len(open)-1] != c {
				return TokenInvalid
			}
			open = open[:len(open)-1]
		}
		l.pos++
		if len(open) == 0 {
			return TokenTyped
		}
		if len(open) > MaxDepth {
			return TokenInvalid
		}
	}
	return TokenInvalid
}
