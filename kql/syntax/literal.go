package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// literal reads a number, a timespan or a typed literal.
func (p *parser) literal() Expr {
	t := p.tok()
	p.i++
	x := &Literal{Span: t.Span, Text: p.text(t)}
	switch t.Kind {
	case TokenLong:
		x.Kind = Long
	case TokenReal:
		x.Kind = Real
		if x.Text[len(x.Text)-1] == '.' {
			x.Text += "0"
		}
	case TokenTimespan:
		x.Kind = Timespan
	default:
		p.typedLiteral(x)
	}
	return x
}

// typedLiteral fills in a literal out of datetime(…) and its like.
func (p *parser) typedLiteral(x *Literal) {
	open := strings.IndexByte(x.Text, '(')
	word := strings.TrimFunc(x.Text[:open], isSpace)
	x.Kind, _ = isTyped(word)
	x.Text = strings.TrimFunc(x.Text[open+1:len(x.Text)-1], isSpace)
	if x.Kind == Dynamic {
		x.Text = p.plainDynamic(x.Text)
	} else {
		x.Text = unquoted(x.Text)
	}
	switch {
	case x.Text == "":
		p.fail(x.Span, "expected a value in the parentheses of %s()", word)
	case x.Text == "null":
		x.Null = true
	case x.Kind == Bool && strings.EqualFold(x.Text, "true"):
		x.Text = "true"
	case x.Kind == Bool && strings.EqualFold(x.Text, "false"):
		x.Text = "false"
	}
}

// unquoted takes the quotes off datetime('2024-01-01') where what is in them can
// stand without.
func unquoted(s string) string {
	if len(s) < 2 || !isQuote(s[0]) || s[len(s)-1] != s[0] {
		return s
	}
	inner := s[1 : len(s)-1]
	for i := range len(inner) {
		if c := inner[i]; !isWordStart(c) && !isDigit(c) && strings.IndexByte(" -+:./", c) < 0 {
			return s
		}
	}
	if strings.Contains(inner, "//") {
		return s
	}
	return strings.TrimSpace(inner)
}

// plainDynamic is the text of a dynamic literal without comments.
func (p *parser) plainDynamic(s string) string {
	if !strings.Contains(s, "//") {
		return s
	}
	l := lexer{src: s}
	out := make([]byte, 0, len(s))
	last := 0
	for {
		t := l.next()
		if t.Kind == TokenEOF {
			break
		}
		if t.Kind == TokenComment {
			out = append(out, s[last:t.Start]...)
			last = t.End
		}
	}
	return strings.TrimFunc(string(append(out, s[last:]...)), isSpace)
}

func isSpace(r rune) bool {
	l := lexer{src: string(r)}
	l.space()
	return l.pos > 0
}

// stringLiteral reads a string and those that follow it, which are one with it.
func (p *parser) stringLiteral() Expr {
	t := p.tok()
	x := &Literal{Kind: String, Text: p.decode(t), Hidden: p.isHidden(t)}
	if p.i++; p.tok().Kind == TokenString {
		var b strings.Builder
		b.WriteString(x.Text)
		for ; p.tok().Kind == TokenString; p.i++ {
			b.WriteString(p.decode(p.tok()))
			x.Hidden = x.Hidden || p.isHidden(p.tok())
		}
		x.Text = b.String()
	}
	x.Span = p.from(t.Start)
	return x
}

// isHidden says whether a string token is h'…'.
func (p *parser) isHidden(t Token) bool { return p.src[t.Start]|0x20 == 'h' }

// decode gives the value of a string token.
func (p *parser) decode(t Token) string {
	s := p.text(t)
	at := t.Start
	if s[0] == 'h' || s[0] == 'H' {
		s, at = s[1:], at+1
	}
	switch s[0] {
	case '@':
		quote := s[1:2]
		s = s[2 : len(s)-1]
		if strings.Contains(s, quote) {
			s = strings.ReplaceAll(s, quote+quote, quote)
		}
		return s
	case '`', '~':
		return s[3 : len(s)-3]
	}
	s, at = s[1:len(s)-1], at+1
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return p.unescape(s, at)
}

// unescape replaces the escapes in a string that begins at a place of the source.
func (p *parser) unescape(s string, at int) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		r, n := escape(s[i+1:])
		if n == 0 {
			p.fail(Span{at + i, min(at+i+2, at+len(s))}, `\%s is no escape in a string: a backslash is \\, or write @'…'`, firstRune(s[i+1:]))
		}
		i += 1 + n
		// Two halves of a character outside the basic plane are one.
		if low, m := surrogate(r, s[i:]); m > 0 {
			r = low
			i += m
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// escape reads what follows a backslash: the character and the length of its
// text, 0 if it is no escape.
func escape(s string) (rune, int) {
	if s == "" {
		return 0, 0
	}
	switch c := s[0]; c {
	case '\\', '\'', '"':
		return rune(c), 1
	case 'n':
		return '\n', 1
	case 't':
		return '\t', 1
	case 'r':
		return '\r', 1
	case 'a':
		return '\a', 1
	case 'b':
		return '\b', 1
	case 'f':
		return '\f', 1
	case 'v':
		return '\v', 1
	case 'x':
		return hexRune(s, 2)
	case 'u':
		return hexRune(s, 4)
	case 'U':
		return hexRune(s, 8)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return octalRune(s)
	}
	return 0, 0
}

// hexRune reads the digits after the letter of an escape.
func hexRune(s string, digits int) (rune, int) {
	if len(s) < 1+digits {
		return 0, 0
	}
	n, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, 0
	}
	return rune(n), 1 + digits
}

// octalRune reads up to three octal digits.
func octalRune(s string) (rune, int) {
	n, i := rune(0), 0
	for i < len(s) && i < 3 && s[i] >= '0' && s[i] <= '7' {
		n = n*8 + rune(s[i]-'0')
		i++
	}
	if n > 0xFF {
		return 0, 0
	}
	return n, i
}

// surrogate joins the first half of a UTF-16 pair with the second at the start of
// s: the character and the length of the text, 0 if there is no pair.
func surrogate(high rune, s string) (rune, int) {
	if high < 0xD800 || high > 0xDBFF || len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, 0
	}
	low, n := hexRune(s[1:], 4)
	if n == 0 || low < 0xDC00 || low > 0xDFFF {
		return 0, 0
	}
	return (high-0xD800)<<10 + (low - 0xDC00) + 0x10000, 6
}
