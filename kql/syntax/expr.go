package syntax

// Binding strengths of operators, weakest first. Those of equality and of
// comparison do not repeat: a == b == c is nothing.
const (
	bindOr = iota + 1
	bindAnd
	bindEqual
	bindCompare
	bindAdd
	bindMultiply
	bindString
)

// binary is the present spelling and the strength of a binary operator, 0 if it
// is none.
func binary(text string) (op string, bind int) {
	switch text {
	case "or":
		return text, bindOr
	case "and":
		return text, bindAnd
	case "==", "!=", "in", "in~", "!in", "!in~", "has_any", "has_all", "between", "!between":
		return text, bindEqual
	case "<>":
		return "!=", bindEqual
	case "notin":
		return "!in", bindEqual
	case "notin~":
		return "!in~", bindEqual
	case "<", ">", "<=", ">=":
		return text, bindCompare
	case "+", "-":
		return text, bindAdd
	case "*", "/", "%":
		return text, bindMultiply
	case "=~", "!~",
		"has", "!has", "has_cs", "!has_cs",
		"hasprefix", "!hasprefix", "hasprefix_cs", "!hasprefix_cs",
		"hassuffix", "!hassuffix", "hassuffix_cs", "!hassuffix_cs",
		"contains", "!contains", "contains_cs", "!contains_cs",
		"startswith", "!startswith", "startswith_cs", "!startswith_cs",
		"endswith", "!endswith", "endswith_cs", "!endswith_cs",
		"like", "notlike", "likecs", "notlikecs":
		return text, bindString
	case "containscs":
		return "contains_cs", bindString
	case "notcontains":
		return "!contains", bindString
	case "notcontainscs", "notcontains_cs":
		return "!contains_cs", bindString
	case "nothas":
		return "!has", bindString
	case "matches":
		return "matches regex", bindString
	}
	return "", 0
}

// wordOperators are the operators that are words, for the nearest one.
var wordOperators = [...]string{
	"or", "and", "in", "has_any", "has_all", "between", "has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs",
	"contains", "contains_cs", "startswith", "startswith_cs", "endswith", "endswith_cs", "matches",
}

// expr reads an expression whose operators bind at least as strong as bind.
func (p *parser) expr(bind int) Expr {
	p.enter()
	start := p.start()
	left := p.unary()
	limit := bindString // what binds stronger has been read
	for chain := 0; ; chain++ {
		t := p.tok()
		if t.Kind != TokenSymbol && t.Kind != TokenWord {
			break
		}
		op, strength := binary(p.text(t))
		if strength == 0 && p.search && p.is(":") {
			op, strength = ":", bindEqual
		}
		if strength == 0 || strength < bind || strength > limit {
			break
		}
		if chain > MaxChain {
			p.fail(t.Span, "the expression has more than %d operators in a row", MaxChain)
		}
		p.i++
		if op == "matches regex" {
			p.expect("regex")
		}
		at := p.from(t.Start)
		right := p.right(op, strength)
		left = &Binary{p.from(start), op, at, left, right}
		limit = strength
		if strength == bindEqual || strength == bindCompare {
			limit--
		}
	}
	p.depth--
	return left
}

// right reads the right side of an operator.
func (p *parser) right(op string, strength int) Expr {
	switch op {
	case "in", "in~", "!in", "!in~", "has_any", "has_all":
		return p.list()
	case "between", "!between":
		return p.between()
	}
	return p.expr(strength + 1)
}

// list reads the parenthesised list at the right of in.
func (p *parser) list() Expr {
	open := p.tok()
	if !p.accept("(") {
		p.want("a list in parentheses")
	}
	list := &List{}
	for !p.is(")") {
		list.Items = append(list.Items, p.pipe())
		if !p.accept(",") {
			break
		}
	}
	p.close(")", open.Span)
	list.Span = p.from(open.Start)
	return list
}

// between reads (From .. To).
func (p *parser) between() Expr {
	open := p.tok()
	if !p.accept("(") {
		p.want("a range in parentheses: (from .. to)")
	}
	start := p.start()
	r := &Range{}
	r.From = p.expr(0)
	p.expect("..")
	r.To = p.expr(0)
	r.Span = p.from(start)
	p.close(")", open.Span)
	return r
}

// unary reads signs and what they stand before.
func (p *parser) unary() Expr {
	if !p.is("-") && !p.is("+") {
		return p.path(true)
	}
	p.enter()
	t := p.tok()
	p.i++
	x := p.unary()
	p.depth--
	return &Unary{p.from(t.Start), p.text(t), x}
}

// path reads a primary expression and the members, indices and arguments that
// follow it. Without calls a parenthesis ends it, as in partition by x (…).
func (p *parser) path(calls bool) Expr {
	start := p.start()
	x := p.primary(calls)
	for chain := 0; ; chain++ {
		if chain > MaxChain {
			p.fail(p.tok().Span, "the path has more than %d parts", MaxChain)
		}
		t := p.tok()
		if t.Kind != TokenSymbol || t.End-t.Start != 1 {
			return x
		}
		switch p.src[t.Start] {
		case '[':
			p.i++
			index := p.expr(0)
			p.close("]", t.Span)
			x = &Index{p.from(start), x, index}
		case '.':
			p.i++
			x = p.member(start, x, calls)
		default:
			return x
		}
	}
}

// member reads what follows a dot.
func (p *parser) member(start int, x Expr, calls bool) Expr {
	if open := p.tok(); p.is("[") && !p.isBracketName() {
		p.i++
		index := p.expr(0)
		p.close("]", open.Span)
		return &Index{p.from(start), x, index}
	}
	if _, is := x.(*Literal); !is && p.is("*") {
		name := p.wildName("a name")
		return &Member{p.from(start), x, name}
	}
	name := p.name("a name after the dot")
	if calls && p.is("(") {
		args := p.args()
		return &Call{p.from(start), x, name, args}
	}
	return &Member{p.from(start), x, name}
}

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
	if !p.isNamed() {
		return p.pipe()
	}
	start := p.start()
	names := []Name{p.name("a name")}
	p.i++
	x := p.pipe()
	return &Named{p.from(start), names, false, x}
}

// column reads [Name =] X or (A, B) = X.
func (p *parser) column() Expr {
	start := p.start()
	switch {
	case p.isNamed():
		names := []Name{p.name("a name")}
		p.i++
		x := p.expr(0)
		return &Named{p.from(start), names, false, x}
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
