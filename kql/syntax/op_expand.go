package syntax

// expansionOptions are those of mv-expand and mv-apply.
var expansionOptions = [...]string{"kind", "bagexpansion", "with_itemindex"}

func (p *parser) mvExpand(start int) Operator {
	op := &MvExpand{Options: p.options(expansionOptions[:]...)}
	op.Items = p.mvItems()
	if p.accept("limit") {
		op.Limit = p.expr(0)
	}
	op.Span = p.from(start)
	return op
}

// mvItems reads [Name =] X [to typeof(T)] with commas.
func (p *parser) mvItems() []MvItem {
	var list []MvItem
	for {
		start := p.start()
		item := MvItem{X: p.column()}
		if p.accept("to") {
			p.expect("typeof")
			p.expect("(")
			item.To = p.typeName()
			p.expect(")")
		}
		item.Span = p.from(start)
		list = append(list, item)
		if !p.accept(",") {
			return list
		}
	}
}

func (p *parser) mvApply(start int) Operator {
	op := &MvApply{Options: p.options(expansionOptions[:]...)}
	op.Items = p.mvItems()
	if p.accept("limit") {
		op.Limit = p.expr(0)
	}
	if p.accept("id") {
		name := p.name("a name after id")
		op.ID = &name
	}
	p.expect("on")
	open := p.tok()
	p.expect("(")
	op.Sub = p.sub()
	p.close(")", open.Span)
	op.Span = p.from(start)
	return op
}

func (p *parser) parse(start int, where bool) Operator {
	op := &ParseOp{Where: where}
	op.Options = p.options("kind", "flags")
	op.X = p.expr(0)
	p.expect("with")
	for !p.ends() {
		op.Pattern = append(op.Pattern, p.parsePart())
	}
	if len(op.Pattern) == 0 {
		p.want("a pattern of strings, * and columns")
	}
	op.Span = p.from(start)
	return op
}

// parsePart reads a literal, a star, or Name[:Type].
func (p *parser) parsePart() ParsePart {
	start := p.start()
	part := ParsePart{}
	switch {
	case p.accept("*"):
		part.Star = true
	case p.tok().Kind == TokenString:
		part.Literal = p.stringLiteral()
	default:
		part.Name = p.name("a string, * or a column")
		if p.accept(":") {
			part.Type = p.typeName()
		}
	}
	part.Span = p.from(start)
	return part
}

func (p *parser) parseKv(start int) Operator {
	op := &ParseKv{X: p.expr(0)}
	p.expect("as")
	op.Columns = p.schema()
	op.Options = p.properties()
	op.Span = p.from(start)
	return op
}

func (p *parser) makeSeries(start int) Operator {
	op := &MakeSeries{Options: p.options("kind")}
	for {
		at := p.start()
		agg := SeriesAgg{X: p.column()}
		if p.is("default") {
			p.i++
			p.expect("=")
			agg.Default = p.expr(0)
		}
		agg.Span = p.from(at)
		op.Aggregates = append(op.Aggregates, agg)
		if !p.accept(",") {
			break
		}
	}
	p.expect("on")
	op.Axis = p.makeSeriesAxis()
	p.makeSeriesRange(op)
	if p.accept("by") {
		op.Keys = p.columns()
	}
	op.Span = p.from(start)
	return op
}

// makeSeriesAxis reads the column of the axis, which in range(…) may follow.
func (p *parser) makeSeriesAxis() Expr {
	axis := func() Expr { return p.expr(bindCompare) }
	if p.isNamed() {
		return p.given(axis)
	}
	return axis()
}

// makeSeriesRange reads from, to and step, or in range(…).
func (p *parser) makeSeriesRange(op *MakeSeries) {
	if p.accept("in") {
		p.expect("range")
		open := p.tok()
		p.expect("(")
		op.InRange = true
		op.From = p.expr(0)
		p.expect(",")
		op.To = p.expr(0)
		p.expect(",")
		op.Step = p.expr(0)
		p.close(")", open.Span)
		return
	}
	if p.accept("from") {
		op.From = p.expr(0)
	}
	if p.accept("to") {
		op.To = p.expr(0)
	}
	p.expect("step")
	op.Step = p.expr(0)
}
