package syntax

import "strings"

// name reads a name, in brackets where it has other characters than letters.
func (p *parser) name(what string) Name {
	t := p.tok()
	switch {
	case t.Kind == TokenWord && strings.IndexByte(p.text(t), '-') < 0:
		p.i++
		return Name{Span: t.Span, Text: p.text(t)}
	case p.isBracketName():
		s := p.ahead(1)
		p.i += 3
		return Name{Span: p.from(t.Start), Text: p.decode(s)}
	}
	p.want("%s", what)
	return Name{}
}

// isBracketName says whether ['a name'] follows.
func (p *parser) isBracketName() bool {
	return p.is("[") && p.ahead(1).Kind == TokenString && p.isAt(2, "]")
}

// wildName reads a name that may have stars in it.
func (p *parser) wildName(what string) Name {
	if p.is("[") {
		return p.name(what)
	}
	start, wild := p.start(), false
	for first := true; first || p.adjacent(); first = false {
		if p.is("*") {
			wild = true
		} else if k := p.tok().Kind; k != TokenWord && (first || k != TokenLong) {
			break
		}
		p.i++
	}
	span := p.from(start)
	if span.End == start || p.i == 0 || p.tokens[p.i-1].End <= start {
		p.want("%s", what)
	}
	return Name{Span: span, Text: p.src[span.Start:span.End], Wild: wild}
}

// skip passes the text of what is only named, to a semicolon or, if pipes end it,
// to a pipe at the same depth. White space and comments become one space.
func (p *parser) skip(pipes bool) string {
	var text []byte
	var open []byte
	for first := p.i; ; p.i++ {
		t := p.tok()
		c := byte(0)
		if t.Kind == TokenSymbol && t.End-t.Start == 1 {
			c = p.src[t.Start]
		}
		switch {
		case t.Kind == TokenEOF:
			if len(open) > 0 {
				p.want("%c", open[len(open)-1])
			}
			return string(text)
		case len(open) == 0 && (c == ';' || pipes && c == '|' || c == ')' || c == ']' || c == '}'):
			return string(text)
		case c == '(':
			open = append(open, ')')
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case c == ')' || c == ']' || c == '}':
			if open[len(open)-1] != c {
				p.want("%c", open[len(open)-1])
			}
			open = open[:len(open)-1]
		}
		if p.i > first && !p.adjacent() {
			text = append(text, ' ')
		}
		text = append(text, p.text(t)...)
	}
}
