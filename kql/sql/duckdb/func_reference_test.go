//go:build cgo

package duckdb_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/internal/ticks"
	"reslog/kql"
	"reslog/kql/scalar"
)

// strange are values at which engines differ.
func strange(r *rand.Rand) map[kql.Type][]any {
	texts := []any{
		"", "a", "A", " ", "ß", "é", "É", "e\u0301", "😀", "a😀b", "x,y,,z", ",", "\"q\"", "back\\slash", "tab\there", "line\nfeed\r\n", "\x00", "a\x00b", "\x01\x1f\x7f", "\u2028",
		"123", "-5", "0x1F", "1e3", "true", "2024-01-01", "{\"a\":1}", "[1]", "null", "%_", "aaa", "AbCdEf", "ÀÖ", "ǅ", "İ", "ﬁ", "１２", "a1b22c333", strings.Repeat("ab", 500),
	}
	alphabet := []rune("ab,1é😀 \\\"\n_-")
	for range 40 {
		s := make([]rune, r.IntN(12))
		for i := range s {
			s[i] = alphabet[r.IntN(len(alphabet))]
		}
		texts = append(texts, string(s))
	}
	whole := []any{nil, int64(0), int64(1), int64(-1), int64(255), int64(math.MaxInt32), int64(math.MinInt32), int64(math.MaxInt32 + 1), int64(math.MinInt32 - 1), int64(math.MaxInt64), int64(math.MinInt64), int64(36000000000), int64(864000000000)}
	reals := []any{nil, 0.0, math.Copysign(0, -1), 1.0, -1.5, 2.5, 0.1, 1e15, 1e16, -1e15, 123456789012345.0, 1e21, 1e-7, 5e-324, math.MaxFloat64, -math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1), 9.223372036854775807e18, -9.223372036854775808e18, 9.2233720368547748e18, 2147483647.5, -2147483648.5}
	dates := []any{nil, int64(0), int64(1), int64(ticks.Max), int64(ticks.Max - 9), int64(ticks.Unix), int64(ticks.Unix - 1), int64(599266080000000000)}
	for range 40 {
		whole = append(whole, int64(r.Uint64()))
		reals = append(reals, math.Float64frombits(r.Uint64()), r.NormFloat64(), math.Round(r.NormFloat64()*1000)/1000)
		dates = append(dates, r.Int64N(ticks.Max))
	}
	dynamics := []any{nil}
	for _, s := range texts[:30] {
		dynamics = append(dynamics, scalar.OfString(s.(string)).Any())
	}
	for _, s := range []string{"1", "-5", "1.5", "true", "[]", "[1,[2],null]", "{}", `{"a":"b"}`, "1e-7", "100000000000000000000.0", `{"é\n":[1.0]}`} {
		dynamics = append(dynamics, s)
	}
	return map[kql.Type][]any{
		kql.String: texts, kql.Long: whole, kql.Real: reals, kql.Datetime: dates, kql.Timespan: whole, kql.Dynamic: dynamics, kql.Bool: {nil, true, false},
	}
}

// What is printed as SQL gives what the function in Go gives.
func TestSQLIsLikeGo(t *testing.T) {
	q := enginetest.Open(t)
	values := strange(rand.New(rand.NewPCG(1, 2)))
	type check struct {
		query string
		t     kql.Type
		want  func(x any) any
	}
	byType := map[kql.Type][]check{}
	for _, c := range []check{
		{"tostring(x)", kql.Real, ref(t, "tostring", kql.Real)},
		{"tostring(x)", kql.Datetime, ref(t, "tostring", kql.Datetime)},
		{"tostring(x)", kql.Timespan, ref(t, "tostring", kql.Timespan)},
		{"tostring(x)", kql.Long, ref(t, "tostring", kql.Long)},
		{"tostring(x)", kql.Bool, ref(t, "tostring", kql.Bool)},
		{"tostring(x)", kql.Dynamic, ref(t, "tostring", kql.Dynamic)},
		{"toint(x)", kql.Long, ref(t, "toint", kql.Long)},
		{"toint(x)", kql.Timespan, ref(t, "toint", kql.Long)},
		{"toint(x)", kql.Real, ref(t, "toint", kql.Real)},
		{"tolong(x)", kql.Real, ref(t, "tolong", kql.Real)},
		{"todecimal(x)", kql.Real, ref(t, "todecimal", kql.Real)},
		{"gettype(x)", kql.Dynamic, ref(t, "gettype", kql.Dynamic)},
		{"array_length(x)", kql.Dynamic, ref(t, "array_length", kql.Dynamic)},
		{"pack_array(x, x)", kql.Dynamic, func(x any) any { return goCall(t, "pack_array", []kql.Type{kql.Dynamic, kql.Dynamic}, []any{x, x}) }},
		{`bag_pack("k\"é", x)`, kql.Dynamic, func(x any) any {
			return goCall(t, "bag_pack", []kql.Type{kql.Dynamic, kql.Dynamic}, []any{`"k\"é"`, x})
		}},
		{`pack_array(x)`, kql.String, func(x any) any { return scalar.OfArray([]scalar.Value{scalar.Of(kql.String, x)}).Any() }},
		{`pack_array(x)`, kql.Real, func(x any) any { return scalar.OfArray([]scalar.Value{scalar.Of(kql.Real, x)}).Any() }},
		{`pack_array(x)`, kql.Datetime, func(x any) any { return scalar.OfArray([]scalar.Value{scalar.Of(kql.Datetime, x)}).Any() }},
		{`pack_array(x)`, kql.Timespan, func(x any) any { return scalar.OfArray([]scalar.Value{scalar.Of(kql.Timespan, x)}).Any() }},
		{"toupper(x)", kql.String, ref(t, "toupper", kql.String)},
		{"tolower(x)", kql.String, ref(t, "tolower", kql.String)},
		{"strlen(x)", kql.String, ref(t, "strlen", kql.String)},
		{"string_size(x)", kql.String, ref(t, "string_size", kql.String)},
		{"isascii(x)", kql.String, ref(t, "isascii", kql.String)},
		{`strcmp(x, "a")`, kql.String, refWith(t, "strcmp", "a")},
		{`substring(x, 2)`, kql.String, refWith(t, "substring", 2)},
		{`substring(x, 0, 3)`, kql.String, refWith(t, "substring", 0, 3)},
		{`substring(x, 1, 4611686018427387904)`, kql.String, refWith(t, "substring", 1, 1<<62)},
		{`indexof(x, "b")`, kql.String, refWith(t, "indexof", "b")},
		{`indexof(x, "😀")`, kql.String, refWith(t, "indexof", "😀")},
		{`split(x, ",")`, kql.String, refWith(t, "split", ",")},
		{`split(x, "ab")`, kql.String, refWith(t, "split", "ab")},
		{`replace_string(x, "a", "\\1$0")`, kql.String, refWith(t, "replace_string", "a", `\1$0`)},
		{`strcat_delim("|", x, "y", x)`, kql.String, func(x any) any { return x.(string) + "|y|" + x.(string) }},
		{`x matches regex @"^\w+$"`, kql.String, refWith(t, "matches regex", `^\w+$`)},
		{`x matches regex "a.b"`, kql.String, refWith(t, "matches regex", `a.b`)},
		{`x matches regex "(?i)É"`, kql.String, refWith(t, "matches regex", `(?i)É`)},
		{`x matches regex @"[\W\d]$"`, kql.String, refWith(t, "matches regex", `[\W\d]$`)},
		{`extract(@"(\w)(\s)?(.)", 2, x)`, kql.String, func(x any) any {
			return goCall(t, "extract", []kql.Type{kql.String, kql.Long, kql.String}, []any{`(\w)(\s)?(.)`, int64(2), x})
		}},
		{`replace_regex(x, @"(\w)(\d)?", @"<\2\1\\>")`, kql.String, refWith(t, "replace_regex", `(\w)(\d)?`, `<\2\1\\>`)},
		{`replace_regex(x, @"\s+", "")`, kql.String, refWith(t, "replace_regex", `\s+`, ``)},
	} {
		byType[c.t] = append(byType[c.t], c)
	}
	for of, checks := range byType {
		q.Add(kql.Table{Name: "T", Columns: []kql.Column{{Name: "i", Type: kql.Long}, {Name: "x", Type: of}}}, numbered(values[of])...)
		query := "T | project i"
		for _, c := range checks {
			query += ", " + c.query
		}
		results, err := q.Run(t.Context(), query)
		if err != nil || len(results[0].Rows) != len(values[of]) {
			t.Fatalf("%s: %v", query, err)
		}
		for _, r := range results[0].Rows {
			in := values[of][r[0].(int64)]
			for i, c := range checks {
				if want := c.want(in); want != r[i+1] {
					t.Errorf("%s of %v %q is %#v in SQL, %#v in Go", c.query, of, in, r[i+1], want)
				}
			}
		}
	}
}

func numbered(values []any) [][]any {
	out := make([][]any, len(values))
	for i, v := range values {
		out[i] = []any{int64(i), v}
	}
	return out
}

// ref is the function in Go of one argument.
func ref(t *testing.T, name string, of kql.Type) func(any) any {
	return func(x any) any { return goCall(t, name, []kql.Type{of}, []any{x}) }
}

// refWith is the function in Go of a text and more arguments.
func refWith(t *testing.T, name string, more ...any) func(any) any {
	types, args := []kql.Type{kql.String}, []any{nil}
	for _, m := range more {
		switch m := m.(type) {
		case int:
			types, args = append(types, kql.Long), append(args, int64(m))
		case string:
			types, args = append(types, kql.String), append(args, m)
		}
	}
	return func(x any) any {
		args[0] = x
		return goCall(t, name, types, args)
	}
}

func goCall(t *testing.T, name string, types []kql.Type, args []any) any {
	t.Helper()
	f, ok := scalar.Find(name, types)
	if !ok {
		t.Fatalf("there is no %s(%v) in Go", name, types)
	}
	return f.Call(args)
}
