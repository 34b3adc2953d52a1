package kql

import "reslog/kql/syntax"

// aggregation collects the aggregates that the expressions of one summarize hold.
type aggregation struct {
	aggs []*Agg
	cols []Col
	// omit are the keys that are columns as they are: `*` leaves them out.
	omit map[int]bool
}

// add puts an aggregate in, once if it is there already, and gives its column.
func (a *aggregation) add(b *binder, agg *Agg) Expr {
	c := b.newCol("", agg.T)
	a.aggs, a.cols = append(a.aggs, agg), append(a.cols, c)
	return &ColRef{c}
}

// inAggregate is the scope of the arguments of an aggregate: the columns, and no
// aggregates inside of one.
func (sc scope) inAggregate(b *binder, x *syntax.Call) (scope, error) {
	if sc.row == nil || sc.row.aggs == nil {
		return sc, b.fail(x.Span, codeAggregate, "the aggregate function %s cannot stand here", x.Func.Text)
	}
	sc.row = &row{in: sc.row.in, levels: sc.row.levels, noWindow: true, omit: sc.row.aggs.omit}
	return sc, nil
}
