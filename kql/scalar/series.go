package scalar

import (
	"math"
	"slices"
	"strings"

	"reslog/kql"
)

// seriesFuncs are functions on arrays of numbers, which are dynamic. The functions
// of one element at a time are here; series_fill.go, series_stats.go and
// series_filter.go have those that look at more.
var seriesFuncs = seriesFamily()

func seriesFamily() []Func {
	var out []Func
	for name, op := range map[string]func(x, y sample) Value{
		"series_add":            arithmetic(func(x, y int64) int64 { return x + y }, func(x, y float64) float64 { return x + y }),
		"series_subtract":       arithmetic(func(x, y int64) int64 { return x - y }, func(x, y float64) float64 { return x - y }),
		"series_multiply":       arithmetic(func(x, y int64) int64 { return x * y }, func(x, y float64) float64 { return x * y }),
		"series_divide":         func(x, y sample) Value { return OfReal(x.real() / y.real()) },
		"series_pow":            func(x, y sample) Value { return OfReal(math.Pow(x.real(), y.real())) },
		"series_greater":        comparison(func(order int) bool { return order > 0 }),
		"series_greater_equals": comparison(func(order int) bool { return order >= 0 }),
		"series_less":           comparison(func(order int) bool { return order < 0 }),
		"series_less_equals":    comparison(func(order int) bool { return order <= 0 }),
		"series_equals":         comparison(func(order int) bool { return order == 0 }),
		"series_not_equals":     func(x, y sample) Value { return OfBool(compareSamples(x, y) != 0) },
	} {
		out = append(out, pairwise(name, op)...)
	}
	for name, f := range map[string]func(float64) float64{
		"series_exp": math.Exp, "series_log": math.Log, "series_floor": math.Floor, "series_ceiling": math.Ceil,
		"series_sin": math.Sin, "series_asin": math.Asin, "series_cos": math.Cos, "series_acos": math.Acos,
		"series_tan": math.Tan, "series_atan": math.Atan,
	} {
		out = append(out, elementwise(name, func(x sample) Value { return OfReal(f(x.real())) }))
	}
	out = append(out, elementwise("series_abs", absolute), elementwise("series_sign", signOf))
	slices.SortFunc(out, func(a, b Func) int { return strings.Compare(a.Name, b.Name) })
	return slices.Concat(out, fillFuncs, statsFuncs, filterFuncs)
}

// sample is an element of a series: whole while all of the series are.
type sample struct {
	whole bool
	n     int64
	f     float64
}

func (x sample) real() float64 {
	if x.whole {
		return float64(x.n)
	}
	return x.f
}

// value is the element as it is printed.
func (x sample) value() Value {
	if x.whole {
		return OfLong(x.n)
	}
	return OfReal(x.f)
}

// series is an array of numbers; has says where there is one. The numbers are
// whole if no element is a real.
type series struct {
	has   []bool
	x     []sample
	whole bool
}

// seriesOf reads a series; false for what is no array.
func seriesOf(a any) (series, bool) { return seriesIn(Dynamic(a)) }

// seriesIn is the series that an array is.
func seriesIn(v Value) (series, bool) {
	if v.Kind != Array {
		return series{}, false
	}
	s := series{has: make([]bool, len(v.Items)), x: make([]sample, len(v.Items)), whole: true}
	for i, item := range v.Items {
		s.x[i], s.has[i] = sampleOf(item)
		s.whole = s.whole && (!s.has[i] || s.x[i].whole)
	}
	if !s.whole {
		for i, x := range s.x {
			s.x[i] = sample{f: x.real()}
		}
	}
	return s, true
}

// sampleOf is the number in a dynamic value. Reals that JSON has no word for are
// strings in it.
func sampleOf(v Value) (sample, bool) {
	switch {
	case v.Kind == Long:
		return sample{whole: true, n: v.Long}, true
	case v.Kind == Real:
		return sample{f: v.Real}, true
	case v.Kind == String && v.Str == "NaN":
		return sample{f: math.NaN()}, true
	case v.Kind == String && v.Str == "Infinity":
		return sample{f: math.Inf(1)}, true
	case v.Kind == String && v.Str == "-Infinity":
		return sample{f: math.Inf(-1)}, true
	}
	return sample{}, false
}

// reals are the elements, false when one is none.
func (s series) reals() ([]float64, bool) {
	out := make([]float64, len(s.x))
	for i, x := range s.x {
		if !s.has[i] {
			return nil, false
		}
		out[i] = x.real()
	}
	return out, true
}

// array gives reals to an engine.
func realArray(x []float64) Value {
	v := Value{Kind: Array, Items: make([]Value, len(x))}
	for i, f := range x {
		v.Items[i] = OfReal(f)
	}
	return v
}

// elementwise makes a function of one that is applied to every element; what is
// no number becomes null.
func elementwise(name string, f func(sample) Value) Func {
	return Func{Name: "kql_" + name, Params: []kql.Type{kql.Dynamic}, Returns: kql.Dynamic, Call: func(a []any) any {
		s, ok := seriesOf(a[0])
		if !ok {
			return nil
		}
		out := Value{Kind: Array, Items: make([]Value, len(s.x))}
		for i, x := range s.x {
			if s.has[i] {
				out.Items[i] = f(x)
			}
		}
		return out.Any()
	}}
}

func absolute(x sample) Value {
	if !x.whole {
		return OfReal(math.Abs(x.f))
	}
	if x.n < 0 {
		return OfLong(-x.n)
	}
	return OfLong(x.n)
}

func signOf(x sample) Value {
	sign := sample{whole: x.whole}
	switch f := x.real(); {
	case f > 0:
		sign.n, sign.f = 1, 1
	case f < 0:
		sign.n, sign.f = -1, -1
	}
	return sign.value()
}

// arithmetic is a function of two whole numbers, or of two reals if one is.
func arithmetic(whole func(x, y int64) int64, fractional func(x, y float64) float64) func(x, y sample) Value {
	return func(x, y sample) Value {
		if x.whole && y.whole {
			return OfLong(whole(x.n, y.n))
		}
		return OfReal(fractional(x.real(), y.real()))
	}
}

// comparison makes a function of a test of an order, which NaN has with nothing.
func comparison(test func(order int) bool) func(x, y sample) Value {
	return func(x, y sample) Value {
		order := compareSamples(x, y)
		return OfBool(order != unordered && test(order))
	}
}

const unordered = math.MinInt

func compareSamples(x, y sample) int {
	if x.whole && y.whole {
		switch {
		case x.n < y.n:
			return -1
		case x.n > y.n:
			return 1
		}
		return 0
	}
	switch p, q := x.real(), y.real(); {
	case p < q:
		return -1
	case p > q:
		return 1
	case p == q:
		return 0
	}
	return unordered
}

// pairwise makes the functions of one that is applied to the elements of two
// series, or of one and a number. Where one series ends the other has no partner,
// which makes null.
func pairwise(name string, f func(x, y sample) Value) []Func {
	types := []kql.Type{kql.Dynamic, kql.Long, kql.Real}
	var out []Func
	for _, t := range types {
		for _, u := range types {
			if t != kql.Dynamic && u != kql.Dynamic {
				continue
			}
			x, y := operandOf(t), operandOf(u)
			fn := Func{Name: "kql_" + name, Params: []kql.Type{t, u}, Returns: kql.Dynamic, Call: func(a []any) any { return zipped(f, x(a[0]), y(a[1])) }}
			if t != kql.Dynamic || u != kql.Dynamic {
				fn.Name, fn.Function = fn.Name+"_"+t.String()+"_"+u.String(), name
			}
			out = append(out, fn)
		}
	}
	return out
}

// operand is a series or a number that stands for any length.
type operand struct {
	series
	ok, single bool
}

func operandOf(t kql.Type) func(any) operand {
	if t == kql.Dynamic {
		return func(a any) operand {
			s, ok := seriesOf(a)
			return operand{series: s, ok: ok}
		}
	}
	return func(a any) operand {
		x, ok := sampleOf(Of(t, a))
		return operand{series: series{has: []bool{ok}, x: []sample{x}}, ok: true, single: true}
	}
}

func (o operand) at(i int) (sample, bool) {
	if o.single {
		i = 0
	}
	if i >= len(o.x) {
		return sample{}, false
	}
	return o.x[i], o.has[i]
}

func zipped(f func(x, y sample) Value, x, y operand) any {
	if !x.ok || !y.ok {
		return nil
	}
	out := Value{Kind: Array, Items: make([]Value, max(len(x.x), len(y.x)))}
	if x.single || y.single {
		out.Items = out.Items[:len(x.x)*len(y.x)]
	}
	for i := range out.Items {
		p, ok := x.at(i)
		q, fine := y.at(i)
		if ok && fine {
			out.Items[i] = f(p, q)
		}
	}
	return out.Any()
}
