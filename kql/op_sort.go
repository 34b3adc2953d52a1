package kql

import "reslog/kql/syntax"

// opSort orders the rows.
func (b *binder) opSort(sc scope, in rel, op *syntax.Sort) (rel, error) {
	return b.sorted(sc, in, op.Keys)
}

// opTop is sort and take.
func (b *binder) opTop(sc scope, in rel, op *syntax.Top) (rel, error) {
	n, err := b.count(sc, in, op.Count)
	if err != nil {
		return rel{}, err
	}
	out, err := b.sorted(sc, in, []syntax.SortKey{op.Key})
	if err != nil {
		return rel{}, err
	}
	out.Rel = &Limit{Out: Out{out.Cols()}, Input: out.Rel, N: n}
	return out, nil
}

// sorted orders in by keys. A key with a name, which top and sort allow, is only
// its expression.
func (b *binder) sorted(sc scope, in rel, keys []syntax.SortKey) (rel, error) {
	over, r := sc.over(in)
	var order []Order
	for _, k := range keys {
		x := k.X
		if n, ok := x.(*syntax.Named); ok {
			x = n.X
		}
		e, err := b.expr(over, x)
		if err != nil {
			return rel{}, err
		}
		if !e.Type().IsOrdered() {
			return rel{}, b.fail(k.Pos(), codeNotGroupable, "a value of type %s has no order; tostring() makes one that has", e.Type())
		}
		o := Order{X: e, Desc: !k.Asc, NullsFirst: k.Asc}
		if k.Nulls != syntax.NullsDefault {
			o.NullsFirst = k.Nulls == syntax.NullsFirst
		}
		order = append(order, o)
	}
	from := r.input()
	out := rel{Rel: &Sort{Out: Out{from.Cols()}, Input: from.Rel, Keys: order}, serialized: true, order: order}
	if len(r.windows) > 0 {
		out = b.keep(out, in.Cols())
	}
	for _, o := range out.order {
		if _, ok := o.X.(*ColRef); !ok {
			out.order = nil
			break
		}
	}
	return out, nil
}
