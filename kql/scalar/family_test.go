package scalar_test

import (
	"math"
	"strings"
	"testing"

	"reslog/internal/ticks"
	"reslog/kql"
	"reslog/kql/scalar"
)

// call finds a function by the types of its arguments and calls it. Dates and
// spans are written as text: date("…"), span("…").
func call(t *testing.T, name string, args ...any) any {
	t.Helper()
	types, values := make([]kql.Type, len(args)), make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
			types[i] = kql.Unknown
		case bool:
			types[i], values[i] = kql.Bool, a
		case int:
			types[i], values[i] = kql.Long, int64(a)
		case float64:
			types[i], values[i] = kql.Real, a
		case string:
			types[i], values[i] = kql.String, a
		case dyn:
			types[i], values[i] = kql.Dynamic, string(a)
		case date:
			at, ok := ticks.ParseDate(string(a))
			if !ok {
				t.Fatalf("%q is no date", a)
			}
			types[i], values[i] = kql.Datetime, at
		case span:
			at, ok := ticks.ParseSpan(string(a))
			if !ok {
				t.Fatalf("%q is no span", a)
			}
			types[i], values[i] = kql.Timespan, at
		}
	}
	f, ok := scalar.Find(name, types)
	if !ok {
		t.Fatalf("there is no %s%v", name, types)
	}
	got := f.Call(values)
	if n, ok := got.(int64); ok {
		switch f.Returns {
		case kql.Datetime:
			return date(ticks.FormatDate(n))
		case kql.Timespan:
			return span(ticks.FormatSpan(n))
		}
	}
	return got
}

type (
	dyn  string
	date string
	span string
)

type row struct {
	name string
	args []any
	want any
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		got := call(t, r.name, r.args...)
		if n, ok := r.want.(int); ok {
			r.want = int64(n)
		}
		if f, ok := r.want.(float64); ok {
			if g, ok := got.(float64); ok && (g == f || math.Abs(g-f) <= 1e-14*math.Abs(f) || math.IsNaN(f) && math.IsNaN(g)) {
				continue
			}
		}
		if d, ok := r.want.(dyn); ok {
			r.want = string(d)
		}
		if d, ok := r.want.(date); ok && strings.Count(string(d), ":") < 2 {
			at, _ := ticks.ParseDate(string(d))
			r.want = date(ticks.FormatDate(at))
		}
		if got != r.want {
			t.Errorf("%s(%v) is %.200v, want %v", r.name, r.args, got, r.want)
		}
	}
}

func args(a ...any) []any { return a }

func TestDatetimeFunctions(t *testing.T) {
	check(t, []row{
		{"make_datetime", args(2017, 10, 1, 12, 10, 0.0), date("2017-10-01 12:10")},
		{"make_datetime", args(2017, 10, 1, 12, 10, 1.0000007), date("2017-10-01T12:10:01.0000007Z")},
		{"make_datetime", args(2017, 2, 29, 0, 0, 0.0), nil},
		{"make_datetime", args(2017, 1, 1, 24, 0, 0.0), nil},
		{"make_datetime", args(9999, 12, 31, 23, 59, 59.99999999), nil},
		{"make_datetime", args(nil, 1, 1, 1, 0, 0.0), nil},
		{"make_timespan", args(0, 1, 2, 3.0), span("01:02:03")},
		{"make_timespan", args(0, 0, 0, 0.0000001), span("00:00:00.0000001")},
		{"make_timespan", args(0, 25, 61, 61.5), nil},
		{"make_timespan", args(0, -1, -2, 0.0), nil},
		{"make_timespan", args(math.MaxInt, 1, 2, 0.0), nil},
		{"datetime_add", args("month", -1, date("2020-03-31")), date("2020-02-29 00:00")},
		{"datetime_add", args("month", 13, date("2019-01-31")), date("2020-02-29 00:00")},
		{"datetime_add", args("year", 1, date("2020-02-29")), date("2021-02-28 00:00")},
		{"datetime_add", args("Quarter", -3, date("2020-02-29 12:00")), date("2019-05-29 12:00")},
		{"datetime_add", args("month", 1, date("2020-01-31 23:59:59.9999999")), date("2020-02-29T23:59:59.9999999Z")},
		{"datetime_add", args("year", 8000, date("2020-01-31")), nil},
		{"datetime_add", args("year", math.MinInt, date("2020-01-31")), nil},
		{"datetime_add", args("month", 1, nil), nil},
		{"format_datetime", args(date("2017-01-29 09:00:05"), "yy-MM-dd [HH:mm:ss]"), "17-01-29 [09:00:05]"},
		{"format_datetime", args(nil, "yyyy"), ""},
		{"format_timespan", args(span("1.02:03:04.567"), "dd.hh:mm:ss.fffffff"), "01.02:03:04.5670000"},
	})
}

func TestZones(t *testing.T) {
	check(t, []row{
		{"datetime_local_to_utc", args(date("2020-02-02 20:02:20"), "US/Pacific"), date("2020-02-03T04:02:20.0000000Z")},
		{"datetime_local_to_utc", args(date("2020-02-02 20:02:20"), "Europe/Paris"), date("2020-02-02T19:02:20.0000000Z")},
		// The night in which the hour from 2 to 3 is skipped.
		{"datetime_local_to_utc", args(date("2022-03-27 01:00"), "Europe/Brussels"), date("2022-03-27 00:00")},
		{"datetime_local_to_utc", args(date("2022-03-27 02:00"), "Europe/Brussels"), date("2022-03-27 00:00")},
		{"datetime_local_to_utc", args(date("2022-03-27 03:00"), "Europe/Brussels"), date("2022-03-27 01:00")},
		{"datetime_local_to_utc", args(date("2022-03-27 04:00"), "Europe/Brussels"), date("2022-03-27 02:00")},
		// And the one in which it comes twice.
		{"datetime_local_to_utc", args(date("2022-10-30 01:59"), "Europe/Brussels"), date("2022-10-29 23:59")},
		{"datetime_local_to_utc", args(date("2022-10-30 02:30"), "Europe/Brussels"), date("2022-10-30 00:30")},
		{"datetime_local_to_utc", args(date("2022-10-30 03:00"), "Europe/Brussels"), date("2022-10-30 02:00")},
		{"datetime_utc_to_local", args(date("2022-03-27 00:00"), "Europe/Brussels"), date("2022-03-27 01:00")},
		{"datetime_utc_to_local", args(date("2022-07-01"), "Australia/Canberra"), date("2022-07-01 10:00")},
		{"datetime_utc_to_local", args(date("9999-12-31 23:00"), "Australia/Canberra"), nil},
		{"datetime_utc_to_local", args(date("0001-01-01"), "America/New_York"), nil},
		{"datetime_utc_to_local", args(date("2022-07-01"), "Local"), nil},
		{"datetime_utc_to_local", args(date("2022-07-01"), ""), nil},
		{"datetime_utc_to_local", args(date("2022-07-01"), "../etc/passwd"), nil},
		{"datetime_utc_to_local", args(nil, "Europe/Paris"), nil},
	})
}

func TestAddresses(t *testing.T) {
	check(t, []row{
		{"parse_ipv4", args("192.168.1.1"), 3232235777},
		{"parse_ipv4", args("192.168.1.1/24"), 3232235776},
		{"parse_ipv4", args("255.255.255.255/31"), 4294967294},
		{"parse_ipv4", args("1.2.3"), nil},
		{"parse_ipv4", args("1.2.3.256"), nil},
		{"parse_ipv4", args("1.2.3.4/33"), nil},
		{"parse_ipv4", args("1.2.3.4.5"), nil},
		{"parse_ipv4_mask", args("192.168.1.1", 24), 3232235776},
		{"parse_ipv4_mask", args("192.168.1.1", 33), nil},
		{"ipv4_compare", args("192.168.1.1/30", "192.168.1.255/24", 32), 0},
		{"ipv4_compare", args("192.168.1.1", "192.168.1.0", 31), 0},
		{"ipv4_compare", args("192.168.1.1", "192.168.1.2", 32), -1},
		{"ipv4_compare", args("200.0.0.1", "100.0.0.1", 32), 1},
		{"ipv4_compare", args("", "100.0.0.1", 32), nil},
		{"ipv4_is_match", args("192.168.1.1/24", "192.168.1.255", 31), true},
		{"ipv4_is_match", args("192.168.1.1", "x", 31), nil},
		{"ipv4_is_in_range", args("192.168.1.6", "192.168.1.1/24"), true},
		{"ipv4_is_in_range", args("192.168.2.6", "192.168.1.1/24"), false},
		{"ipv4_is_in_range", args("1.2.3.4", "0.0.0.0/0"), true},
		{"ipv4_is_in_any_range", args("127.0.0.1", dyn(`["127.0.0.1","192.168.1.1"]`)), true},
		{"ipv4_is_in_any_range", args("127.0.0.1", "10.0.0.0/8", "127.0.0.0/8"), true},
		{"ipv4_is_in_any_range", args("127.0.0.1", "10.0.0.0/8", "x"), nil},
		{"ipv4_is_in_any_range", args("127.0.0.1", "10.0.0.0/8"), false},
		{"ipv4_is_private", args("172.31.255.255"), true},
		{"ipv4_is_private", args("172.32.0.0"), false},
		{"ipv4_is_private", args("10.1.2.3/24"), true},
		{"ipv4_is_private", args(""), nil},
		{"ipv4_netmask_suffix", args("10.1.2.3/24"), 24},
		{"ipv4_netmask_suffix", args("10.1.2.3"), 32},
		{"ipv4_range_to_cidr_list", args("1.1.128.0", "1.1.140.255"), dyn(`["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]`)},
		{"ipv4_range_to_cidr_list", args("0.0.0.0", "255.255.255.255"), dyn(`["0.0.0.0/0"]`)},
		{"ipv4_range_to_cidr_list", args("255.255.255.254", "255.255.255.255"), dyn(`["255.255.255.254/31"]`)},
		{"format_ipv4", args("192.168.1.1", 24), "192.168.1.0"},
		{"format_ipv4", args(3232236034, 24), "192.168.2.0"},
		{"format_ipv4", args(-1, 24), ""},
		{"format_ipv4_mask", args("192.168.1.1/24", 32), "192.168.1.0/24"},
		{"has_ipv4", args("05:04:54 127.0.0.1 GET /favicon.ico 404", "127.0.0.1"), true},
		{"has_ipv4", args("05:04:54127.0.0.1 GET", "127.0.0.1"), false},
		{"has_ipv4", args("from 127.0.0.1.", "127.0.0.1"), true},
		{"has_ipv4", args("v127.0.0.1", "127.0.0.1"), false},
		{"has_ipv4_prefix", args("05:04:54 127.0.0.256 GET", "127.0."), false},
		{"has_ipv4_prefix", args("05:04:54 127.0.0.1 GET", "127.0"), false},
		{"has_any_ipv4_prefix", args("05:04:54 127.0.0.1 GET", "127.0.", "192.168."), true},
		{"has_any_ipv4", args("a 1.2.3.4", dyn(`["5.6.7.8","1.2.3.4"]`)), true},
		{"parse_ipv6", args("127.0.0.1"), "0000:0000:0000:0000:0000:ffff:7f00:0001"},
		{"parse_ipv6", args("fe80::1%eth0"), ""},
		{"parse_ipv6_mask", args("192.168.255.255", 120), "0000:0000:0000:0000:0000:ffff:c0a8:ff00"},
		{"parse_ipv6_mask", args("192.168.255.255/24", 124), "0000:0000:0000:0000:0000:ffff:c0a8:ff00"},
		{"parse_ipv6_mask", args("fe80::85d:e82c:9446:7994/120", 124), "fe80:0000:0000:0000:085d:e82c:9446:7900"},
		{"parse_ipv6_mask", args("::192.168.255.255/24", 128), "0000:0000:0000:0000:0000:0000:c0a8:ff00"},
		{"ipv6_compare", args("::192.168.1.1/30", "192.168.1.255/24", 128), 0},
		{"ipv6_compare", args("fe80::85d:e82c:9446:7994", "fe80::85d:e82c:9446:7995", 128), -1},
		{"ipv6_is_match", args("192.168.1.1/24", "::ffff:c0a8:01ff", 128), true},
		{"ipv6_is_match", args("", "::1", 128), nil},
		{"ipv6_is_in_range", args("a5e:f127:8a9d:146d:e102:b5d3:c755:abcd", "a5e:f127:8a9d:146d:e102:b5d3:c755:0/112"), true},
		{"ipv6_is_in_any_range", args("a5e:f127:8a9d:146d:e102:b5d3:c756:abd1", dyn(`["a5e:f127:8a9d:146d:e102:b5d3:c755:f6cd/112","0:0:0:0:0:ffff:c0a8:ac/60"]`)), false},
	})
}

func TestHashesAndURLs(t *testing.T) {
	check(t, []row{
		{"hash", args("Hello"), 753694413698530628},
		{"hash", args("World"), 1846988464401551951},
		{"hash", args(date("2015-01-01")), 1380966698541616202},
		{
			"parse_url", args("scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment"),
			dyn(`{"Scheme":"scheme","Host":"host","Port":"1234","Path":"/this/is/a/path","Username":"username","Password":"password","Query Parameters":{"k1":"v1","k2":"v2"},"Fragment":"fragment"}`),
		},
		{"parse_url", args("https://[::1]/x"), dyn(`{"Scheme":"https","Host":"[::1]","Port":"","Path":"/x","Username":"","Password":"","Query Parameters":{},"Fragment":""}`)},
		{"parse_url", args("/a?b=c"), dyn(`{"Scheme":"","Host":"","Port":"","Path":"/a","Username":"","Password":"","Query Parameters":{"b":"c"},"Fragment":""}`)},
		{"parse_url", args(""), nil},
		{"parse_urlquery", args("view=vs-2019&preserve-view=true"), dyn(`{"Query Parameters":{"view":"vs-2019","preserve-view":"true"}}`)},
		{"url_decode", args("https%3a%2f%2fwww.bing.com%2f"), "https://www.bing.com/"},
		{"url_decode", args("You+are%20here%"), "You are here%"},
		{"url_decode", args("%zz%4"), "%zz%4"},
		{"url_decode", args("%ff"), "\uFFFD"},
	})
}

func TestNumbers(t *testing.T) {
	check(t, []row{
		{"gamma", args(5.0), 24.0},
		{"erf", args(-3.0), -0.9999779095030014},
		{"erfc", args(2.0), 0.004677734981047265},
		{"erf", args(nil), nil},
		{"binary_shift_left", args(1, 65), 2},
		{"binary_shift_left", args(1, 63), math.MinInt64},
		{"binary_shift_left", args(1, -1), nil},
		{"binary_shift_right", args(-8, 1), -4},
		{"range", args(1, 8, 3), dyn("[1,4,7]")},
		{"range", args(3, 1, -1), dyn("[3,2,1]")},
		{"range", args(3, 1, 1), dyn("[]")},
		{"range", args(1, 3, 0), nil},
		{"range", args(math.MaxInt64-1, math.MaxInt64, 1), dyn("[9223372036854775806,9223372036854775807]")},
		{"range", args(1.0, 2.0, 0.5), dyn("[1.0,1.5,2.0]")},
		{"range", args(1.0, math.Inf(1), math.Inf(1)), nil},
		{"range", args(date("2007-01-01"), date("2007-01-02"), span("1d")), dyn(`["2007-01-01T00:00:00.0000000Z","2007-01-02T00:00:00.0000000Z"]`)},
		{"range", args(span("1h"), span("2h"), span("1h")), dyn(`["01:00:00","02:00:00"]`)},
	})
	long, _ := call(t, "range", 1, 1000000000, 1).(string)
	if n := strings.Count(long, ",") + 1; n != 1<<20 {
		t.Errorf("the longest range has %d elements", n)
	}
}

func TestSeries(t *testing.T) {
	check(t, []row{
		{"series_add", args(dyn("[1,2,4]"), dyn("[4,2,1]")), dyn("[5,4,5]")},
		{"series_add", args(dyn("[1,2,4]"), dyn("[4,2]")), dyn("[5,4,null]")},
		{"series_subtract", args(dyn("[1,2.5]"), 1), dyn("[0.0,1.5]")},
		{"series_subtract", args(10, dyn("[1,null,3]")), dyn("[9,null,7]")},
		{"series_divide", args(dyn("[1,2,4]"), dyn("[4,2,1]")), dyn("[0.25,1.0,4.0]")},
		{"series_divide", args(dyn("[1,0]"), 0.0), dyn(`["Infinity","NaN"]`)},
		{"series_equals", args(dyn("[1,2,4]"), dyn("[4,2,1]")), dyn("[false,true,false]")},
		{"series_not_equals", args(dyn("[1,2,4]"), dyn("[4,2,1]")), dyn("[true,false,true]")},
		{"series_greater_equals", args(dyn("[1,2,4]"), dyn("[4,2,1]")), dyn("[false,true,true]")},
		{"series_less", args(dyn(`["NaN",2.0]`), 3.0), dyn("[false,true]")},
		{"series_add", args(dyn(`{"a":1}`), 3.0), nil},
		{"series_sign", args(dyn("[-6,0,8]")), dyn("[-1,0,1]")},
		{"series_floor", args(dyn("[-1.5,1,2.5]")), dyn("[-2.0,1.0,2.0]")},
		{"series_ceiling", args(dyn("[-1.5,1,2.5]")), dyn("[-1.0,1.0,3.0]")},
		{"series_abs", args(dyn("[-1,2]")), dyn("[1,2]")},
		{"series_sum", args(dyn("[1,null,3]")), 4.0},
		{"series_sum", args(dyn(`[1,"a"]`)), nil},
		{"series_sum", args(nil), nil},
		{"series_sum", args(dyn("[]")), nil},
		{"series_magnitude", args(dyn("[1,2,3,4]")), 5.477225575051661},
		{"series_dot_product", args(dyn("[1,2,4]"), dyn("[4,2,1]")), 12.0},
		{"series_pearson_correlation", args(dyn("[0,0,5]"), dyn("[0,0,5]")), 1.0},
		{"series_fill_backward", args(dyn("[111,null,36,null]")), dyn("[111,36,36,null]")},
		{"series_fill_forward", args(dyn("[null,36,null]")), dyn("[null,36,36]")},
		{"series_fill_forward", args(dyn("[5,0,7]"), 0.0), dyn("[5,5,7]")},
		{"series_fill_const", args(dyn("[111,null,36]"), 0.0), dyn("[111,0.0,36]")},
		{"series_fill_const", args(dyn("[111,null,36]"), -1), dyn("[111,-1,36]")},
		{"series_fill_linear", args(dyn("[null,111,null,36,41,null,null,16]"), nil, true, 0.0), dyn("[111,111,73,36,41,32,24,16]")},
		{"series_fill_linear", args(dyn("[null,111.0,null,36.0]"), nil, false, 0.0), dyn("[null,111.0,73.5,36.0]")},
		{"series_fill_linear", args(dyn("[null,null]"), nil, true, 3.5), dyn("[3.5,3.5]")},
		{"series_fir", args(dyn("[5,15,10,20]"), dyn("[1,-1]"), false, false), dyn("[5,10,-5,10]")},
		{"series_fir", args(dyn("[5,15,10,20]"), dyn("[1,-1]")), dyn("[5,10,-5,10]")},
		{"series_fir", args(dyn("[2,4,6]"), dyn("[1,1]")), dyn("[1.0,3.0,5.0]")},
		{"series_iir", args(dyn("[10,30,0]"), dyn("[1]"), dyn("[1,-1]")), dyn("[10.0,40.0,40.0]")},
		{
			"series_stats_dynamic", args(dyn("[1,3,-1]"), false),
			dyn(`{"min":-1.0,"min_idx":2,"max":3.0,"max_idx":1,"avg":1.0,"stdev":2.0,"variance":4.0,"sum":3.0,"len":3}`),
		},
		{
			"series_stats_dynamic", args(dyn("[5,null]"), true),
			dyn(`{"min":5.0,"min_idx":0,"max":5.0,"max_idx":0,"avg":5.0,"stdev":0.0,"variance":0.0,"sum":5.0,"len":1}`),
		},
		{"series_stats_dynamic", args(dyn("[1,null]"), false), nil},
	})
	fit := scalar.Dynamic(call(t, "series_fit_line_dynamic", dyn("[2,5,6,8,11,15,17,18,25,26,30,30]")))
	for key, want := range map[string]float64{
		"rsquare": 0.982900730884447, "slope": 2.730769230769231, "variance": 98.62878787878789, "rvariance": 1.686480186480187, "interception": -1.6666666666666716,
	} {
		if got := fit.Get(key).Real; math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("%s of the line is %v, want %v", key, got, want)
		}
	}
}
