package syntax

import "slices"

// expand writes the operators that make rows or columns out of values.
func (w *printer) expand(op Operator) {
	switch op := op.(type) {
	case *MvExpand:
		w.put("mv-expand")
		w.options(op.Options)
		w.mvItems(op.Items)
		w.word(" limit", op.Limit)
	case *MvApply:
		w.put("mv-apply")
		w.options(op.Options)
		w.mvItems(op.Items)
		w.word(" limit", op.Limit)
		if op.ID != nil {
			w.put(" id ")
			w.name(*op.ID)
		}
		w.put(" on ")
		w.block(op.Sub)
	case *ParseOp:
		w.parse(op)
	case *ParseKv:
		w.word("parse-kv", op.X)
		w.put(" as ")
		w.params(op.Columns, false)
		w.properties(op.Options)
	case *MakeSeries:
		w.makeSeries(op)
	}
}

// item writes what may follow the options of mv-expand and make-series, and is not
// to be taken for one of them.
func (w *printer) item(x Expr) {
	w.put(" ")
	if n, is := x.(*Named); is && !n.Tuple && slices.Contains(expansionOptions[:], n.Names[0].Text) {
		w.bracketed(n.Names[0].Text)
		w.put(" = ")
		x = n.X
	}
	w.expr(x)
}

func (w *printer) mvItems(items []MvItem) {
	for i, item := range items {
		if i > 0 {
			w.put(",")
		}
		w.item(item.X)
		if item.To != "" {
			w.put(" to typeof(", item.To, ")")
		}
	}
}

func (w *printer) parse(op *ParseOp) {
	if op.Where {
		w.put("parse-where")
	} else {
		w.put("parse")
	}
	w.options(op.Options)
	w.word("", op.X)
	w.put(" with")
	for _, part := range op.Pattern {
		w.put(" ")
		switch {
		case part.Star:
			w.put("*")
		case part.Literal != nil:
			w.expr(part.Literal)
		default:
			w.name(part.Name)
			w.before(":", part.Type)
		}
	}
}

func (w *printer) makeSeries(op *MakeSeries) {
	w.put("make-series")
	w.options(op.Options)
	for i, a := range op.Aggregates {
		if i > 0 {
			w.put(",")
		}
		w.item(a.X)
		w.word(" default =", a.Default)
	}
	w.word(" on", op.Axis)
	if op.InRange {
		w.put(" in range(")
		w.list([]Expr{op.From, op.To, op.Step})
		w.put(")")
	} else {
		w.word(" from", op.From)
		w.word(" to", op.To)
		w.word(" step", op.Step)
	}
	w.keys(op.Keys)
}
