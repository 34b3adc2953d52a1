package scalar

import (
	"math"
	"testing"

	"reslog/internal/ticks"
	"reslog/kql"
)

// call runs the function of a name that takes the types given.
func call(t testing.TB, name string, params []kql.Type, args ...any) any {
	t.Helper()
	f, ok := Find(name, params)
	if !ok {
		t.Fatalf("there is no %s(%v)", name, params)
	}
	return f.Call(args)
}

// equal compares results; NaN is itself.
func equal(a, b any) bool {
	x, ok1 := a.(float64)
	y, ok2 := b.(float64)
	if ok1 && ok2 && math.IsNaN(x) && math.IsNaN(y) {
		return true
	}
	return a == b
}

func TestConversions(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	type c struct {
		name string
		from kql.Type
		in   any
		want any
	}
	var cases []c
	add := func(name string, from kql.Type, pairs ...any) {
		for i := 0; i < len(pairs); i += 2 {
			cases = append(cases, c{name, from, pairs[i], pairs[i+1]})
		}
	}
	add("toint", kql.String, "123", int64(123), "  45  ", int64(45), "\t456\t", int64(456), "-9", int64(-9), "3.14", nil, "abc", nil, "", nil,
		"0x1F", int64(31), "0X1f", int64(31), "0x7FFFFFFF", int64(math.MaxInt32), "-0x10", nil, "1e3", nil, "+7", int64(7), "  ", nil,
		"2147483648", nil, "00789", int64(789), "+0", int64(0), "-0", int64(0), "0b101", nil, "1,000", nil, "1 000", nil, "1f", nil, "0xG", nil, "+-5", nil, "1_0", nil)
	add("tolong", kql.String, "9223372036854775807", int64(math.MaxInt64), "9223372036854775808", nil, "0xFFFFFFFFFFFFFFFF", int64(-1), "5.7", nil, "2147483648", int64(2147483648))
	add("toreal", kql.String, "3.14", 3.14, "1e3", 1000.0, "0x1F", nil, "  NaN  ", nan, "nan", nan, "INF", nil, "inf", inf, "-inf", -inf, "Infinity", inf, "+Infinity", inf,
		"1e400", inf, "-1e400", -inf, "1e-400", 0.0, "4.9e-324", 5e-324, "1,000", nil, "$100", nil, "1f", nil, "", nil, "x", nil, "1_0.5", nil, "5abc", nil)
	add("tobool", kql.String, "true", true, "True", true, "FALSE", false, "1", true, "0", false, "yes", nil, "", nil, "tRuE", true, "1.0", nil, "-1", true, "0.0", nil)
	add("toint", kql.Real, 2.9, int64(2), -2.9, int64(-2), -2.5, int64(-2), 1.797e308, int64(math.MaxInt32), nan, nil, nil, nil)
	add("tolong", kql.Real, inf, nil, 2147483648.9, int64(2147483648), math.Copysign(0, -1), int64(0), -1e300, int64(math.MinInt64))
	add("toint", kql.Long, int64(2147483648), int64(-2147483648), int64(-2147483649), int64(2147483647), nil, nil, int64(36000000000), int64(1640261632))
	add("toint", kql.Dynamic, "9.99", int64(9), "[1,2,3]", nil, `"12"`, int64(12), "true", int64(1), "9223372036854775807", int64(-1), "-9223372036854775808", int64(0),
		"1.7976931348623157e308", int64(math.MaxInt32), nil, nil)
	add("tolong", kql.Dynamic, `"9223372036854775807"`, int64(math.MaxInt64), "1.7976931348623157e308", int64(math.MaxInt64), "5e-324", int64(0))
	add("toreal", kql.Dynamic, `{"a":1}`, nil, "9223372036854775807", 9.223372036854776e18, `"1.5"`, 1.5, "true", 1.0)
	add("tostring", kql.Dynamic, "true", "true", `"a\"b"`, `a"b`, nil, "", `{"a":[1,2.0]}`, `{"a":[1,2.0]}`, "5.0", "5.0", `""`, "")
	add("tostring", kql.Bool, true, "True", false, "False", nil, "")
	add("tostring", kql.Long, int64(math.MinInt64), "-9223372036854775808", nil, "")
	add("tostring", kql.Real, 1500.0, "1500.0", nil, "")
	add("tostring", kql.Decimal, 100.0, "100", 1.5, "1.5", 0.0, "0")
	add("tostring", kql.Datetime, int64(0), "0001-01-01T00:00:00.0000000Z", nil, "")
	add("tostring", kql.Timespan, int64(ticks.Day), "1.00:00:00", nil, "")
	add("todatetime", kql.String, "2020-01-01", int64(637134336000000000), "2020-13-01", nil, "not-a-date", nil, "2020-02-30", nil, "", nil,
		"2020-01-01T02:00:00+02:00", int64(637134336000000000))
	add("todatetime", kql.Dynamic, `"2020-01-01"`, int64(637134336000000000), "1.5", int64(1), "-1", nil, "[]", nil)
	add("totimespan", kql.String, "1d", int64(ticks.Day), "2h", int64(2*ticks.Hour), "01:00:00", int64(ticks.Hour), "1.5", nil, "90s", int64(90*ticks.Second),
		"-1d", int64(-ticks.Day), "00:00:00.001", int64(ticks.Millisecond), "abc", nil, "1.02:03:04", int64(ticks.Day+2*ticks.Hour+3*ticks.Minute+4*ticks.Second), "0.00:03:00", int64(3*ticks.Minute))
	add("toguid", kql.String, "70FC66F7-8279-44FC-9092-D364D70FCE44", "70fc66f7-8279-44fc-9092-d364d70fce44", "{70fc66f7-8279-44fc-9092-d364d70fce44}", "70fc66f7-8279-44fc-9092-d364d70fce44",
		"70fc66f7827944fc9092d364d70fce44", "70fc66f7-8279-44fc-9092-d364d70fce44", "70fc66f7-8279-44fc-9092-d364d70fce4", nil, "70fc66f7x8279-44fc-9092-d364d70fce44", nil, "", nil, "70fc66f7-8279-44fc-9092-d364d70fceéx", nil)
	add("gettype", kql.Dynamic, nil, "null", "1", "long", `"s"`, "string", "[1]", "array", "{}", "dictionary", "1.5", "double", "true", "bool")
	for _, c := range cases {
		if got := call(t, c.name, types(c.from), c.in); !equal(got, c.want) {
			t.Errorf("%s(%v %#v) is %#v, want %#v", c.name, c.from, c.in, got, c.want)
		}
	}
}

func TestHexAndBytes(t *testing.T) {
	for _, c := range []struct {
		name  string
		types []kql.Type
		args  []any
		want  string
	}{
		{"tohex", types(kql.Long), []any{int64(256)}, "100"},
		{"tohex", types(kql.Long), []any{int64(-256)}, "ffffffffffffff00"},
		{"tohex", types(kql.Int, kql.Long), []any{int64(-256), int64(8)}, "ffffff00"},
		{"tohex", types(kql.Long, kql.Long), []any{int64(256), int64(8)}, "00000100"},
		{"tohex", types(kql.Long, kql.Long), []any{int64(256), int64(2)}, "100"},
		{"tohex", types(kql.Long, kql.Long), []any{int64(256), int64(1 << 40)}, "0000000000000100"},
		{"tohex", types(kql.Long, kql.Long), []any{int64(256), int64(math.MinInt64)}, "100"},
		{"tohex", types(kql.Long), []any{nil}, ""},
		{"format_bytes", types(kql.Real), []any{564.0}, "564 Bytes"},
		{"format_bytes", types(kql.Real, kql.Long), []any{10332.0, int64(1)}, "10.1 KB"},
		{"format_bytes", types(kql.Real), []any{20010332.0}, "19 MB"},
		{"format_bytes", types(kql.Real, kql.Long), []any{20010332.0, int64(2)}, "19.08 MB"},
		{"format_bytes", types(kql.Real, kql.Long, kql.String), []any{20010332.0, int64(0), "KB"}, "19541 KB"},
	} {
		if got := call(t, c.name, c.types, c.args...); got != c.want {
			t.Errorf("%s(%v) is %q, want %q", c.name, c.args, got, c.want)
		}
	}
}
