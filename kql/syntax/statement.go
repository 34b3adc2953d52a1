package syntax

// statements reads statements to the closing sign, which is left, or to the end.
func (p *parser) statements(closing string) []Statement {
	var list []Statement
	for {
		for p.accept(";") {
		}
		if p.tok().Kind == TokenEOF || closing != "" && p.is(closing) {
			return list
		}
		list = append(list, p.statement())
		if p.tok().Kind == TokenEOF || p.is(";") || closing != "" && p.is(closing) {
			continue
		}
		p.unfinished()
	}
}

// unfinished says what could stand where a statement goes on in a way that it
// cannot.
func (p *parser) unfinished() {
	word, ok := p.word()
	switch {
	case ok && follows(word):
		p.want("| before the operator")
	case p.is("="):
		p.want("an operator, a comma, | or ; (a comparison is ==)")
	case p.is(")") || p.is("]") || p.is("}"):
		p.fail(p.tok().Span, "the %s closes nothing", p.found())
	}
	near := ""
	if ok {
		near = Near(word, append(Operators(), wordOperators[:]...))
	}
	p.failNear(near, "expected an operator, a comma, | or ;, found %s", p.found())
}

func (p *parser) statement() Statement {
	start := p.start()
	word, ok := p.word()
	if !ok {
		return p.exprStatement()
	}
	next := p.ahead(1)
	switch {
	case word == "let" && (next.Kind == TokenWord || p.isAt(1, "[") || p.isAt(1, "=")):
		return p.let()
	case word == "set" && next.Kind == TokenWord:
		return p.set()
	case word == "declare" && p.isAt(1, "query_parameters"):
		p.i += 2
		params := p.params()
		return &DeclareStatement{p.from(start), params}
	case word == "declare" && p.isAt(1, "pattern"),
		word == "alias" && p.isAt(1, "database"),
		word == "restrict" && p.isAt(1, "access"):
		p.i += 2
		keyword := word + " " + p.text(next)
		text := p.skip(false)
		return &OtherStatement{p.from(start), keyword, text}
	}
	return p.exprStatement()
}

func (p *parser) exprStatement() Statement {
	start := p.start()
	if p.is("|") {
		p.want("a table or an operator that begins a query")
	}
	if p.is(".") {
		p.fail(p.tok().Span, "commands, which begin with a dot, are not queries")
	}
	x := p.pipe()
	return &ExprStatement{p.from(start), x}
}

// let reads `let Name = Value`.
func (p *parser) let() Statement {
	start := p.start()
	p.i++
	name := p.name("a name after let")
	p.expect("=")
	var value Expr
	if p.isFunction() {
		value = p.function()
	} else {
		value = p.pipe()
	}
	return &LetStatement{p.from(start), name, value}
}

// set reads `set Name [= Value]`.
func (p *parser) set() Statement {
	start := p.start()
	p.i++
	s := &SetStatement{Name: p.name("the name of an option after set")}
	if p.accept("=") {
		s.Value = p.expr(0)
	}
	s.Span = p.from(start)
	return s
}
