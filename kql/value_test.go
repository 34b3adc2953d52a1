package kql

import (
	"math"
	"testing"
	"time"

	"reslog/internal/ticks"
)

func TestParseDatetime(t *testing.T) {
	tests := map[string]string{
		"2024":                              "2024-01-01T00:00:00.0000000Z",
		"2024-02":                           "2024-02-01T00:00:00.0000000Z",
		"2024-02-29":                        "2024-02-29T00:00:00.0000000Z",
		"2024-2-9 1:02":                     "2024-02-09T01:02:00.0000000Z",
		"2024-02-29T01:02:03.1234567Z":      "2024-02-29T01:02:03.1234567Z",
		"2024-02-29 01:02:03.12345678":      "2024-02-29T01:02:03.1234567Z",
		"2024-02-29T01:02:03+02:00":         "2024-02-28T23:02:03.0000000Z",
		"2024-02-29T01:02:03.5-0530":        "2024-02-29T06:32:03.5000000Z",
		"02/29/2024":                        "2024-02-29T00:00:00.0000000Z",
		"2/29/2024 1:02:03 PM":              "2024-02-29T13:02:03.0000000Z",
		"Thu, 29 Feb 2024 01:02:03 GMT":     "2024-02-29T01:02:03.0000000Z",
		"2024, 2, 29":                       "2024-02-29T00:00:00.0000000Z",
		"0001-01-01":                        "0001-01-01T00:00:00.0000000Z",
		"9999-12-31T23:59:59.9999999Z":      "9999-12-31T23:59:59.9999999Z",
		" 2024-02-29 ":                      "2024-02-29T00:00:00.0000000Z",
		"2024-02-30":                        "",
		"2024-13-01":                        "",
		"10000-01-01":                       "",
		"2024-02-29T25:00":                  "",
		"0001-01-01T00:00:00+02:00":         "",
		"yesterday":                         "",
		"":                                  "",
		"2024-02-29T01:02:03.Z":             "",
		"2024-02-29T01:02:03+99:00":         "",
		"2024-02-29T01:02:03.12x":           "",
		"2024-02-29T01:02:03.1234567+02:00": "2024-02-28T23:02:03.1234567Z",
	}
	for text, want := range tests {
		v, ok := parseValue(Datetime, text)
		got := ""
		if ok {
			got = ticks.FormatDate(v.(int64)) //nolint:forcetypeassert // the test fails
		}
		if got != want {
			t.Errorf("%q is %q and should be %q", text, got, want)
		}
	}
}

func TestParseTimespan(t *testing.T) {
	tests := map[string]string{
		"1d": "1.00:00:00", "2.5h": "02:30:00", "30m": "00:30:00", "1min": "00:01:00", "10s": "00:00:10", "100ms": "00:00:00.1000000",
		"3microseconds": "00:00:00.0000030", "7tick": "00:00:00.0000007", "500nanoseconds": "00:00:00.0000005", "7": "7.00:00:00", "0.5": "12:00:00",
		"1.02:03:04": "1.02:03:04", "01:02": "01:02:00", "-01:02:03.5": "-01:02:03.5000000", "1:02:03:04": "1.02:03:04", "-1d": "-1.00:00:00",
		"00:00:00.0000001": "00:00:00.0000001", "10675199.02:48:05": "10675199.02:48:05",
		"25:00": "", "00:60": "", "1x": "", "": "", "1.2.3": "", "99999999d": "", "00:00:00.12345678": "", "d": "", "1:": "",
	}
	for text, want := range tests {
		v, ok := parseValue(Timespan, text)
		got := ""
		if ok {
			got = ticks.FormatSpan(v.(int64)) //nolint:forcetypeassert // the test fails
		}
		if got != want {
			t.Errorf("%q is %q and should be %q", text, got, want)
		}
	}
}

func TestParseValue(t *testing.T) {
	tests := []struct {
		t    Type
		text string
		want any // nil: not one
	}{
		{Bool, "true", true},
		{Bool, "FALSE", false},
		{Bool, "2", true},
		{Bool, "0", false},
		{Bool, "yes", nil},
		{Int, "2147483647", int64(math.MaxInt32)},
		{Int, "2147483648", nil},
		{Int, "-5", int64(-5)},
		{Int, "0x10", int64(16)},
		{Long, "9223372036854775807", int64(math.MaxInt64)},
		{Long, "9223372036854775808", nil},
		{Long, "0xFFFFFFFFFFFFFFFF", int64(-1)},
		{Long, "1.5", nil},
		{Long, " 7 ", int64(7)},
		{Long, "-9223372036854775808", int64(math.MinInt64)},
		{Real, "1e3", 1000.0},
		{Real, "+inf", math.Inf(1)},
		{Real, "-inf", math.Inf(-1)},
		{Real, "0x1p3", nil},
		{Real, "1_0", nil},
		{Real, "infinity", nil},
		{Guid, "74BE27DE1E4E49D9B579FE0B331D3642", "74be27de-1e4e-49d9-b579-fe0b331d3642"},
		{Guid, "{74be27de-1e4e-49d9-b579-fe0b331d3642}", "74be27de-1e4e-49d9-b579-fe0b331d3642"},
		{Guid, "74be27de-1e4e-49d9-b579-fe0b331d364g", nil},
		{Guid, "74be27de", nil},
	}
	for _, test := range tests {
		got, ok := parseValue(test.t, test.text)
		if !ok {
			got = nil
		}
		if got != test.want {
			t.Errorf("%s(%s) is %v and should be %v", test.t, test.text, got, test.want)
		}
	}
	if v, ok := parseValue(Real, "nan"); !ok || !math.IsNaN(v.(float64)) { //nolint:forcetypeassert // the test fails
		t.Errorf("real(nan) is %v", v)
	}
}

func TestTicks(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999_999_900, time.UTC),
		time.Date(2024, 2, 29, 1, 2, 3, 123_456_700, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC),
	} {
		if got := Time(Ticks(at)); !got.Equal(at) {
			t.Errorf("%v comes back as %v", at, got)
		}
	}
	if Ticks(time.Unix(0, 0)) != 621_355_968_000_000_000 {
		t.Error("1970 is not where it is in .NET")
	}
}

func TestParseDynamic(t *testing.T) {
	tests := map[string]string{
		`null`:                                `null`,
		`[ ]`:                                 `[]`,
		`{ "a" : [1, -2.50, 1e3, true, {}] }`: `{"a":[1,-2.5,1000.0,true,{}]}`,
		`'it''s'`:                             ``,
		`'a "b" \' \u00e9\ud83d\ude00 <'`:     `"a \"b\" ' é😀 <"`,
		`{"a":datetime(2024-01-01),"b":time(1d),"c":guid("74be27de-1e4e-49d9-b579-fe0b331d3642")}`: `{"a":"2024-01-01T00:00:00.0000000Z","b":"1.00:00:00","c":"74be27de-1e4e-49d9-b579-fe0b331d3642"}`,
		`12345678901234567890`: `1.2345678901234567e+19`,
		`1h`:                   `"01:00:00"`,
		`[1,]`:                 ``,
		`{a:1}`:                ``,
		`{"a" 1}`:              ``,
		`[1`:                   ``,
		`"a`:                   ``,
		`abc`:                  ``,
		`datetime(x)`:          ``,
		`1 2`:                  ``,
		``:                     ``,
		`"\q"`:                 ``,
		`"\ud800x"`:            `"` + "\ufffd" + `x"`,
	}
	for text, want := range tests {
		got, err := parseDynamic(text)
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s is %s, %v and should be %s", text, got, err, want)
		}
	}
	deep := ""
	for range 1000 {
		deep += "["
	}
	if _, err := parseDynamic(deep); err == nil {
		t.Error("any depth is accepted")
	}
}

func TestFoldTime(t *testing.T) {
	at := Ticks(time.Date(2024, 2, 28, 15, 30, 0, 0, time.UTC)) // a Wednesday
	tests := []struct {
		name  string
		steps int64
		want  string
	}{
		{"startofday", 0, "2024-02-28T00:00:00.0000000Z"},
		{"startofday", -1, "2024-02-27T00:00:00.0000000Z"},
		{"startofweek", 0, "2024-02-25T00:00:00.0000000Z"},
		{"startofmonth", 11, "2025-01-01T00:00:00.0000000Z"},
		{"startofyear", -1, "2023-01-01T00:00:00.0000000Z"},
		{"endofday", 1, "2024-02-29T23:59:59.9999999Z"},
		{"endofweek", 0, "2024-03-02T23:59:59.9999999Z"},
		{"endofmonth", 0, "2024-02-29T23:59:59.9999999Z"},
		{"endofyear", 0, "2024-12-31T23:59:59.9999999Z"},
	}
	for _, test := range tests {
		v, ok := foldTime(test.name, []any{at, test.steps}).(int64)
		if !ok || ticks.FormatDate(v) != test.want {
			t.Errorf("%s by %d is %s and should be %s", test.name, test.steps, ticks.FormatDate(v), test.want)
		}
	}
	if v := foldTime("monthofyear", []any{at}); v != nil {
		t.Errorf("monthofyear is %v", v)
	}
	for _, test := range [][3]int64{{7, 5, 5}, {-7, 5, -10}, {5, 5, 5}, {-5, 5, -5}} {
		if got := foldBin(test[0], test[1]); got != test[2] {
			t.Errorf("bin(%d, %d) is %v and should be %d", test[0], test[1], got, test[2])
		}
	}
	if got := foldBin(int64(7), int64(0)); got != nil {
		t.Errorf("a bin of nothing is %v", got)
	}
}

func TestFoldCalendar(t *testing.T) {
	call := func(name string, args ...Expr) *Call { return &Call{T: Datetime, Func: name, Args: args} }
	day := &Const{Datetime, Ticks(time.Date(2024, 2, 28, 1, 0, 0, 0, time.UTC))}
	tests := []struct {
		c    *Call
		want string
	}{
		{call("todatetime", &Const{String, "2024-02-28 10:00"}), "2024-02-28T10:00:00.0000000Z"},
		{call("todatetime", &Const{String, "28 Feb 2024"}), ""},
		{call("todatetime", &Const{String, "2024-02-31"}), ""},
		{call("todatetime", &Const{String, "2024-02-28T10"}), ""}, // what todatetime of a column does not read
		{call("datetime_add", &Const{String, "day"}, &Const{Long, int64(2)}, day), "2024-03-01T01:00:00.0000000Z"},
		{call("datetime_add", &Const{String, "hour"}, &Const{Long, int64(-2)}, day), "2024-02-27T23:00:00.0000000Z"},
		{call("datetime_add", &Const{String, "month"}, &Const{Long, int64(1)}, day), ""},
		{call("datetime_add", &Const{String, "week"}, &Const{Long, int64(math.MaxInt64)}, day), ""},
		{call("datetime_add", &Const{String, "day"}, &Const{Long, nil}, day), ""},
	}
	for _, test := range tests {
		got := ""
		if at, ok := foldCalendar(test.c); ok {
			got = ticks.FormatDate(at)
		}
		if got != test.want {
			t.Errorf("%v is %s and should be %s", test.c, got, test.want)
		}
	}
}

func TestRegistry(t *testing.T) {
	r := functions()
	seen := map[string]bool{}
	for _, name := range r.names {
		if seen[name] && r.aggregate[name] == nil {
			t.Errorf("two functions are called %s", name)
		}
		seen[name] = true
	}
	for name, f := range r.scalar {
		if f.Bind == nil && f.BindColumns == nil && len(f.Signatures) == 0 {
			t.Errorf("%s has no signature", name)
		}
		for _, s := range f.Signatures {
			if s.Min > len(s.Params) && !s.Variadic || s.Same > len(s.Params) || s.Returns == Unknown && s.Same == 0 {
				t.Errorf("a signature of %s is not one: %+v", name, s)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"a*", "abc", true},
		{"a*", "ba", false},
		{"*c", "abc", true},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "ac", false},
		{"a*a", "a", false},
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"A*", "abc", false},
	} {
		if got := wildMatch(test.pattern, test.name); got != test.want {
			t.Errorf("%s and %s: %v", test.pattern, test.name, got)
		}
	}
	for _, test := range [][2]string{{"a2", "a10"}, {"a02", "a10"}, {"a", "a1"}, {"a1b2", "a1b10"}, {"a9", "b1"}} {
		if naturally(test[0], test[1]) >= 0 || naturally(test[1], test[0]) <= 0 {
			t.Errorf("%s does not come before %s", test[0], test[1])
		}
	}
}
