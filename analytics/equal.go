package analytics

import (
	"slices"
	"strings"

	"reslog/kql"
)

// equal is a condition of a query on a scan: a column of text is a value.
type equal struct {
	column kql.Column
	value  string
}

// equals finds, for every scan, what the filters directly above it demand. Such a
// value is looked for as it is stored, which is many times faster than to make a
// text of every row first.
//
// A scan that is reached in more than one way has none: what one way demands does
// not hold for the other.
func equals(plan *kql.Plan) map[*kql.Scan][]equal {
	out := make(map[*kql.Scan][]equal)
	ways := make(map[*kql.Scan]int)
	seen := make(map[any]bool) // what is computed once is one way
	var visit func(kql.Rel)
	visit = func(r kql.Rel) {
		var conds []kql.Expr
		for {
			for _, x := range kql.Exprs(r) {
				subqueries(x, seen, visit)
			}
			f, ok := r.(*kql.Filter)
			if !ok {
				break
			}
			conds = append(conds, f.Cond)
			r = f.Input
		}
		if s, ok := r.(*kql.Scan); ok {
			ways[s]++
			for _, c := range conds {
				out[s] = append(out[s], demands(s, c)...)
			}
		}
		if _, ok := r.(*kql.Shared); ok {
			if seen[r] {
				return
			}
			seen[r] = true
		}
		for _, in := range kql.Inputs(r) {
			visit(in)
		}
	}
	for _, r := range plan.Results {
		visit(r.Root)
	}
	for s, n := range ways {
		if n > 1 {
			delete(out, s)
		}
	}
	return out
}

// subqueries visits the relations inside an expression.
func subqueries(x kql.Expr, seen map[any]bool, visit func(kql.Rel)) {
	if seen[x] {
		return
	}
	seen[x] = true
	switch x := x.(type) {
	case *kql.Call:
		for _, a := range x.Args {
			subqueries(a, seen, visit)
		}
	case *kql.WindowCall:
		for _, a := range x.Args {
			subqueries(a, seen, visit)
		}
	case *kql.ScalarQuery:
		visit(x.Root)
	case *kql.InQuery:
		subqueries(x.X, seen, visit)
		visit(x.Root)
	}
}

// demands are the equalities that must hold where a condition does.
func demands(s *kql.Scan, x kql.Expr) []equal {
	c, ok := x.(*kql.Call)
	if !ok || len(c.Args) < 2 {
		return nil
	}
	switch c.Func {
	case "and":
		var out []equal
		for _, a := range c.Args {
			out = append(out, demands(s, a)...)
		}
		return out
	case "==":
		for i := range 2 {
			ref, isRef := c.Args[i].(*kql.ColRef)
			value, isConst := c.Args[1-i].(*kql.Const)
			if !isRef || !isConst || ref.Col.Type != kql.String {
				continue
			}
			text, isText := value.Value.(string)
			at := slices.IndexFunc(s.Columns, func(o kql.Col) bool { return o.ID == ref.Col.ID })
			if isText && text != "" && at >= 0 && !strings.ContainsRune(text, 0) {
				return []equal{{s.Source[at], text}}
			}
		}
	}
	return nil
}

// on is the condition on a part; empty where there is none that helps.
func (e equal) on(v view, p *part) string {
	i := slices.IndexFunc(v.columns, func(o column) bool { return o.Name == e.column.Name })
	if i < 0 || v.columns[i].id == idItem || v.columns[i].Type != kql.String {
		return ""
	}
	col := v.columns[i]
	if p.state != filed {
		if !p.columns[col.id] {
			return ""
		}
		return col.name() + " = " + quote(e.value)
	}
	if l, ok := p.layout.find(col.id); ok {
		return l.equal(e.value)
	}
	return ""
}
