package syntax

import "slices"

// options reads Name=Value pairs: those whose names are among the words, and all
// hints.
func (p *parser) options(words ...string) []Option {
	var list []Option
	for p.tok().Kind == TokenWord {
		start := p.start()
		n := p.optionLength(words)
		if n == 0 {
			break
		}
		p.i += n
		span := p.from(start)
		o := Option{Name: Name{Span: span, Text: p.src[span.Start:span.End]}}
		p.expect("=")
		o.Value = p.optionValue()
		o.Span = p.from(start)
		list = append(list, o)
	}
	return list
}

// optionLength is the number of tokens in the name of an option, 0 if none
// follows.
func (p *parser) optionLength(words []string) int {
	word := p.text(p.tok())
	if word == "hint" && p.isAt(1, ".") && p.ahead(2).Kind == TokenWord && p.isAt(3, "=") &&
		p.ahead(2).End-p.start() == len("hint.")+p.ahead(2).End-p.ahead(2).Start {
		return 3
	}
	if p.isAt(1, "=") && slices.Contains(words, word) {
		return 1
	}
	return 0
}

// optionValue reads a word or a literal: an option ends there, a parenthesis
// after it belongs to the operator.
func (p *parser) optionValue() Expr {
	switch p.tok().Kind {
	case TokenWord:
		if text := p.text(p.tok()); text == "true" || text == "false" {
			return p.named(false)
		}
		name := p.name("a value")
		return &Ref{name.Span, name}
	case TokenString:
		return p.stringLiteral()
	case TokenLong, TokenReal, TokenTimespan, TokenTyped:
		return p.literal()
	}
	if p.isBracketName() {
		return p.named(false)
	}
	p.want("the value of the option")
	return nil
}

// properties reads with (Name=Value, …), nothing if no with is there.
func (p *parser) properties() []Option {
	if !p.accept("with") {
		return nil
	}
	open := p.tok()
	p.expect("(")
	var list []Option
	for !p.is(")") {
		start := p.start()
		o := Option{Name: p.name("the name of a property")}
		p.expect("=")
		o.Value = p.propertyValue()
		o.Span = p.from(start)
		list = append(list, o)
		if !p.accept(",") {
			break
		}
	}
	p.close(")", open.Span)
	return list
}

// propertyValue reads an expression, or several with commas as in ycolumns=a, b.
func (p *parser) propertyValue() Expr {
	start := p.start()
	first := p.expr(0)
	var list *List
	for p.is(",") && !p.isAt(1, ")") && !p.isAt(2, "=") && (!p.isAt(1, "[") || !p.isAt(4, "=")) {
		if list == nil {
			list = &List{Items: []Expr{first}}
		}
		p.i++
		list.Items = append(list.Items, p.expr(0))
	}
	if list == nil {
		return first
	}
	list.Span = p.from(start)
	return list
}
