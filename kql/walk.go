package kql

// operands are the expressions directly below x.
func operands(x Expr) []Expr {
	switch x := x.(type) {
	case *Call:
		return x.Args
	case *WindowCall:
		return x.Args
	case *InQuery:
		return []Expr{x.X}
	}
	return nil
}

// walkExpr calls f for x and every expression below it, once for each, as lets
// share them. It does not enter subqueries.
func walkExpr(x Expr, f func(Expr)) {
	seen := map[Expr]bool{}
	var walk func(Expr)
	walk = func(x Expr) {
		below := operands(x)
		if len(below) > 0 {
			if seen[x] {
				return
			}
			seen[x] = true
		}
		f(x)
		for _, y := range below {
			walk(y)
		}
	}
	walk(x)
}

// Inputs are the relations directly below r.
func Inputs(r Rel) []Rel {
	switch r := r.(type) {
	case *Filter:
		return []Rel{r.Input}
	case *Project:
		return []Rel{r.Input}
	case *Aggregate:
		return []Rel{r.Input}
	case *Sort:
		return []Rel{r.Input}
	case *Limit:
		return []Rel{r.Input}
	case *Join:
		return []Rel{r.Left, r.Right}
	case *Union:
		return r.Inputs
	case *Expand:
		return []Rel{r.Input}
	case *Apply:
		return []Rel{r.Input, r.Sub}
	case *Window:
		return []Rel{r.Input}
	case *Series:
		return []Rel{r.Input}
	case *Shared:
		return []Rel{r.Input}
	}
	return nil
}

// Exprs are the expressions of r itself; nil ones are left out.
func Exprs(r Rel) []Expr {
	var out []Expr
	add := func(xs ...Expr) {
		for _, x := range xs {
			if x != nil {
				out = append(out, x)
			}
		}
	}
	switch r := r.(type) {
	case *Values:
		for _, row := range r.Rows {
			add(row...)
		}
	case *Sequence:
		add(r.From, r.To, r.Step)
	case *Filter:
		add(r.Cond)
	case *Project:
		add(r.Exprs...)
	case *Aggregate:
		add(r.Keys...)
		add(aggExprs(r.Aggs)...)
	case *Sort:
		add(orderExprs(r.Keys)...)
	case *Limit:
		add(r.N)
	case *Join:
		add(r.LeftKeys...)
		add(r.RightKeys...)
	case *Union:
		for _, xs := range r.Exprs {
			add(xs...)
		}
	case *Expand:
		add(r.Items...)
		add(r.Limit)
	case *Apply:
		add(r.Items...)
		add(r.Limit)
	case *Window:
		add(orderExprs(r.Order)...)
		add(r.Exprs...)
	case *Series:
		add(r.Keys...)
		add(aggExprs(r.Aggs)...)
		add(r.Defaults...)
		add(r.Axis, r.From, r.To, r.Step)
	}
	return out
}

func aggExprs(aggs []*Agg) []Expr {
	var out []Expr
	for _, a := range aggs {
		out = append(append(out, a.Args...), a.Filter)
	}
	return out
}

func orderExprs(keys []Order) []Expr {
	out := make([]Expr, len(keys))
	for i, k := range keys {
		out[i] = k.X
	}
	return out
}
