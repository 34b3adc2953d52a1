package sql

import "reslog/kql"

// walk visits a relation and all below it, a shared one once. Those in expressions
// are left out: they do not depend on a row.
func walk(r kql.Rel, visit func(kql.Rel)) {
	seen := make(map[kql.Rel]bool)
	var down func(kql.Rel)
	down = func(r kql.Rel) {
		if seen[r] {
			return
		}
		seen[r] = true
		visit(r)
		for _, in := range inputs(r) {
			down(in)
		}
	}
	down(r)
}

func inputs(r kql.Rel) []kql.Rel {
	switch r := r.(type) {
	case *kql.Filter:
		return []kql.Rel{r.Input}
	case *kql.Project:
		return []kql.Rel{r.Input}
	case *kql.Aggregate:
		return []kql.Rel{r.Input}
	case *kql.Sort:
		return []kql.Rel{r.Input}
	case *kql.Limit:
		return []kql.Rel{r.Input}
	case *kql.Join:
		return []kql.Rel{r.Left, r.Right}
	case *kql.Union:
		return r.Inputs
	case *kql.Expand:
		return []kql.Rel{r.Input}
	case *kql.Apply:
		return []kql.Rel{r.Input, r.Sub}
	case *kql.Window:
		return []kql.Rel{r.Input}
	case *kql.Series:
		return []kql.Rel{r.Input}
	case *kql.Shared:
		return []kql.Rel{r.Input}
	}
	return nil
}
