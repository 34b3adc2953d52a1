package kql

import "reslog/kql/syntax"

// expansion is what mv-expand and mv-apply have in common: the items, the columns
// that they become and the index.
type expansion struct {
	in     rel // with the windows that the items needed
	items  []Expr
	names  []string
	types  []Type
	at     []syntax.Span
	limit  Expr
	index  string // the name of the column of the index; "" for none
	raw    []Col  // the dynamic columns of the items
	rawAt  Col    // the column of the index
	asPair bool
}

// expansion binds items, options and limit.
func (b *binder) expansion(sc scope, in rel, name string, given []syntax.Option, items []syntax.MvItem, limit syntax.Expr) (*expansion, error) {
	options, err := b.options(name, given, "bagexpansion", "kind", "with_itemindex")
	if err != nil {
		return nil, err
	}
	e := &expansion{}
	for _, o := range []string{"bagexpansion", "kind"} {
		kind, err := b.word(options, o, "bag", "array")
		if err != nil {
			return nil, err
		}
		e.asPair = e.asPair || kind == "array"
	}
	over, row := sc.over(in)
	names := newNamer()
	for _, item := range items {
		if err := b.expansionItem(over, item, e, names); err != nil {
			return nil, err
		}
	}
	e.in = row.input()
	if limit != nil {
		n, err := b.constOf(sc, limit, Long)
		if err != nil {
			return nil, err
		}
		if v, ok := n.Value.(int64); !ok || v < 0 {
			return nil, b.fail(limit.Pos(), codeNotConstant, "the limit of %s must be a number from 0", name)
		}
		e.limit = n
	}
	if o, ok := options["with_itemindex"]; ok {
		for _, c := range in.visible() {
			names.reserve(c.Name)
		}
		e.index = names.unique(optionText(o.Value))
		e.rawAt = b.newCol(e.index, Long)
	}
	return e, nil
}

func (b *binder) expansionItem(sc scope, item syntax.MvItem, e *expansion, names *namer) error {
	x, name := item.X, b.autoName(sc, item.X)
	if n, ok := x.(*syntax.Named); ok {
		if len(n.Names) != 1 {
			return b.fail(n.Span, "", "an item of an expansion has one name")
		}
		x, name = n.X, n.Names[0].Text
	}
	v, err := b.expr(sc, x)
	if err != nil {
		return err
	}
	if v.Type() != Dynamic {
		return b.fail(x.Pos(), codeType, "only dynamic values can be expanded and this is %s", v.Type())
	}
	t := Dynamic
	if item.To != "" {
		if t, err = b.typeNamed(item.To, item.Span); err != nil {
			return err
		}
	}
	if name == "" {
		name = names.unique("")
	} else if !names.reserve(name) {
		return b.fail(item.Span, codeDuplicateColumn, "a column with the name %s is already declared", name)
	}
	e.items, e.names, e.types, e.at = append(e.items, v), append(e.names, name), append(e.types, t), append(e.at, item.Span)
	e.raw = append(e.raw, b.newCol(name, Dynamic))
	return nil
}

// columns are the columns of the expanded rows: those of the input, the items and
// the index.
func (e *expansion) columns() []Col {
	out := append([]Col{}, e.in.Cols()...)
	out = append(out, e.raw...)
	if e.index != "" {
		out = append(out, e.rawAt)
	}
	return out
}

// place puts the items into their places and types over the expanded rows: an item
// takes the place of a column that has its name, else it comes last, and the index
// after all.
func (b *binder) place(e *expansion, expanded rel) rel {
	var cols []Col
	var exprs []Expr
	done := make([]bool, len(e.items))
	item := func(i int) {
		x, _ := convert(&ColRef{e.raw[i]}, e.types[i]) // a dynamic value has all conversions
		cols, exprs = append(cols, b.newCol(e.names[i], e.types[i])), append(exprs, x)
		done[i] = true
	}
next:
	for _, c := range e.in.Cols() {
		for i, name := range e.names {
			if name == c.Name && !done[i] {
				item(i)
				continue next
			}
		}
		cols, exprs = append(cols, c), append(exprs, &ColRef{c})
	}
	for i := range e.items {
		if !done[i] {
			item(i)
		}
	}
	if e.index != "" {
		cols, exprs = append(cols, e.rawAt), append(exprs, &ColRef{e.rawAt})
	}
	return b.project(expanded, cols, exprs)
}

// opMvExpand binds mv-expand.
//
// Source: the Kusto Query Language reference, "mv-expand operator".
func (b *binder) opMvExpand(sc scope, in rel, op *syntax.MvExpand) (rel, error) {
	e, err := b.expansion(sc, in, "mv-expand", op.Options, op.Items, op.Limit)
	if err != nil {
		return rel{}, err
	}
	x := &Expand{Out: Out{e.columns()}, Input: e.in.Rel, Items: e.items, BagArray: e.asPair, Index: e.index != "", Limit: e.limit}
	// The rows of one row have the same keys: their order is that they come in.
	return b.place(e, rel{Rel: x, serialized: in.serialized}), nil
}
