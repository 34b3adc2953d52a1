package sql

import "reslog/kql"

// need finds the columns that something uses and counts the uses of shared
// relations. It walks down from the columns of the result; a shared relation is
// walked with what is known of its uses so far, so all is walked again until
// nothing is new.
func (p *printer) need(res kql.Result) {
	n := &needs{cols: make(map[int]bool)}
	for _, c := range res.Columns {
		n.cols[c.ID] = true
	}
	for known := -1; known != len(n.cols); {
		known = len(n.cols)
		n.uses = make(map[*kql.Shared]int)
		n.rel(res.Root)
	}
	p.needed, p.uses = n.cols, n.uses
}

type needs struct {
	cols map[int]bool
	uses map[*kql.Shared]int
}

func (n *needs) all(cols []kql.Col) {
	for _, c := range cols {
		n.cols[c.ID] = true
	}
}

func (n *needs) rel(r kql.Rel) {
	switch r := r.(type) {
	case *kql.Values:
		for _, row := range r.Rows {
			n.exprs(row)
		}
	case *kql.Sequence:
		n.exprs([]kql.Expr{r.From, r.To, r.Step})
	case *kql.Filter:
		n.expr(r.Cond)
		n.rel(r.Input)
	case *kql.Project:
		n.some(r.Columns, r.Exprs)
		n.rel(r.Input)
	case *kql.Aggregate:
		n.exprs(r.Keys)
		n.aggs(r.Columns[len(r.Keys):], r.Aggs)
		n.rel(r.Input)
	case *kql.Sort:
		n.order(r.Keys)
		n.rel(r.Input)
	case *kql.Limit:
		n.expr(r.N)
		n.rel(r.Input)
	case *kql.Join:
		n.exprs(r.LeftKeys)
		n.exprs(r.RightKeys)
		n.rel(r.Left)
		n.rel(r.Right)
	case *kql.Union:
		for i, in := range r.Inputs {
			n.some(r.Columns, r.Exprs[i])
			n.rel(in)
		}
	case *kql.Window:
		n.order(r.Order)
		n.some(r.Columns[len(r.Columns)-len(r.Exprs):], r.Exprs)
		n.rel(r.Input)
	case *kql.Series:
		n.exprs(r.Keys)
		n.exprs(r.Defaults)
		n.exprs([]kql.Expr{r.Axis, r.From, r.To, r.Step})
		n.aggs(nil, r.Aggs)
		n.rel(r.Input)
	default:
		n.nested(r)
	}
}

// nested walks the relations that hold relations in a way of their own.
func (n *needs) nested(r kql.Rel) {
	switch r := r.(type) {
	case *kql.Expand:
		n.exprs(r.Items)
		n.expr(r.Limit)
		n.rel(r.Input)
	case *kql.Apply:
		n.exprs(r.Items)
		n.expr(r.Limit)
		n.rel(r.Sub)
		// The columns of the input have one ID inside and outside of Sub.
		n.rel(r.Input)
	case *kql.Shared:
		n.uses[r]++
		if n.uses[r] == 1 {
			n.rel(r.Input)
		}
	}
}

// some walks the expressions of the columns that are needed.
func (n *needs) some(cols []kql.Col, exprs []kql.Expr) {
	for i, x := range exprs {
		if n.cols[cols[i].ID] {
			n.expr(x)
		}
	}
}

func (n *needs) aggs(cols []kql.Col, aggs []*kql.Agg) {
	for i, a := range aggs {
		if cols == nil || n.cols[cols[i].ID] {
			n.exprs(a.Args)
			n.expr(a.Filter)
		}
	}
}

func (n *needs) order(keys []kql.Order) {
	for _, k := range keys {
		n.expr(k.X)
	}
}

func (n *needs) exprs(xs []kql.Expr) {
	for _, x := range xs {
		n.expr(x)
	}
}

func (n *needs) expr(x kql.Expr) {
	switch x := x.(type) {
	case *kql.ColRef:
		n.cols[x.Col.ID] = true
	case *kql.Call:
		n.exprs(x.Args)
	case *kql.WindowCall:
		n.exprs(x.Args)
	case *kql.ScalarQuery:
		n.all(x.Root.Cols()[:1])
		n.rel(x.Root)
	case *kql.InQuery:
		n.expr(x.X)
		n.all(x.Root.Cols()[:1])
		n.rel(x.Root)
	}
}
