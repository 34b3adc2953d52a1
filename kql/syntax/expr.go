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
			if n, is := x.(*Literal); is && (n.Kind == Long || n.Kind == Real) {
				return x // a number has no members
			}
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
