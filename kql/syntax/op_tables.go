package syntax

// source reads a table of union, search and find: a name that may have stars, a
// call, a query in parentheses.
func (p *parser) source() Expr {
	start := p.start()
	next := p.ahead(1)
	if p.is("*") || p.tok().Kind == TokenWord && p.isAt(1, "*") && next.Start == p.tok().End {
		name := p.wildName("a table")
		return &Ref{name.Span, name}
	}
	x := p.path(true)
	if m, ok := x.(*Member); ok && p.is("*") && p.adjacent() {
		rest := p.wildName("a table")
		m.Name.End, m.End = rest.End, rest.End
		m.Name.Text = p.src[m.Name.Start:m.Name.End]
		m.Name.Wild = true
		m.Span = p.from(start)
	}
	return x
}

// tables reads in (Tables), nothing if no in is there.
func (p *parser) tables() []Expr {
	if !p.accept("in") {
		return nil
	}
	open := p.tok()
	p.expect("(")
	list := []Expr{p.source()}
	for p.accept(",") {
		list = append(list, p.source())
	}
	p.close(")", open.Span)
	return list
}

func (p *parser) join(start int, lookup bool) Operator {
	op := &Join{Lookup: lookup}
	op.Options = p.options("kind")
	op.Right = p.path(true)
	if !p.accept("on") {
		p.want("on and the columns of the join")
	}
	op.On = append(op.On, p.expr(0))
	for p.accept(",") {
		op.On = append(op.On, p.expr(0))
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) union(start int) Operator {
	op := &Union{Options: p.options("kind", "withsource", "with_source", "isfuzzy")}
	op.Sources = append(op.Sources, p.source())
	for p.accept(",") {
		op.Sources = append(op.Sources, p.source())
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) searchOp(start int) Operator {
	op := &Search{Options: p.options("kind", "withsource", "with_source")}
	op.Tables = p.tables()
	p.search = true
	op.Cond = p.expr(0)
	p.search = false
	op.Span = p.from(start)
	return op
}

func (p *parser) find(start int) Operator {
	op := &Find{Options: p.options("withsource", "with_source", "isfuzzy", "datascope")}
	op.Tables = p.tables()
	p.accept("where")
	p.search = true
	op.Cond = p.expr(0)
	p.search = false
	switch {
	case p.accept("project"):
		op.Project = append(op.Project, p.findColumn())
		for p.accept(",") {
			op.Project = append(op.Project, p.findColumn())
		}
	case p.accept("project-smart"):
		op.Smart = true
	}
	if p.accept("project-away") {
		op.Away = p.wildNames()
	}
	op.Span = p.from(start)
	return op
}

// findColumn reads Name[:Type] or pack(*).
func (p *parser) findColumn() FindColumn {
	start := p.start()
	c := FindColumn{}
	if (p.is("pack") || p.is("pack_all")) && p.isAt(1, "(") {
		p.i += 2
		p.accept("*")
		p.expect(")")
		c.Pack = true
	} else {
		c.Name = p.name("a column")
		if p.accept(":") {
			c.Type = p.typeName()
		}
	}
	c.Span = p.from(start)
	return c
}

// cells reads expressions in brackets.
func (p *parser) cells() []Expr {
	open := p.tok()
	p.expect("[")
	var list []Expr
	for !p.is("]") {
		list = append(list, p.expr(0))
		if !p.accept(",") {
			break
		}
	}
	p.close("]", open.Span)
	return list
}

func (p *parser) datatable(start int) Operator {
	op := &Datatable{Columns: p.schema()}
	op.Values = p.cells()
	op.Span = p.from(start)
	return op
}

func (p *parser) externalData(start int) Operator {
	op := &ExternalData{Columns: p.schema()}
	op.Sources = p.cells()
	op.Options = p.properties()
	op.Span = p.from(start)
	return op
}

func (p *parser) partition(start int) Operator {
	op := &Partition{Options: p.options()}
	p.expect("by")
	op.By = p.path(false)
	open := p.tok()
	switch {
	case p.accept("("):
		op.Sub = p.sub()
		p.close(")", open.Span)
	case p.is("{"):
		op.Body = p.body()
	default:
		p.want("( or { after the column of partition")
	}
	op.Span = p.from(start)
	return op
}

// call reads a call, of a plugin or of a function on a database.
func (p *parser) call(what string) *Call {
	start := p.i
	x, ok := p.path(true).(*Call)
	if !ok {
		p.i = start
		p.want("%s and its arguments in parentheses", what)
	}
	return x
}

func (p *parser) evaluate(start int) Operator {
	op := &Evaluate{Options: p.options()}
	op.Call = p.call("a plugin")
	if p.accept(":") {
		op.Schema, op.SchemaStar = p.starSchema(true)
	}
	op.Span = p.from(start)
	return op
}
