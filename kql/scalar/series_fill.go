package scalar

import "reslog/kql"

// fillFuncs put values into the places of a series where there is none: null, or
// a placeholder when one is given.
var fillFuncs = []Func{
	{Name: "kql_series_fill_forward", Params: []kql.Type{kql.Dynamic}, Variadic: kql.Real, Returns: kql.Dynamic, Call: filling(1, forward)},
	{Name: "kql_series_fill_backward", Params: []kql.Type{kql.Dynamic}, Variadic: kql.Real, Returns: kql.Dynamic, Call: filling(1, backward)},
	{Name: "kql_series_fill_const", Params: []kql.Type{kql.Dynamic, kql.Long}, Variadic: kql.Real, Returns: kql.Dynamic, Call: filling(2, constantOf(kql.Long))},
	{
		Name: "kql_series_fill_const_real", Function: "series_fill_const", Params: []kql.Type{kql.Dynamic, kql.Real}, Variadic: kql.Real,
		Returns: kql.Dynamic, Call: filling(2, constantOf(kql.Real)),
	},
	{Name: "kql_series_fill_linear", Params: []kql.Type{kql.Dynamic, kql.Real, kql.Bool, kql.Real}, Returns: kql.Dynamic, Call: filling(1, linear)},
}

// filling makes a function of one that fills: it gets the series, in which what
// is missing has no number, and the items to write to. The placeholder is the
// argument at, if it is there.
func filling(at int, fill func(a []any, s series, items []Value)) func([]any) any {
	return func(a []any) any {
		v := Dynamic(a[0])
		s, ok := seriesIn(v)
		if !ok {
			return nil
		}
		if at < len(a) {
			if placeholder, ok := a[at].(float64); ok {
				for i, x := range s.x {
					s.has[i] = s.has[i] && x.real() != placeholder
				}
			}
		}
		fill(a, s, v.Items)
		return v.Any()
	}
}

func forward(_ []any, s series, items []Value) {
	for i := 1; i < len(items); i++ {
		if !s.has[i] {
			items[i] = items[i-1]
		}
	}
}

func backward(_ []any, s series, items []Value) {
	for i := len(items) - 2; i >= 0; i-- {
		if !s.has[i] {
			items[i] = items[i+1]
		}
	}
}

// constantOf fills with the second argument, as it is: a real among whole numbers
// stays one.
func constantOf(t kql.Type) func(a []any, s series, items []Value) {
	return func(a []any, s series, items []Value) {
		v := Of(t, a[1])
		for i := range items {
			if !s.has[i] {
				items[i] = v
			}
		}
	}
}

// linear draws lines between the values that are there. Before the first and
// after the last the value is theirs, if edges are asked for; a series without
// any is the constant. Whole numbers stay whole.
func linear(a []any, s series, items []Value) {
	edges, _ := a[2].(bool)
	fallback, _ := a[3].(float64)
	write := func(i int, f float64) {
		if s.whole {
			items[i] = OfLong(int64(f))
		} else {
			items[i] = OfReal(f)
		}
	}
	last := -1
	for i := range items {
		if !s.has[i] {
			continue
		}
		items[i] = s.x[i].value()
		if last < 0 {
			for j := 0; edges && j < i; j++ {
				items[j] = items[i]
			}
		} else {
			from, to := s.x[last].real(), s.x[i].real()
			for j := last + 1; j < i; j++ {
				write(j, from+(to-from)*float64(j-last)/float64(i-last))
			}
		}
		last = i
	}
	for j := last + 1; edges && j < len(items); j++ {
		if last < 0 {
			items[j] = OfReal(fallback)
		} else {
			items[j] = items[last]
		}
	}
}
