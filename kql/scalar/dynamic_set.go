package scalar

import "reslog/kql"

// setFuncs are functions that take arrays as sets: every value once, in the order
// in which it came. What is no array is the empty set.
var setFuncs = []Func{
	{Name: "kql_set_union", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		var s set
		for _, x := range a {
			s.add(Dynamic(x))
		}
		return OfArray(s.items).Any()
	}},
	{Name: "kql_set_intersect", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		return OfArray(chosen(a, true)).Any()
	}},
	{Name: "kql_set_difference", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		return OfArray(chosen(a, false)).Any()
	}},
	{Name: "kql_set_has_element", Params: types(kql.Dynamic, kql.Dynamic), Returns: kql.Bool, Call: func(a []any) any {
		v, x := Dynamic(a[0]), Dynamic(a[1])
		if v.Kind != Array {
			return nil
		}
		for _, item := range v.Items {
			if Equal(item, x) {
				return true
			}
		}
		return false
	}},
	{Name: "kql_set_equals", Params: types(kql.Dynamic, kql.Dynamic), Returns: kql.Bool, Call: func(a []any) any {
		x, y := Dynamic(a[0]), Dynamic(a[1])
		if x.Kind != Array || y.Kind != Array {
			return nil
		}
		all, both := counts(x, y)
		return all == both
	}},
	{Name: "kql_jaccard_index", Params: types(kql.Dynamic, kql.Dynamic), Returns: kql.Real, Call: func(a []any) any {
		x, y := Dynamic(a[0]), Dynamic(a[1])
		if x.Kind != Array || y.Kind != Array {
			return nil
		}
		all, both := counts(x, y)
		return float64(both) / float64(all)
	}},
}

// set is values, each once.
type set struct {
	items []Value
	seen  map[string]bool
}

// key is one text for values that are equal.
func key(v Value) string {
	v = sorted(v)
	if v.Kind == Real && v.Real == float64(int64(v.Real)) {
		v = OfLong(int64(v.Real))
	}
	return v.Text()
}

func (s *set) has(k string) bool { return s.seen[k] }

func (s *set) add(v Value) {
	if s.seen == nil {
		s.seen = make(map[string]bool)
	}
	if v.Kind != Array {
		return
	}
	for _, item := range v.Items {
		if k := key(item); !s.seen[k] {
			s.seen[k] = true
			s.items = append(s.items, item)
		}
	}
}

// chosen is the values of the first array that all others have, or that none has.
func chosen(a []any, have bool) []Value {
	var first set
	first.add(Dynamic(a[0]))
	others := make([]set, len(a)-1)
	for i, x := range a[1:] {
		others[i].add(Dynamic(x))
	}
	out := first.items[:0]
next:
	for _, item := range first.items {
		k := key(item)
		for _, o := range others {
			if o.has(k) != have {
				continue next
			}
		}
		out = append(out, item)
	}
	return out
}

// counts is how many values two sets have together, and in common.
func counts(x, y Value) (all, both int) {
	var a, b, u set
	a.add(x)
	b.add(y)
	u.add(x)
	u.add(y)
	return len(u.items), len(a.items) + len(b.items) - len(u.items)
}
