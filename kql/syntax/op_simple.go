package syntax

// wildNames reads names that may have stars.
func (p *parser) wildNames() []Name {
	list := []Name{p.wildName("a column")}
	for p.accept(",") {
		list = append(list, p.wildName("a column"))
	}
	return list
}

func (p *parser) projectRename(start int) Operator {
	op := &ProjectRename{}
	for {
		if !p.isNamed() {
			p.want("NewName = OldName")
		}
		op.Columns = append(op.Columns, p.given(func() Expr { return p.path(true) }))
		if !p.accept(",") {
			break
		}
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) projectReorder(start int) Operator {
	op := &ProjectReorder{}
	for {
		at := p.start()
		key := ReorderKey{Name: p.wildName("a column")}
		switch word, _ := p.word(); word {
		case "asc", "desc", "granny-asc", "granny-desc":
			key.Order = word
			p.i++
		}
		key.Span = p.from(at)
		op.Columns = append(op.Columns, key)
		if !p.accept(",") {
			break
		}
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) summarize(start int) Operator {
	op := &Summarize{Options: p.options()}
	if !p.is("by") || p.isAt(1, "=") {
		if p.ends() {
			p.want("an aggregate or by")
		}
		op.Aggregates = p.columns()
	}
	if p.accept("by") {
		op.Keys = p.columns()
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) sort(start int) Operator {
	op := &Sort{Options: p.options()}
	p.expect("by")
	op.Keys = append(op.Keys, p.sortKey())
	for p.accept(",") {
		op.Keys = append(op.Keys, p.sortKey())
	}
	op.Span = p.from(start)
	return op
}

// sortKey reads X [asc|desc] [nulls first|last].
func (p *parser) sortKey() SortKey {
	start := p.start()
	key := SortKey{X: p.column()}
	if key.Asc = p.accept("asc"); !key.Asc {
		p.accept("desc")
	}
	if p.accept("nulls") {
		switch {
		case p.accept("first"):
			key.Nulls = NullsFirst
		case p.accept("last"):
			key.Nulls = NullsLast
		default:
			p.want("first or last")
		}
	}
	key.Span = p.from(start)
	return key
}

func (p *parser) top(start int) Operator {
	op := &Top{Options: p.options()}
	op.Count = p.expr(0)
	p.expect("by")
	op.Key = p.sortKey()
	op.Span = p.from(start)
	return op
}

func (p *parser) count(start int) Operator {
	op := &Count{}
	if p.accept("as") {
		name := p.name("a name after as")
		op.As = &name
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) topNested(start int) Operator {
	op := &TopNested{}
	for {
		at := p.start()
		level := TopNestedLevel{}
		if !p.is("of") {
			level.Count = p.expr(0)
		}
		p.expect("of")
		level.X = p.column()
		if p.accept("with") {
			p.expect("others")
			p.expect("=")
			level.Others = p.expr(0)
		}
		p.expect("by")
		level.By = p.column()
		if level.Asc = p.accept("asc"); !level.Asc {
			p.accept("desc")
		}
		level.Span = p.from(at)
		op.Levels = append(op.Levels, level)
		if !p.accept(",") {
			break
		}
		p.expect("top-nested")
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) topHitters(start int) Operator {
	op := &TopHitters{Count: p.expr(0)}
	p.expect("of")
	op.X = p.column()
	if p.accept("by") {
		op.By = p.column()
	}
	op.Span = p.from(start)
	return op
}

func (p *parser) rangeOp(start int) Operator {
	op := &RangeOp{Name: p.name("the name of a column")}
	p.expect("from")
	op.From = p.expr(0)
	p.expect("to")
	op.To = p.expr(0)
	p.expect("step")
	op.Step = p.expr(0)
	op.Span = p.from(start)
	return op
}

func (p *parser) render(start int) Operator {
	kind, ok := p.word()
	if !ok {
		p.want("the kind of a chart")
	}
	p.i++
	op := &Render{Kind: kind}
	if p.is("with") {
		op.Properties = p.properties()
	} else {
		op.Properties = p.options("kind", "title", "accumulate")
	}
	op.Span = p.from(start)
	return op
}
