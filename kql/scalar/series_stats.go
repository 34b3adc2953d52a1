package scalar

import (
	"math"

	"reslog/kql"
)

// statsFuncs make one value, or a bag of them, of a series.
var statsFuncs = []Func{
	{Name: "kql_series_sum", Params: []kql.Type{kql.Dynamic}, Returns: kql.Real, Call: reduced(0, func(sum, x float64) float64 { return sum + x })},
	{Name: "kql_series_product", Params: []kql.Type{kql.Dynamic}, Returns: kql.Real, Call: reduced(1, func(p, x float64) float64 { return p * x })},
	{Name: "kql_series_magnitude", Params: []kql.Type{kql.Dynamic}, Returns: kql.Real, Call: magnitude},
	{Name: "kql_series_stats_dynamic", Params: []kql.Type{kql.Dynamic, kql.Bool}, Returns: kql.Dynamic, Call: stats},
	{Name: "kql_series_fit_line_dynamic", Params: []kql.Type{kql.Dynamic}, Returns: kql.Dynamic, Call: fitLine},
	{Name: "kql_series_pearson_correlation", Params: []kql.Type{kql.Dynamic, kql.Dynamic}, Returns: kql.Real, Call: ofTwo(pearson)},
	{Name: "kql_series_dot_product", Params: []kql.Type{kql.Dynamic, kql.Dynamic}, Returns: kql.Real, Call: ofTwo(dotProduct)},
	{Name: "kql_series_cosine_similarity", Params: []kql.Type{kql.Dynamic, kql.Dynamic}, Returns: kql.Real, Call: ofTwo(cosine)},
}

// reduced makes a function that folds the numbers of a series. Nulls are left
// out; anything else that is no number makes null, and so does a series without
// any.
func reduced(start float64, f func(acc, x float64) float64) func([]any) any {
	return func(a []any) any {
		v := Dynamic(a[0])
		if v.Kind != Array {
			return nil
		}
		acc, some := start, false
		for _, item := range v.Items {
			x, ok := sampleOf(item)
			switch {
			case ok:
				acc, some = f(acc, x.real()), true
			case item.Kind != Null:
				return nil
			}
		}
		if !some {
			return nil
		}
		return acc
	}
}

func magnitude(a []any) any {
	sum, ok := reduced(0, func(sum, x float64) float64 { return sum + x*x })(a).(float64)
	if !ok {
		return nil
	}
	return math.Sqrt(sum)
}

// stats is the bag of series_stats_dynamic. Without ignore_nonfinite one null,
// NaN or infinity makes it null.
func stats(a []any) any {
	s, ok := seriesOf(a[0])
	ignore, _ := a[1].(bool)
	if !ok {
		return nil
	}
	var least, most, sum, squares float64
	leastAt, mostAt, n := -1, -1, 0
	for i, x := range s.x {
		f := x.real()
		if !s.has[i] || math.IsNaN(f) || math.IsInf(f, 0) {
			if !ignore {
				return nil
			}
			continue
		}
		if leastAt < 0 || f < least {
			least, leastAt = f, i
		}
		if mostAt < 0 || f > most {
			most, mostAt = f, i
		}
		sum += f
		n++
	}
	if n == 0 {
		return nil
	}
	mean := sum / float64(n)
	for i, x := range s.x {
		if f := x.real(); s.has[i] && !math.IsNaN(f) && !math.IsInf(f, 0) {
			squares += (f - mean) * (f - mean)
		}
	}
	variance := 0.0
	if n > 1 {
		variance = squares / float64(n-1)
	}
	return Value{
		Kind: Bag,
		Keys: []string{"min", "min_idx", "max", "max_idx", "avg", "stdev", "variance", "sum", "len"},
		Items: []Value{
			OfReal(least), OfLong(int64(leastAt)), OfReal(most), OfLong(int64(mostAt)), OfReal(mean),
			OfReal(math.Sqrt(variance)), OfReal(variance), OfReal(sum), OfLong(int64(n)),
		},
	}.Any()
}

// fitLine is the bag of series_fit_line_dynamic: the line through a series that has
// the least squares. The elements are at 1, 2 …, so that the interception is one
// step before the first.
func fitLine(a []any) any {
	s, ok := seriesOf(a[0])
	if !ok {
		return nil
	}
	y, ok := s.reals()
	if !ok || len(y) < 2 {
		return nil
	}
	n := float64(len(y))
	var sx, sy, sxx, sxy float64
	for i, f := range y {
		x := float64(i + 1)
		sx += x
		sy += f
		sxx += x * x
		sxy += x * f
	}
	slope := (n*sxy - sx*sy) / (n*sxx - sx*sx)
	interception := (sy - slope*sx) / n
	line := make([]float64, len(y))
	var total, rest float64
	for i, f := range y {
		line[i] = interception + slope*float64(i+1)
		total += (f - sy/n) * (f - sy/n)
		rest += (f - line[i]) * (f - line[i])
	}
	square := 1.0
	if total > 0 {
		square = 1 - rest/total
	}
	return Value{
		Kind: Bag,
		Keys: []string{"slope", "interception", "rsquare", "variance", "rvariance", "line_fit"},
		Items: []Value{
			OfReal(slope), OfReal(interception), OfReal(square), OfReal(total / (n - 1)), OfReal(rest / (n - 1)), realArray(line),
		},
	}.Any()
}

// ofTwo makes a function of two series of one length, all numbers.
func ofTwo(f func(x, y []float64) float64) func([]any) any {
	return func(a []any) any {
		s, ok := seriesOf(a[0])
		t, fine := seriesOf(a[1])
		if !ok || !fine || len(s.x) != len(t.x) || len(s.x) == 0 {
			return nil
		}
		x, ok := s.reals()
		y, fine := t.reals()
		if !ok || !fine {
			return nil
		}
		return f(x, y)
	}
}

func pearson(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
	}
	var xx, yy, xy float64
	for i := range x {
		p, q := x[i]-sx/n, y[i]-sy/n
		xx += p * p
		yy += q * q
		xy += p * q
	}
	return xy / math.Sqrt(xx*yy)
}

func dotProduct(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func cosine(x, y []float64) float64 {
	return dotProduct(x, y) / math.Sqrt(dotProduct(x, x)*dotProduct(y, y))
}
