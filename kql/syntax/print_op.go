package syntax

func (w *printer) operator(op Operator) {
	switch op := op.(type) {
	case *Where:
		w.put("where ")
		w.expr(op.Cond)
	case *Project:
		w.columns("project", nil, op.Columns)
	case *Extend:
		w.columns("extend", nil, op.Columns)
	case *Distinct:
		w.columns("distinct", op.Options, op.Columns)
	case *Serialize:
		w.columns("serialize", nil, op.Columns)
	case *Print:
		w.columns("print", nil, op.Columns)
	case *ProjectAway:
		w.names("project-away ", op.Names)
	case *ProjectKeep:
		w.names("project-keep ", op.Names)
	case *ProjectRename:
		w.put("project-rename ")
		for i, c := range op.Columns {
			w.comma(i)
			w.named(c)
		}
	case *ProjectReorder:
		w.put("project-reorder ")
		for i, c := range op.Columns {
			w.comma(i)
			w.name(c.Name)
			w.before(" ", c.Order)
		}
	case *Summarize:
		w.columns("summarize", op.Options, op.Aggregates)
		w.keys(op.Keys)
	case *Sort:
		w.put("sort")
		w.options(op.Options)
		w.put(" by ")
		for i, k := range op.Keys {
			w.comma(i)
			w.sortKey(k)
		}
	case *Top:
		w.put("top")
		w.options(op.Options)
		w.word("", op.Count)
		w.put(" by ")
		w.sortKey(op.Key)
	case *Take:
		w.word("take", op.Count)
	case *Sample:
		w.word("sample", op.Count)
	case *SampleDistinct:
		w.word("sample-distinct", op.Count)
		w.word(" of", op.X)
	case *TopNested:
		w.topNested(op)
	case *TopHitters:
		w.word("top-hitters", op.Count)
		w.word(" of", op.X)
		w.word(" by", op.By)
	case *Count:
		w.put("count")
		if op.As != nil {
			w.put(" as ")
			w.name(*op.As)
		}
	case *AsOp:
		w.put("as")
		w.options(op.Options)
		w.put(" ")
		w.name(op.Name)
	case *Getschema:
		w.put("getschema")
	case *OtherOp:
		w.put(op.Keyword)
		w.before(" ", op.Text)
	default:
		w.tables(op)
	}
}

// tables writes the operators that read more than one table, or make one.
func (w *printer) tables(op Operator) {
	switch op := op.(type) {
	case *Join:
		w.join(op)
	case *Union:
		w.put("union")
		w.options(op.Options)
		for i, s := range op.Sources {
			if i > 0 {
				w.put(",")
			}
			w.word("", s)
		}
	case *Search:
		w.put("search")
		w.options(op.Options)
		w.in(op.Tables)
		w.word("", op.Cond)
	case *Find:
		w.find(op)
	case *RangeOp:
		w.put("range ")
		w.name(op.Name)
		w.word(" from", op.From)
		w.word(" to", op.To)
		w.word(" step", op.Step)
	case *Datatable:
		w.put("datatable")
		w.params(op.Columns, false)
		w.put("[")
		w.list(op.Values)
		w.put("]")
	case *ExternalData:
		w.put("externaldata")
		w.params(op.Columns, false)
		w.put("[")
		w.list(op.Sources)
		w.put("]")
		w.properties(op.Options)
	case *Render:
		w.put("render ", op.Kind)
		w.properties(op.Properties)
	case *Invoke:
		w.put("invoke ")
		w.call(op.Call)
	case *Evaluate:
		w.put("evaluate")
		w.options(op.Options)
		w.put(" ")
		w.call(op.Call)
		if op.Schema != nil || op.SchemaStar {
			w.put(" : ")
			w.params(op.Schema, op.SchemaStar)
		}
	case *Partition:
		w.put("partition")
		w.options(op.Options)
		w.put(" by ")
		w.beforeParen(op.By)
		w.put(" ")
		if op.Body != nil {
			w.body(op.Body)
		} else {
			w.block(op.Sub)
		}
	default:
		w.expand(op)
	}
}

func (w *printer) comma(i int) {
	if i > 0 {
		w.put(", ")
	}
}

// before writes a text that may be empty, with a sign before it if it is not.
func (w *printer) before(sign, text string) {
	if text != "" {
		w.put(sign, text)
	}
}

// word writes an expression after a word and a space, nothing if there is none.
func (w *printer) word(word string, x Expr) {
	if x != nil {
		w.put(word, " ")
		w.expr(x)
	}
}

func (w *printer) columns(word string, options []Option, list []Expr) {
	w.put(word)
	w.options(options)
	if len(list) > 0 {
		w.put(" ")
		w.list(list)
	}
}

func (w *printer) keys(list []Expr) {
	if len(list) > 0 {
		w.put(" by ")
		w.list(list)
	}
}

func (w *printer) names(word string, list []Name) {
	w.put(word)
	for i, n := range list {
		w.comma(i)
		w.name(n)
	}
}

func (w *printer) options(list []Option) {
	for _, o := range list {
		w.put(" ")
		w.option(o)
	}
}

func (w *printer) option(o Option) {
	w.put(o.Name.Text, "=")
	w.beforeParen(o.Value)
}

// beforeParen writes an expression that a parenthesis may follow: a name such as
// long would begin a literal with it.
func (w *printer) beforeParen(x Expr) {
	if r, is := x.(*Ref); is {
		if _, typed := isTyped(r.Name.Text); typed {
			w.bracketed(r.Name.Text)
			return
		}
	}
	w.expr(x)
}

func (w *printer) properties(list []Option) {
	if len(list) == 0 {
		return
	}
	w.put(" with (")
	for i, o := range list {
		w.comma(i)
		w.name(o.Name)
		w.put("=")
		if l, is := o.Value.(*List); is {
			w.list(l.Items)
		} else {
			w.within(o.Value)
		}
	}
	w.put(")")
}

func (w *printer) sortKey(k SortKey) {
	w.expr(k.X)
	if k.Asc {
		w.put(" asc")
	} else {
		w.put(" desc")
	}
	switch k.Nulls {
	case NullsFirst:
		w.put(" nulls first")
	case NullsLast:
		w.put(" nulls last")
	}
}

func (w *printer) topNested(op *TopNested) {
	for i, l := range op.Levels {
		w.comma(i)
		w.put("top-nested")
		w.word("", l.Count)
		w.word(" of", l.X)
		w.word(" with others =", l.Others)
		w.word(" by", l.By)
		if l.Asc {
			w.put(" asc")
		}
	}
}

func (w *printer) join(op *Join) {
	if op.Lookup {
		w.put("lookup")
	} else {
		w.put("join")
	}
	w.options(op.Options)
	w.word("", op.Right)
	w.put(" on ")
	w.list(op.On)
}

func (w *printer) in(tables []Expr) {
	if len(tables) > 0 {
		w.put(" in (")
		w.list(tables)
		w.put(")")
	}
}

func (w *printer) find(op *Find) {
	w.put("find")
	w.options(op.Options)
	w.in(op.Tables)
	w.word(" where", op.Cond)
	if op.Smart {
		w.put(" project-smart")
	}
	for i, c := range op.Project {
		if i == 0 {
			w.put(" project ")
		}
		w.comma(i)
		if c.Pack {
			w.put("pack(*)")
			continue
		}
		w.name(c.Name)
		w.before(":", c.Type)
	}
	if len(op.Away) > 0 {
		w.names(" project-away ", op.Away)
	}
}
