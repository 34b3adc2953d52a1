package scalar

import (
	"math"

	"reslog/kql"
)

// mathFuncs are the functions on numbers that SQL has not, or for which it raises
// errors.
var mathFuncs = []Func{
	{Name: "kql_gamma", Params: []kql.Type{kql.Real}, Returns: kql.Real, Call: ofReal(math.Gamma)},
	{Name: "kql_loggamma", Params: []kql.Type{kql.Real}, Returns: kql.Real, Call: ofReal(func(x float64) float64 { y, _ := math.Lgamma(x); return y })},
	{Name: "kql_erf", Params: []kql.Type{kql.Real}, Returns: kql.Real, Call: ofReal(math.Erf)},
	{Name: "kql_erfc", Params: []kql.Type{kql.Real}, Returns: kql.Real, Call: ofReal(math.Erfc)},
	{Name: "kql_binary_shift_left", Params: []kql.Type{kql.Long, kql.Long}, Returns: kql.Long, Call: shiftBits(func(x int64, n int) int64 { return x << n })},
	{Name: "kql_binary_shift_right", Params: []kql.Type{kql.Long, kql.Long}, Returns: kql.Long, Call: shiftBits(func(x int64, n int) int64 { return x >> n })},
	{Name: "kql_range", Params: []kql.Type{kql.Long, kql.Long, kql.Long}, Returns: kql.Dynamic, Call: rangeOf(kql.Long)},
	{Name: "kql_range_real", Function: "range", Params: []kql.Type{kql.Real, kql.Real, kql.Real}, Returns: kql.Dynamic, Call: rangeReal},
	{Name: "kql_range_datetime", Function: "range", Params: []kql.Type{kql.Datetime, kql.Datetime, kql.Timespan}, Returns: kql.Dynamic, Call: rangeOf(kql.Datetime)},
	{Name: "kql_range_timespan", Function: "range", Params: []kql.Type{kql.Timespan, kql.Timespan, kql.Timespan}, Returns: kql.Dynamic, Call: rangeOf(kql.Timespan)},
}

func ofReal(f func(float64) float64) func([]any) any {
	return func(a []any) any {
		x, ok := a[0].(float64)
		if !ok {
			return nil
		}
		return f(x)
	}
}

// shiftBits makes a function of one that shifts by a count, which counts modulo 64 and
// must not be negative.
func shiftBits(f func(x int64, n int) int64) func([]any) any {
	return func(a []any) any {
		x, ok := a[0].(int64)
		n, fine := a[1].(int64)
		if !ok || !fine || n < 0 {
			return nil
		}
		return f(x, int(n%64))
	}
}

// maxRange is how many elements range() makes at most; the rest is cut off.
const maxRange = 1 << 20

// rangeOf is range(from, to, step) over whole numbers, dates or spans.
func rangeOf(t kql.Type) func([]any) any {
	return func(a []any) any {
		n, ok := longs(a, 3)
		if !ok || n[2] == 0 {
			return nil
		}
		from, to, step := n[0], n[1], n[2]
		v := Value{Kind: Array}
		for at := from; step > 0 && at <= to || step < 0 && at >= to; at += step {
			v.Items = append(v.Items, Of(t, at))
			// The next is past the end, or past the end of whole numbers.
			if len(v.Items) == maxRange || step > 0 && at > math.MaxInt64-step || step < 0 && at < math.MinInt64-step {
				break
			}
		}
		return v.Any()
	}
}

func rangeReal(a []any) any {
	from, ok := a[0].(float64)
	to, fine := a[1].(float64)
	step, right := a[2].(float64)
	if !ok || !fine || !right || step == 0 || math.IsNaN(from+to+step) || math.IsInf(from, 0) || math.IsInf(step, 0) {
		return nil
	}
	v := Value{Kind: Array}
	for i := range maxRange {
		x := from + float64(i)*step
		if step > 0 && x > to || step < 0 && x < to {
			break
		}
		v.Items = append(v.Items, OfReal(x))
	}
	return v.Any()
}
