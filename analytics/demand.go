package analytics

import (
	"slices"
	"strings"

	"reslog/kql"
	"reslog/kql/scalar"
)

// demand is a condition of a query on a scan: a column of text is a value, or has
// it somewhere.
type demand struct {
	column kql.Column
	op     string // "==", "contains"
	value  string
	how    int // of contains: as scalar.Fold and so on say
}

// findDemands finds, for every scan, what the filters directly above it demand.
// Such a value is looked for as it is stored, which is many times faster than to
// make a text of every row first.
//
// A scan that is reached in more than one way has none: what one way demands does
// not hold for the other.
func findDemands(plan *kql.Plan) map[*kql.Scan][]demand {
	out := make(map[*kql.Scan][]demand)
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

// demands are those that must hold where a condition does.
func demands(s *kql.Scan, x kql.Expr) []demand {
	c, ok := x.(*kql.Call)
	if !ok || len(c.Args) < 2 {
		return nil
	}
	switch c.Func {
	case "and":
		var out []demand
		for _, a := range c.Args {
			out = append(out, demands(s, a)...)
		}
		return out
	case "==":
		if d, ok := demandOf(s, "==", 0, c.Args[0], c.Args[1]); ok {
			return []demand{d}
		}
		if d, ok := demandOf(s, "==", 0, c.Args[1], c.Args[0]); ok {
			return []demand{d}
		}
	default:
		if how, ok := howToSearch(c.Func); ok {
			if d, ok := demandOf(s, "contains", how, c.Args[0], c.Args[1]); ok {
				return []demand{d}
			}
		}
	}
	return nil
}

// howToSearch says what must be in a text for which an operator holds, and false of
// one that is about something else.
func howToSearch(op string) (how int, ok bool) {
	name, exact := strings.CutSuffix(op, "_cs")
	if !exact {
		how = scalar.Fold
	}
	switch name {
	case "contains", "startswith", "endswith":
		return how, true
	case "has":
		return how | scalar.Left | scalar.Right, true
	case "hasprefix":
		return how | scalar.Left, true
	case "hassuffix":
		return how | scalar.Right, true
	}
	return 0, false
}

// demandOf is a demand when x is a column of a scan and y a text that is known.
func demandOf(s *kql.Scan, op string, how int, x, y kql.Expr) (demand, bool) {
	ref, isRef := x.(*kql.ColRef)
	value, isConst := y.(*kql.Const)
	if !isRef || !isConst || ref.Col.Type != kql.String {
		return demand{}, false
	}
	text, isText := value.Value.(string)
	at := slices.IndexFunc(s.Columns, func(o kql.Col) bool { return o.ID == ref.Col.ID })
	if !isText || text == "" || at < 0 || strings.ContainsRune(text, 0) {
		return demand{}, false
	}
	return demand{s.Source[at], op, text, how}, true
}

// on is the condition on a part; empty where there is none that helps.
func (e demand) on(v view, p *part) string {
	i := slices.IndexFunc(v.columns, func(o column) bool { return o.Name == e.column.Name })
	if i < 0 || v.columns[i].id == idItem || v.columns[i].Type != kql.String {
		return ""
	}
	col := v.columns[i]
	if p.state != filed {
		if !p.columns[col.id] {
			return ""
		}
		if e.op != "==" {
			return ""
		}
		return col.name() + " = " + quote(e.value)
	}
	if l, ok := p.layout.find(col.id); ok {
		if e.op != "==" {
			return l.contains(e.value, e.how)
		}
		return l.equal(e.value)
	}
	return ""
}
