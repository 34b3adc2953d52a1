package syntax

import "strings"

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
	open := p.tok()
	p.expect("{")
	f.Body = &Query{Source: p.src}
	f.Body.Statements = p.statements("}")
	f.Body.Span = Span{open.End, p.start()}
	p.close("}", open.Span)
	f.Span = p.from(start)
	p.depth--
	return f
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
