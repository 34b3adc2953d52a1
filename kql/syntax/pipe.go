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
		if next.Kind == TokenWord && p.isAt(2, "from") {
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
		if op, _ := binary(text); op != "" && !(text == "in" && (word == "search" || word == "find")) {
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
	word, _ := p.word()
	op := p.common(word)
	if op == nil {
		op = p.rare(word)
	}
	p.search = search
	p.depth--
	return op
}

// common reads the operators that most queries use, nil if it is another one.
func (p *parser) common(word string) Operator {
	start := p.start()
	p.i++
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
		options := p.options("")
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
		s := &Serialize{}
		if !p.ends() {
			s.Columns = p.columns()
		}
		s.Span = p.from(start)
		return s
	case "render":
		return p.render(start)
	case "print":
		columns := p.columns()
		return &Print{p.from(start), columns}
	}
	p.i--
	return nil
}

// rare reads the other operators. Of those that are only named, the text.
func (p *parser) rare(word string) Operator {
	start := p.start()
	p.i++
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
		options := p.options("")
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

// options reads Name=Value pairs: those whose names are among the words, which
// have spaces between them, and all hints.
func (p *parser) options(words string) []Option {
	var list []Option
	for p.tok().Kind == TokenWord {
		start := p.start()
		n := p.optionLength(words)
		if n == 0 {
			break
		}
		p.i += n
		span := p.from(start)
		o := Option{Name: Name{Span: span, Text: p.src[span.Start:span.End]}}
		p.expect("=")
		o.Value = p.optionValue()
		o.Span = p.from(start)
		list = append(list, o)
	}
	return list
}

// optionLength is the number of tokens in the name of an option, 0 if none
// follows.
func (p *parser) optionLength(words string) int {
	word := p.text(p.tok())
	if word == "hint" && p.isAt(1, ".") && p.ahead(2).Kind == TokenWord && p.isAt(3, "=") &&
		p.ahead(2).End-p.start() == len("hint.")+p.ahead(2).End-p.ahead(2).Start {
		return 3
	}
	if p.isAt(1, "=") && contains(words, word) {
		return 1
	}
	return 0
}

// contains says whether a word is in a list with spaces.
func contains(words, word string) bool {
	for words != "" {
		n := 0
		for n < len(words) && words[n] != ' ' {
			n++
		}
		if words[:n] == word {
			return true
		}
		words = words[min(n+1, len(words)):]
	}
	return false
}

// optionValue reads a word or a literal: an option ends there, a parenthesis
// after it belongs to the operator.
func (p *parser) optionValue() Expr {
	switch p.tok().Kind {
	case TokenWord:
		if text := p.text(p.tok()); text == "true" || text == "false" {
			return p.named(false)
		}
		name := p.name("a value")
		return &Ref{name.Span, name}
	case TokenString:
		return p.stringLiteral()
	case TokenLong, TokenReal, TokenTimespan, TokenTyped:
		return p.literal()
	}
	if p.isBracketName() {
		return p.named(false)
	}
	p.want("the value of the option")
	return nil
}

// properties reads with (Name=Value, …), nothing if no with is there.
func (p *parser) properties() []Option {
	if !p.accept("with") {
		return nil
	}
	open := p.tok()
	p.expect("(")
	var list []Option
	for !p.is(")") {
		start := p.start()
		o := Option{Name: p.name("the name of a property")}
		p.expect("=")
		o.Value = p.propertyValue()
		o.Span = p.from(start)
		list = append(list, o)
		if !p.accept(",") {
			break
		}
	}
	p.close(")", open.Span)
	return list
}

// propertyValue reads an expression, or several with commas as in ycolumns=a, b.
func (p *parser) propertyValue() Expr {
	start := p.start()
	first := p.expr(0)
	var list *List
	for p.is(",") && !p.isAt(1, ")") && !p.isAt(2, "=") && !(p.isAt(1, "[") && p.isAt(4, "=")) {
		if list == nil {
			list = &List{Items: []Expr{first}}
		}
		p.i++
		list.Items = append(list.Items, p.expr(0))
	}
	if list == nil {
		return first
	}
	list.Span = p.from(start)
	return list
}
