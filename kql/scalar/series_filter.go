package scalar

import "reslog/kql"

// filterFuncs are the finite and the infinite impulse response filter.
var filterFuncs = []Func{
	{Name: "kql_series_fir", Params: []kql.Type{kql.Dynamic, kql.Dynamic, kql.Bool, kql.Bool}, Returns: kql.Dynamic, Call: finiteFilter},
	{Name: "kql_series_fir_auto", Function: "series_fir", Params: []kql.Type{kql.Dynamic, kql.Dynamic}, Returns: kql.Dynamic, Call: finiteAuto},
	{Name: "kql_series_iir", Params: []kql.Type{kql.Dynamic, kql.Dynamic, kql.Dynamic}, Returns: kql.Dynamic, Call: infiniteFilter},
}

// maxFilter is how many coefficients a filter may have.
const maxFilter = 1024

// finiteAuto is series_fir without a word on normalization: it is done unless the
// filter has negative coefficients.
func finiteAuto(a []any) any {
	f, ok := seriesOf(a[1])
	if !ok {
		return nil
	}
	normalize := true
	for _, c := range f.x {
		normalize = normalize && c.real() >= 0
	}
	return finiteFilter([]any{a[0], a[1], normalize, false})
}

// finiteFilter is series_fir(series, filter, normalize, center): before the series there
// is nothing but zeros.
func finiteFilter(a []any) any {
	s, ok := seriesOf(a[0])
	f, fine := seriesOf(a[1])
	normalize, _ := a[2].(bool)
	center, _ := a[3].(bool)
	if !ok || !fine || len(f.x) > maxFilter {
		return nil
	}
	coefficients, ok := f.reals()
	if !ok {
		return nil
	}
	scale := 1.0
	if normalize {
		scale = 0
		for _, c := range coefficients {
			scale += c
		}
	}
	shift := 0
	if center {
		shift = len(coefficients) / 2
	}
	whole := s.whole && f.whole && !normalize
	out := Value{Kind: Array, Items: make([]Value, len(s.x))}
	for i := range out.Items {
		sum, n, known := 0.0, int64(0), true
		for j, c := range coefficients {
			k := i + shift - j
			if k < 0 || k >= len(s.x) {
				continue
			}
			known = known && s.has[k]
			sum += c * s.x[k].real()
			n += f.x[j].n * s.x[k].n
		}
		switch {
		case !known:
		case whole:
			out.Items[i] = OfLong(n)
		default:
			out.Items[i] = OfReal(sum / scale)
		}
	}
	return out.Any()
}

// infiniteFilter is series_iir(series, b, a): y[i] is what b makes of the series and a
// of the earlier y, divided by a[0].
func infiniteFilter(args []any) any {
	s, ok := seriesOf(args[0])
	num, fine := seriesOf(args[1])
	den, right := seriesOf(args[2])
	if !ok || !fine || !right || len(den.x) == 0 || len(num.x) > maxFilter || len(den.x) > maxFilter {
		return nil
	}
	x, ok := s.reals()
	b, fine := num.reals()
	a, right := den.reals()
	if !ok || !fine || !right {
		return nil
	}
	y := make([]float64, len(x))
	for i := range y {
		sum := 0.0
		for j := 0; j < len(b) && j <= i; j++ {
			sum += b[j] * x[i-j]
		}
		for j := 1; j < len(a) && j <= i; j++ {
			sum -= a[j] * y[i-j]
		}
		y[i] = sum / a[0]
	}
	return realArray(y).Any()
}
