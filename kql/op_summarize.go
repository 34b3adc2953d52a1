package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// opSummarize groups: the keys first, then the aggregates. Expressions around
// aggregates are computed above the Aggregate.
func (b *binder) opSummarize(sc scope, in rel, op *syntax.Summarize) (rel, error) {
	keys, err := b.groupKeys(sc, in, op.Keys)
	if err != nil {
		return rel{}, err
	}
	n := newNamer()
	if err := b.named(n, keys); err != nil {
		return rel{}, err
	}
	over, r := sc.over(in)
	r.aggs = &aggregation{omit: map[int]bool{}}
	for _, k := range keys {
		if ref, ok := k.x.(*ColRef); ok {
			r.aggs.omit[ref.Col.ID] = true
		}
	}
	values, err := b.computed(over, op.Aggregates)
	if err != nil {
		return rel{}, err
	}
	for i := range values {
		if err := b.onlyAggregates(in, r.aggs, op.Aggregates, values[i]); err != nil {
			return rel{}, err
		}
	}
	if err := b.named(n, values); err != nil {
		return rel{}, err
	}
	return b.grouped(in, keys, r.aggs, values, len(op.Aggregates) == 0), nil
}

// groupKeys binds the keys of summarize and distinct.
func (b *binder) groupKeys(sc scope, in rel, xs []syntax.Expr) ([]column, error) {
	over, r := sc.over(in)
	r.noWindow = true
	keys, err := b.computed(over, xs)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.x.Type() == Dynamic {
			return nil, b.fail(k.at, codeNotGroupable, "a value of type dynamic cannot be grouped by; tostring() makes one that can")
		}
	}
	return keys, nil
}

// grouped builds the Aggregate and, where the values are not just aggregates, the
// Project above it.
func (b *binder) grouped(in rel, keys []column, a *aggregation, values []column, distinct bool) rel {
	agg := &Aggregate{Input: in.Rel, Aggs: a.aggs, Distinct: distinct}
	for _, k := range keys {
		col, x := b.typed(k.name, k.x)
		agg.Columns, agg.Keys = append(agg.Columns, col), append(agg.Keys, x)
	}
	agg.Columns = append(agg.Columns, a.cols...)
	plain := len(values) == len(a.cols)
	for i := 0; plain && i < len(values); i++ {
		ref, ok := values[i].x.(*ColRef)
		plain = ok && ref.Col.ID == a.cols[i].ID
	}
	if plain {
		for i, v := range values {
			agg.Columns[len(keys)+i].Name = v.name
		}
		return rel{Rel: agg}
	}
	cols := slices.Clone(agg.Columns[:len(keys)])
	exprs := refs(cols)
	for _, v := range values {
		col, x := b.typed(v.name, v.x)
		cols, exprs = append(cols, col), append(exprs, x)
	}
	return b.project(rel{Rel: agg}, cols, exprs)
}

// onlyAggregates fails when a value of summarize needs a column outside of an
// aggregate.
func (b *binder) onlyAggregates(in rel, a *aggregation, xs []syntax.Expr, v column) error {
	var err error
	walkExpr(v.x, func(x Expr) {
		ref, ok := x.(*ColRef)
		if !ok || err != nil || slices.ContainsFunc(a.cols, func(c Col) bool { return c.ID == ref.Col.ID }) {
			return
		}
		err = b.fail(v.at, "KS236", "the column %s can only stand inside of an aggregate function here", ref.Col.Name)
	})
	return err
}

// opDistinct is the different rows of columns.
func (b *binder) opDistinct(sc scope, in rel, op *syntax.Distinct) (rel, error) {
	xs := op.Columns
	var keys []column
	if len(xs) == 1 {
		if star, ok := xs[0].(*syntax.Star); ok {
			for _, c := range in.visible() {
				if c.Type == Dynamic {
					return rel{}, b.fail(star.Span, codeNotGroupable, "the column %s is dynamic and cannot be grouped by", c.Name)
				}
				keys = append(keys, column{c.Name, true, &ColRef{c}, star.Span})
			}
			xs = nil
		}
	}
	more, err := b.groupKeys(sc, in, xs)
	if err != nil {
		return rel{}, err
	}
	keys = append(keys, more...)
	if err := b.named(newNamer(), keys); err != nil {
		return rel{}, err
	}
	return b.grouped(in, keys, &aggregation{}, nil, true), nil
}

// opCount is the number of rows.
func (b *binder) opCount(in rel, op *syntax.Count) (rel, error) {
	name := "Count"
	if op.As != nil {
		name = op.As.Text
	}
	return rel{Rel: &Aggregate{
		Out: Out{[]Col{b.newCol(name, Long)}}, Input: in.Rel, Aggs: []*Agg{{T: Long, Func: "count", At: op.Span}},
	}}, nil
}
