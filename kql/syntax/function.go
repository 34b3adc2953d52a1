package syntax

// isFunction says whether a function follows: [view] (…) {.
func (p *parser) isFunction() bool {
	i := p.i
	if p.is("view") {
		i++
	}
	if t := p.tokens[i]; t.Kind != TokenSymbol || p.text(t) != "(" {
		return false
	}
	depth := 0
	for ; ; i++ {
		t := p.tokens[i]
		if t.Kind == TokenEOF {
			return false
		}
		if t.Kind != TokenSymbol || t.End-t.Start != 1 {
			continue
		}
		switch p.src[t.Start] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				t = p.tokens[i+1]
				return t.Kind == TokenSymbol && p.text(t) == "{"
			}
		case '{', '}', ';', '|':
			return false // not in a list of parameters
		}
	}
}

// function reads [view] (Params) { Body }.
func (p *parser) function() Expr {
	p.enter()
	f := &FunctionExpr{}
	start := p.start()
	f.View = p.accept("view")
	f.Params = p.params()
	f.Body = p.body()
	f.Span = p.from(start)
	p.depth--
	return f
}

// body reads the statements of a function between braces.
func (p *parser) body() *Query {
	open := p.tok()
	p.expect("{")
	q := &Query{Source: p.src}
	q.Statements = p.statements("}")
	q.Span = Span{open.End, p.start()}
	p.close("}", open.Span)
	return q
}

// params reads the parameters of a function with the parentheses.
func (p *parser) params() []Param {
	open := p.tok()
	p.expect("(")
	var list []Param
	for !p.is(")") {
		list = append(list, p.param())
		if !p.accept(",") {
			break
		}
	}
	p.close(")", open.Span)
	return list
}

// param reads Name:Type [= Default] or Name:(Columns).
func (p *parser) param() Param {
	start := p.start()
	d := Param{Name: p.name("the name of a parameter")}
	p.expect(":")
	if p.is("(") {
		d.Table = true
		if p.isAt(1, "*") && p.isAt(2, ")") {
			p.i += 3
			d.AnyCols = true
		} else {
			d.Columns = p.schema()
		}
	} else {
		d.Type = p.typeName()
	}
	if p.accept("=") {
		d.Default = p.expr(0)
	}
	d.Span = p.from(start)
	return d
}

// schema reads (Name:Type, …).
func (p *parser) schema() []Param {
	columns, _ := p.starSchema(false)
	return columns
}

// starSchema reads (Name:Type, …) with a star among them, if that may be.
func (p *parser) starSchema(may bool) (columns []Param, star bool) {
	open := p.tok()
	p.expect("(")
	for !p.is(")") {
		if may && p.accept("*") {
			star = true
		} else {
			start := p.start()
			c := Param{Name: p.name("the name of a column")}
			p.expect(":")
			c.Type = p.typeName()
			c.Span = p.from(start)
			columns = append(columns, c)
		}
		if !p.accept(",") {
			break
		}
	}
	p.close(")", open.Span)
	return columns, star
}

// typeName reads the name of a type.
func (p *parser) typeName() string {
	word, ok := p.word()
	if !ok {
		p.want("a type")
	}
	p.i++
	return word
}
