package kql

// rel is a relation while a pipe is bound: the plan so far and what is known of
// the order of its rows.
type rel struct {
	Rel
	// serialized says that rows have an order that window functions may use: after
	// sort, top, serialize, range. order are its keys while the columns they need
	// are there; nil with serialized is "as the rows come".
	serialized bool
	order      []Order
}

// visible are the columns that `*` and the result mean.
func (r rel) visible() []Col {
	var out []Col
	for _, c := range r.Cols() {
		if !c.Hidden {
			out = append(out, c)
		}
	}
	return out
}

// refs are references to columns.
func refs(cols []Col) []Expr {
	out := make([]Expr, len(cols))
	for i, c := range cols {
		out[i] = &ColRef{c}
	}
	return out
}

// project makes columns of expressions over in. A column that is a ColRef to one
// of in keeps its ID if it is kept under it; the order stays as far as its keys do.
func (b *binder) project(in rel, cols []Col, exprs []Expr) rel {
	p := &Project{Out: Out{cols}, Input: in.Rel, Exprs: exprs}
	return rel{Rel: p, serialized: in.serialized, order: carried(in.order, cols, exprs)}
}

// keep is project for columns of in as they are.
func (b *binder) keep(in rel, cols []Col) rel { return b.project(in, cols, refs(cols)) }

// shown drops hidden columns.
func (b *binder) shown(in rel) rel {
	if v := in.visible(); len(v) != len(in.Cols()) {
		return b.keep(in, v)
	}
	return in
}

// fresh gives all columns new IDs: for a relation that is used twice.
func (b *binder) fresh(in rel) rel {
	cols := make([]Col, len(in.Cols()))
	for i, c := range in.Cols() {
		cols[i] = b.newCol(c.Name, c.Type)
		cols[i].Hidden = c.Hidden
	}
	return b.project(in, cols, refs(in.Cols()))
}

// filtered keeps the rows for which cond is true.
func filtered(in rel, cond Expr) rel {
	in.Rel = &Filter{Out: Out{in.Cols()}, Input: in.Rel, Cond: cond}
	return in
}

// carried is an order in terms of the columns of a projection, nil when one of
// its keys is not there any more.
func carried(order []Order, cols []Col, exprs []Expr) []Order {
	var out []Order
	for _, o := range order {
		ref, ok := o.X.(*ColRef)
		if !ok {
			return nil
		}
		found := false
		for i, x := range exprs {
			if from, ok := x.(*ColRef); ok && from.Col.ID == ref.Col.ID {
				o.X, found = &ColRef{cols[i]}, true
				break
			}
		}
		if !found {
			return nil
		}
		out = append(out, o)
	}
	return out
}
