package syntax

// primary reads a literal, a name, a call, or an expression in parentheses.
func (p *parser) primary(calls bool) Expr {
	t := p.tok()
	switch t.Kind {
	case TokenString:
		return p.stringLiteral()
	case TokenLong, TokenReal, TokenTimespan, TokenTyped:
		return p.literal()
	case TokenWord:
		return p.named(calls)
	case TokenSymbol:
		switch {
		case p.is("("):
			return p.paren()
		case p.isBracketName():
			return p.named(calls)
		case p.is("*"):
			p.i++
			return &Star{t.Span}
		}
	}
	p.want("an expression")
	return nil
}

// named reads a name, a call, a word that is a literal.
func (p *parser) named(calls bool) Expr {
	t := p.tok()
	if t.Kind == TokenWord {
		switch word := p.text(t); word {
		case "true", "True", "TRUE":
			p.i++
			return &Literal{Span: t.Span, Kind: Bool, Text: "true"}
		case "false", "False", "FALSE":
			p.i++
			return &Literal{Span: t.Span, Kind: Bool, Text: "false"}
		case "typeof":
			if p.isAt(1, "(") {
				return p.typeOf()
			}
		case "entity_group":
			if p.isAt(1, "[") {
				return p.entityGroup()
			}
		}
	}
	name := p.name("a name")
	if calls && p.is("(") {
		args := p.args()
		return &Call{p.from(t.Start), nil, name, args}
	}
	return &Ref{name.Span, name}
}

// paren reads (X), where X may be a query.
func (p *parser) paren() Expr {
	open := p.tok()
	p.i++
	x := p.pipe()
	p.close(")", open.Span)
	return &Paren{p.from(open.Start), x}
}

// args reads the arguments of a call with the parentheses.
func (p *parser) args() []Expr {
	open := p.tok()
	p.i++
	var list []Expr
	for !p.is(")") {
		list = append(list, p.arg())
		if !p.accept(",") {
			break
		}
		if p.is(")") {
			p.want("an argument after the comma")
		}
	}
	p.close(")", open.Span)
	return list
}

// arg reads an argument, which may have a name and may be a query.
func (p *parser) arg() Expr {
	if p.isNamed() {
		return p.given(p.pipe)
	}
	return p.pipe()
}

// given reads Name = and what it is given to.
func (p *parser) given(value func() Expr) *Named {
	start := p.start()
	names := []Name{p.name("a name")}
	p.i++
	x := value()
	return &Named{p.from(start), names, false, x}
}

// value is an expression of any operators.
func (p *parser) value() Expr { return p.expr(0) }

// column reads [Name =] X or (A, B) = X.
func (p *parser) column() Expr {
	start := p.start()
	switch {
	case p.isNamed():
		return p.given(p.value)
	case p.isTuple():
		p.i++
		var names []Name
		for !p.is(")") {
			names = append(names, p.name("a name"))
			p.accept(",")
		}
		p.i += 2
		x := p.expr(0)
		return &Named{p.from(start), names, true, x}
	}
	return p.expr(0)
}

// columns reads columns with commas between them.
func (p *parser) columns() []Expr {
	list := []Expr{p.column()}
	for p.accept(",") {
		list = append(list, p.column())
	}
	return list
}

// isNamed says whether Name = follows.
func (p *parser) isNamed() bool {
	return p.tok().Kind == TokenWord && p.isAt(1, "=") || p.isBracketName() && p.isAt(3, "=")
}

// isTuple says whether (A, B) = follows.
func (p *parser) isTuple() bool {
	if !p.is("(") {
		return false
	}
	for n := 1; ; {
		switch {
		case p.ahead(n).Kind == TokenWord:
			n++
		case p.isAt(n, "[") && p.ahead(n+1).Kind == TokenString && p.isAt(n+2, "]"):
			n += 3
		default:
			return false
		}
		if p.isAt(n, ",") {
			n++
		}
		if p.isAt(n, ")") {
			return p.isAt(n+1, "=")
		}
	}
}

// typeOf reads typeof(type) and typeof with a schema.
func (p *parser) typeOf() Expr {
	start := p.start()
	p.i++
	x := &TypeOf{}
	if p.isAt(1, "*") || p.isAt(2, ":") || p.isAt(1, "[") || p.isAt(1, ")") {
		x.Schema, x.Star = p.starSchema(true)
	} else {
		p.i++
		x.Type = p.typeName()
		p.expect(")")
	}
	x.Span = p.from(start)
	return x
}

// entityGroup passes entity_group [...].
func (p *parser) entityGroup() Expr {
	start := p.start()
	p.i++
	open := p.tok()
	depth := 0
	for {
		switch {
		case p.tok().Kind == TokenEOF:
			p.close("]", open.Span)
		case p.is("["):
			depth++
		case p.is("]"):
			depth--
		}
		p.i++
		if depth == 0 {
			span := p.from(start)
			return &BadExpr{span, "entity_group", p.src[span.Start:span.End]}
		}
	}
}
