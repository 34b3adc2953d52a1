package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// opMvApply binds mv-apply: for every row a pipe of its own over what the items
// expand to. The columns are those of the input, without the items that took their
// place, and then the new ones of the pipe; a column of the pipe stands in the
// place of one of the input that has its name.
//
// Source: the Kusto Query Language reference, "mv-apply operator".
func (b *binder) opMvApply(sc scope, in rel, op *syntax.MvApply) (rel, error) {
	if op.ID != nil {
		return rel{}, b.refuse(op.ID.Span, "mv-apply with an id")
	}
	e, err := b.expansion(sc, in, "mv-apply", op.Options, op.Items, op.Limit)
	if err != nil {
		return rel{}, err
	}
	if e.asPair {
		return rel{}, b.refuse(op.Span, "mv-apply over the pairs of bags")
	}
	rows := &ApplyRows{Out{e.columns()}}
	sub, err := b.pipe(sc, b.place(e, rel{Rel: rows}), op.Sub)
	if err != nil {
		return rel{}, err
	}
	sub = b.fresh(b.shown(sub))
	a := &Apply{Input: e.in.Rel, Items: e.items, Limit: e.limit, Index: e.index != "", Rows: rows, Sub: sub.Rel}
	a.Columns = slices.Concat(e.in.Cols(), sub.Cols())
	return b.keep(rel{Rel: a}, e.applied(sub)), nil
}

// applied are the columns of an mv-apply.
func (e *expansion) applied(sub rel) []Col {
	var out []Col
	used := map[int]bool{}
	for _, c := range e.in.Cols() {
		if s, ok := (&row{in: sub}).column(c.Name); ok {
			out = append(out, s)
			used[s.ID] = true
		} else if !slices.Contains(e.names, c.Name) {
			out = append(out, c)
		}
	}
	for _, c := range sub.Cols() {
		if !used[c.ID] {
			out = append(out, c)
		}
	}
	return out
}
