package syntax

// pipe reads an expression and the operators after it.
func (p *parser) pipe() Expr {
	p.enter()
	start := p.start()
	var source Expr
	var operators []Operator
	if op := p.leading(); op != nil {
		operators = append(operators, op)
	} else {
		source = p.expr(0)
	}
	if p.is("|") {
		operators = p.more(operators)
	}
	p.depth--
	if len(operators) == 0 {
		return source
	}
	return &Pipe{p.from(start), source, operators}
}

// sub reads operators without a source, as in mv-apply and partition.
func (p *parser) sub() *Pipe {
	p.enter()
	start := p.start()
	operators := p.more([]Operator{p.next()})
	p.depth--
	return &Pipe{p.from(start), nil, operators}
}

// more reads the operators that follow, each after its pipe.
func (p *parser) more(operators []Operator) []Operator {
	for p.accept("|") {
		operators = append(operators, p.next())
	}
	return operators
}

// next reads an operator that has rows to work on.
func (p *parser) next() Operator {
	word, ok := p.word()
	switch {
	case !ok:
		p.want("an operator")
	case follows(word):
	case IsOperator(word):
		p.want("an operator that can follow others")
	default:
		p.failNear(Near(word, operatorNames[:]), "expected an operator, found %s", p.found())
	}
	return p.operator()
}

// leading reads an operator that needs no source, nil if none is there. Their
// names may be those of columns and functions: what follows decides.
func (p *parser) leading() Operator {
	word, ok := p.word()
	if !ok {
		return nil
	}
	next := p.ahead(1)
	switch word {
	case "datatable", "externaldata", "external_data":
		if p.isAt(1, "(") {
			return p.operator()
		}
	case "inline_external_table":
		if p.isAt(1, "(") {
			return p.operator()
		}
	case "range":
		if next.Kind == TokenWord && p.isAt(2, "from") || p.isAt(1, "[") && p.isAt(4, "from") {
			return p.operator()
		}
	case "print", "union", "find", "search":
		if p.begins(next, word) {
			return p.operator()
		}
	case "evaluate", "macro-expand", "invoke":
		if next.Kind == TokenWord {
			return p.operator()
		}
	}
	return nil
}

// begins says whether a token after the name of an operator begins its operands,
// and is not what would follow a column of that name.
func (p *parser) begins(next Token, word string) bool {
	switch next.Kind {
	case TokenWord:
		text := p.text(next)
		if text == "in" && (word == "search" || word == "find") {
			return true
		}
		if op, _ := binary(text); op != "" {
			return false
		}
		// | sort by search asc
		return text != "asc" && text != "desc" && text != "by"
	case TokenEOF, TokenInvalid:
		return false
	case TokenSymbol:
		switch p.text(next) {
		case "(", "[":
			return true
		case "*":
			return word != "print"
		case "-", "+":
			return word == "print"
		}
		return false
	}
	return true
}

// operator reads an operator, of which the name has been looked at.
func (p *parser) operator() Operator {
	p.enter()
	search := p.search
	p.search = false
	start := p.start()
	word, _ := p.word()
	p.i++
	op := p.common(start, word)
	if op == nil {
		op = p.rare(start, word)
	}
	p.search = search
	p.depth--
	return op
}

// common reads the operators that most queries use, nil if it is another one.
func (p *parser) common(start int, word string) Operator {
	switch word {
	case "where", "filter":
		cond := p.column()
		return &Where{p.from(start), cond}
	case "project":
		columns := p.columns()
		return &Project{p.from(start), columns}
	case "extend":
		columns := p.columns()
		return &Extend{p.from(start), columns}
	case "summarize":
		return p.summarize(start)
	case "sort", "order":
		return p.sort(start)
	case "top":
		return p.top(start)
	case "take", "limit":
		count := p.expr(0)
		return &Take{p.from(start), count}
	case "count":
		return p.count(start)
	case "distinct":
		options := p.options()
		columns := p.columns()
		return &Distinct{p.from(start), options, columns}
	case "join":
		return p.join(start, false)
	case "lookup":
		return p.join(start, true)
	case "union":
		return p.union(start)
	case "project-away":
		names := p.wildNames()
		return &ProjectAway{p.from(start), names}
	case "project-keep":
		names := p.wildNames()
		return &ProjectKeep{p.from(start), names}
	case "project-rename":
		return p.projectRename(start)
	case "project-reorder":
		return p.projectReorder(start)
	case "serialize":
		var columns []Expr
		if !p.ends() {
			columns = p.columns()
		}
		return &Serialize{p.from(start), columns}
	case "render":
		return p.render(start)
	case "print":
		columns := p.columns()
		return &Print{p.from(start), columns}
	}
	return nil
}

// rare reads the other operators. Of those that are only named, the text.
func (p *parser) rare(start int, word string) Operator {
	switch word {
	case "mv-expand", "mvexpand":
		return p.mvExpand(start)
	case "mv-apply", "mvapply":
		return p.mvApply(start)
	case "parse", "parse-where":
		return p.parse(start, word == "parse-where")
	case "parse-kv":
		return p.parseKv(start)
	case "make-series":
		return p.makeSeries(start)
	case "evaluate":
		return p.evaluate(start)
	case "invoke":
		call := p.call("a function")
		return &Invoke{p.from(start), call}
	case "as":
		options := p.options()
		name := p.name("a name after as")
		return &AsOp{p.from(start), options, name}
	case "getschema":
		return &Getschema{p.from(start)}
	case "sample":
		count := p.expr(0)
		return &Sample{p.from(start), count}
	case "sample-distinct":
		count := p.expr(0)
		p.expect("of")
		x := p.expr(0)
		return &SampleDistinct{p.from(start), count, x}
	case "top-nested":
		return p.topNested(start)
	case "top-hitters":
		return p.topHitters(start)
	case "search":
		return p.searchOp(start)
	case "find":
		return p.find(start)
	case "range":
		return p.rangeOp(start)
	case "datatable":
		return p.datatable(start)
	case "externaldata", "external_data":
		return p.externalData(start)
	case "partition":
		return p.partition(start)
	}
	text := p.skip(true)
	return &OtherOp{p.from(start), word, text}
}
