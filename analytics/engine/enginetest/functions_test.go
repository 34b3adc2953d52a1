//go:build cgo

package enginetest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/internal/ticks"
	"reslog/kql"
)

// text is a value as the cases write it.
func text(t kql.Type, v any) string {
	switch n, ok := v.(int64); {
	case v == nil:
		return "null"
	case ok && t == kql.Datetime:
		s := strings.TrimSuffix(strings.TrimSuffix(ticks.FormatDate(n), "Z"), ".0000000")
		return strings.TrimSuffix(strings.Replace(s, "T", " ", 1), " 00:00:00")
	case ok && t == kql.Timespan:
		return ticks.FormatSpan(n)
	}
	return fmt.Sprint(v)
}

// The expressions are over the columns of one row, so that they are computed by
// the engine and not folded before, and again over constants.
const columns = `datatable(i:int, l:long, r:real, t:datetime, s:timespan, n:long, least:long, nan:real, inf:real, none:datetime)[
	-7, 100, -2.5, datetime(2020-02-29 13:45:30.7654321), time(1.12:00:00), long(null), -9223372036854775807, real(nan), real(+inf), datetime(null)]`

func TestFunctions(t *testing.T) {
	q := enginetest.Open(t)
	for _, c := range []struct{ expr, want string }{
		// Dates count from Monday, 0001-01-01.
		{"bin(t, 1d)", "2020-02-29"},
		{"bin(t, 7d)", "2020-02-24"},
		{"bin(t, 10d)", "2020-02-26"},
		{"bin(none, 1d)", "null"},
		{"bin(t, s)", "2020-02-28 12:00:00"},
		{"bin(t, -1d)", "null"},
		{"bin(t, n * 1h)", "null"},
		{"bin(l, 30)", "90"},
		{"bin(i, 4)", "-8"},
		{"bin(r, 1)", "-3"},
		{"bin(r, 0.0)", "null"},
		{"bin(-s, 1d)", "-2.00:00:00"},
		{"bin(nan, 1)", "NaN"},
		{"floor(r, 0.2)", "-2.6"},
		{"bin_at(t, 1d, datetime(2018-02-24 15:14))", "2020-02-28 15:14:00"},
		{"bin_at(t, 7d, datetime(2023-01-01))", "2020-02-23"},
		{"bin_at(t, 9000000d, t + 1d)", "null"},
		{"bin_at(l, 30, 7)", "97"},
		{"bin_at(r, 2.0, 0.5)", "-3.5"},
		{"bin_at(time(1h), 1d, 12h)", "-12:00:00"},

		{"startofday(t)", "2020-02-29"},
		{"startofday(t, l)", "2020-06-08"},
		{"startofday(t, least)", "null"},
		{"startofday(t, n)", "null"},
		{"startofday(none)", "null"},
		{"startofweek(t)", "2020-02-23"},
		{"startofweek(t, -2)", "2020-02-09"},
		{"startofweek(datetime(0001-01-03))", "null"},
		{"startofmonth(t)", "2020-02-01"},
		{"startofmonth(t, -3)", "2019-11-01"},
		{"startofmonth(t, 100000)", "null"},
		{"startofyear(t, 1)", "2021-01-01"},
		{"endofday(t, 1)", "2020-03-01 23:59:59.9999999"},
		{"endofday(datetime(9999-12-31))", "9999-12-31 23:59:59.9999999"},
		{"endofweek(t)", "2020-02-29 23:59:59.9999999"},
		{"endofweek(t, -1)", "2020-02-22 23:59:59.9999999"},
		{"endofweek(datetime(0001-01-03))", "0001-01-06 23:59:59.9999999"},
		{"endofweek(datetime(9999-12-31))", "null"},
		{"endofmonth(t)", "2020-02-29 23:59:59.9999999"},
		{"endofmonth(t, 12)", "2021-02-28 23:59:59.9999999"},
		{"endofmonth(datetime(9999-12-31))", "9999-12-31 23:59:59.9999999"},
		{"endofyear(t, -1)", "2019-12-31 23:59:59.9999999"},
		{"dayofweek(t)", "6.00:00:00"},
		{"dayofmonth(t)", "29"},
		{"dayofyear(t)", "60"},
		{"hourofday(t)", "13"},
		{"week_of_year(t)", "9"},
		{"monthofyear(t) + getyear(t)", "2022"},

		{"datetime_part('Quarter', t)", "1"},
		{"datetime_part('week_of_year', t)", "9"},
		{"datetime_part('dayOfYear', t)", "60"},
		{"datetime_part('minute', t)", "45"},
		{"datetime_part('second', t)", "30"},
		{"datetime_part('millisecond', t)", "765"},
		{"datetime_part('microsecond', t)", "765432"},
		{"datetime_part('nanosecond', t)", "765432100"},
		{"datetime_diff('week', datetime(2017-10-29), datetime(2017-09-30))", "5"},
		{"datetime_diff('quarter', t, datetime(2019-12-31))", "1"},
		{"datetime_diff('year', datetime(2019-12-31), t)", "-1"},
		{"datetime_diff('second', t, t - 1tick)", "0"},
		{"datetime_diff('day', none, t)", "null"},
		{"datetime_diff('nanosecond', t, datetime(0001-01-01))", "null"},
		{"datetime_add('year', 1, t)", "2021-02-28 13:45:30.7654321"},
		{"datetime_add('week', -1, t)", "2020-02-22 13:45:30.7654321"},
		{"datetime_add('nanosecond', 200, t)", "2020-02-29 13:45:30.7654323"},
		{"datetime_add('day', least, t)", "null"},
		{"datetime_utc_to_local(t, 'Asia/Kolkata')", "2020-02-29 19:15:30.7654321"},
		{"make_datetime(2020, 2, l - 71, 13)", "2020-02-29 13:00:00"},
		{"make_datetime(2021, 2, 29)", "null"},
		{"make_timespan(1, 2)", "01:02:00"},
		{"make_timespan(1, 2, 3, 4.5)", "1.02:03:04.5000000"},
		{"unixtime_seconds_todatetime(1546300800)", "2019-01-01"},
		{"unixtime_seconds_todatetime(1546300800.5)", "2019-01-01 00:00:00.5000000"},
		{"unixtime_milliseconds_todatetime(l)", "1970-01-01 00:00:00.1000000"},
		{"unixtime_nanoseconds_todatetime(1546300800000000100)", "2019-01-01 00:00:00.0000001"},
		{"unixtime_seconds_todatetime(least)", "null"},
		{"unixtime_seconds_todatetime(inf)", "null"},
		{"unixtime_microseconds_todatetime(n)", "null"},
		{"format_datetime(t, 'yyyy-MM-dd [HH:mm:ss.fff]')", "2020-02-29 [13:45:30.765]"},
		{"strcat('<', format_datetime(none, 'yyyy'), '>')", "<>"},
		{"format_timespan(s, 'd.hh:mm')", "1.12:00"},

		{"abs(least)", "9223372036854775807"},
		{"abs(i) + abs(l)", "107"},
		{"abs(-s)", "1.12:00:00"},
		{"sign(r) + sign(nan)", "-1"},
		{"round(r)", "-3"},
		{"round(3.25, 1)", "3.3"},
		{"round(1234.5, -2)", "1200"},
		{"round(l, 1)", "100"},
		{"round(1e300, 5)", "1e+300"},
		{"ceiling(r)", "-2"},
		{"sqrt(r)", "NaN"},
		{"sqrt(l)", "10"},
		{"log(r)", "null"},
		{"log(0)", "-Inf"},
		{"log10(l)", "2"},
		{"log2(8) + exp2(3) + exp10(2)", "111"},
		{"exp(1000)", "+Inf"},
		{"pow(r, 2)", "6.25"},
		{"sin(inf)", "NaN"},
		{"acos(2)", "NaN"},
		{"cot(0)", "+Inf"},
		{"gamma(5) + loggamma(1)", "24"},
		{"isnan(nan) and isinf(inf) and not(isfinite(inf))", "true"},
		{"isnan(todouble(n))", "null"},
		{"max_of(i, l, 5)", "100"},
		{"min_of(t, datetime(2021-01-01))", "2020-02-29 13:45:30.7654321"},
		{"max_of(n, l)", "100"},
		{"binary_and(l, 36) + binary_or(1, 2) + binary_xor(l, l) + binary_not(0)", "38"},
		{"binary_shift_left(l, 62) + bitset_count_ones(least)", "2"},
		{"rand() >= 0 and rand(10) < 10", "true"},
		{"range(1, 10, 4)", "[1,5,9]"},
		{"range(t, t + 2h)", `["2020-02-29T13:45:30.7654321Z","2020-02-29T14:45:30.7654321Z","2020-02-29T15:45:30.7654321Z"]`},

		{"hash('World')", "1846988464401551951"},
		{"hash_md5('World')", "f5a7924e621e84c9280a9a27e1bcb7f6"},
		{"hash_md5(datetime(2020-01-01))", "786c530672d1f8db31fee25ea8a9390b"},
		{"hash_sha1('World')", "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"},
		{"tostring(parse_url('https://a.b/c?d=e').Host)", "a.b"},
		{"ipv4_is_private('10.0.0.1')", "true"},
		{"ipv4_compare('1.2.3.4', '1.2.3.5', 24)", "0"},
		{"format_ipv4_mask(3232236034, 24)", "192.168.2.0/24"},
		{"has_any_ipv4('a 1.2.3.4', '5.6.7.8', '1.2.3.4')", "true"},
		{"ipv6_is_match('::1', '::2')", "false"},
		{"array_sum(series_add(dynamic([1, 2]), l))", "203"},
		{"tostring(series_fill_linear(dynamic([1, null, 2])))", "[1,1,2]"},
		{"series_fir(dynamic([2, 4]), dynamic([1, 1]), true)", "[1.0,3.0]"},
	} {
		for _, query := range []string{columns + " | project x = " + c.expr, columns + " | union (" + columns + ") | where l > 0 | extend x = " + c.expr + " | project x | take 1"} {
			got, err := q.Run(t.Context(), query)
			if err != nil {
				t.Errorf("%s: %v", c.expr, err)
				break
			}
			if s := text(got[0].Columns[0].Type, got[0].Rows[0][0]); s != c.want {
				t.Errorf("%s is %s, want %s", c.expr, s, c.want)
			}
		}
	}
}

func TestAggregates(t *testing.T) {
	q := enginetest.Open(t)
	const rows = `datatable(g:string, x:long, r:real, t:datetime, s:string, d:dynamic)[
		"a", 10, 1.5, datetime(2020-01-01), "p", dynamic([1, 2]), "a", 20, 2.5, datetime(2020-01-03), "", dynamic(null),
		"a", 20, real(null), datetime(null), "q", dynamic({"k": 1}), "b", long(null), real(nan), datetime(null), "", dynamic({"k": 2, "m": 3})] | as T | where `
	for _, c := range []struct{ where, expr, columns, want string }{
		{"g == 'a'", "count(), countif(x > 10), count(r)", "count_ countif_ count_r", "3 2 3"},
		{"g == 'a'", "sum(x), sumif(x, x > 10), avg(x), avg(r), avg(t)", "sum_x sumif_x avg_x avg_r avg_t", "50 40 16.666666666666668 2 2020-01-02"},
		{"g == 'b'", "sum(x), avg(x), min(x), max(r), min(r), stdev(x)", "sum_x avg_x min_x max_r min_r stdev_x", "0 NaN null NaN NaN 0"},
		{"g == 'a'", "dcount(x), dcountif(x, x > 10), count_distinct(s)", "dcount_x dcountif_x count_distinct_s", "2 1 3"},
		{"g == 'a'", "make_list(x), make_list(x, 2), make_list_if(x, x > 10), makelist(s)", "list_x list_x1 list_x2 list_s", `[10,20,20] [10,20] [20,20] ["p","","q"]`},
		{"g == 'a'", "make_list(d), make_list_with_nulls(r)", "list_d list_r", `[1,2,null,{"k":1}] [1.5,2.5,null]`},
		{"g == 'a'", "make_set(x), make_set_if(s, x > 10), make_set(d)", "set_x set_s set_d", `[10,20] ["","q"] [1,2,{"k":1}]`},
		{"true", "make_bag(d), make_bag_if(d, g == 'b')", "bag_d bag_d1", `{"k":1,"m":3} {"k":2,"m":3}`},
		{"false", "make_list(x), make_bag(d), sum(x), min(t), count()", "list_x bag_d sum_x min_t count_", "[] {} 0 null 0"},
		{"g == 'a'", "stdev(x), variance(x), stdevp(r), variancep(x)", "stdev_x variance_x stdevp_r variancep_x", "5.773502691896257 33.33333333333333 0.5 22.222222222222218"},
		{"g == 'a'", "covariance(x, r), covariancep(x, r)", "covariance_x_r covariancep_x_r", "5 2.5"},
		{"g == 'a'", "binary_all_and(x), binary_all_or(x), binary_all_xor(x)", "x x1 x2", "0 30 10"},
		{"g == 'a'", "arg_max(x, s, r), arg_min(x, *)", "x s r x1 g r1 t s1 d", "20  2.5 10 a 1.5 2020-01-01 p [1,2]"},
		{"g == 'a'", "argmax(x, s)", "max_x max_x_s", "20 "},
		{"g == 'b'", "arg_max(x, d), arg_min(r, g)", "x d r g", `null {"k":2,"m":3} NaN b`},
		{"g == 'a'", "take_any(s), any(x), take_anyif(x, x > 10)", "s any_x x", "p 10 20"},
		{"g == 'a'", "percentile(x, 50), percentiles(r, 5, 99.9), percentiles_array(x, 0, 100)", "percentile_x_50 percentile_r_5 percentile_r_99_9 percentiles_x", "20 1.5 2.5 [10,20]"},
		{"g == 'a'", "percentilew(r, x, 30), percentilesw_array(r, x, 30, 90)", "percentile_r_30 percentiles_r", "1.5 [1.5,2.5]"},
		{"g == 'b'", "percentile(x, 50), percentiles_array(x, 50)", "percentile_x_50 percentiles_x", "null null"},
	} {
		got, err := q.Run(t.Context(), rows+c.where+" | summarize "+c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		names, values := []string{}, []string{}
		for i, col := range got[0].Columns {
			names, values = append(names, col.Name), append(values, text(col.Type, got[0].Rows[0][i]))
		}
		if s := strings.Join(names, " "); s != c.columns {
			t.Errorf("%s has the columns %s, want %s", c.expr, s, c.columns)
		}
		if s := strings.Join(values, " "); s != c.want {
			t.Errorf("%s is %s, want %s", c.expr, s, c.want)
		}
	}
}

// A rank is exact: 0.55 of 20 is the eleventh, which a binary fraction misses.
func TestPercentileRank(t *testing.T) {
	q := enginetest.Open(t)
	for p := 1; p <= 100; p++ {
		got, err := q.Run(t.Context(), fmt.Sprintf("range x from 1 to 20 step 1 | summarize percentile(x, %d)", p))
		if err != nil {
			t.Fatal(err)
		}
		if want := int64((p*20 + 99) / 100); got[0].Rows[0][0] != want {
			t.Errorf("percentile %d of 1 to 20 is %v, want %d", p, got[0].Rows[0][0], want)
		}
	}
}

// Several percentiles of the same values are as each for itself is, be they of
// fractions of other lengths, of groups without values or of values that are none.
func TestPercentilesTogether(t *testing.T) {
	q := enginetest.Open(t)
	ranks := []string{"99.99", "50", "0", "5", "100", "33.333", "50.5"}
	const of = `range n from 1 to 300 step 1
		| extend g = n % 7, i = toint((n * 7919) % 101), r = iff(n % 11 == 0, real(nan), iff(n % 13 == 0, real(null), n / 8.0)), s = iff(n % 7 == 3, timespan(null), n * 1m)
		| extend t = datetime(2024-01-01) + s, l = iff(n % 5 == 0, long(null), n * 3) | summarize `
	for _, x := range []string{"i", "r", "s", "t", "l", "l * 2 + i"} {
		var each []string
		for i, r := range ranks {
			each = append(each, fmt.Sprintf("p%d = percentile(%s, %s)", i, x, r))
		}
		got, err := q.Run(t.Context(), of+strings.Join(each, ", ")+" by g | sort by g asc")
		if err != nil {
			t.Fatal(err)
		}
		if len(got[0].Rows) != 7 {
			t.Fatalf("%d groups of 7", len(got[0].Rows))
		}
		for i, r := range ranks {
			alone, err := q.Run(t.Context(), of+fmt.Sprintf("p = percentile(%s, %s) by g | sort by g asc", x, r))
			if err != nil {
				t.Fatal(err)
			}
			for k, row := range alone[0].Rows {
				kind := alone[0].Columns[1].Type
				if one, many := text(kind, row[1]), text(kind, got[0].Rows[k][i+1]); one != many || kind != got[0].Columns[i+1].Type {
					t.Errorf("percentile(%s, %s) of group %d is %s with others and %s alone", x, r, k, many, one)
				}
			}
		}
	}
}

func TestWindows(t *testing.T) {
	q := enginetest.Open(t)
	got, err := q.Run(t.Context(), `datatable(g:string, x:long)["a", 3, "a", 1, "b", 2, "b", 2] | sort by g asc, x asc
		| extend rn = row_number(), rg = row_number(0, g != prev(g)), cs = row_cumsum(x, g != prev(g)), rd = row_rank_dense(x), rm = row_rank_min(x), p = prev(x), n = next(x, 2, -1)`)
	if err != nil {
		t.Fatal(err)
	}
	const want = "[[a 1 1 0 1 1 1 <nil> 2] [a 3 2 1 4 2 2 1 2] [b 2 3 0 2 3 3 3 -1] [b 2 4 1 4 3 3 2 -1]]"
	if s := fmt.Sprint(got[0].Rows); s != want {
		t.Errorf("rows are\n%s, want\n%s", s, want)
	}
}

// What is not certain is refused by name, and what is wrong is an error.
func TestRefusals(t *testing.T) {
	q := enginetest.Open(t)
	for _, expr := range []string{
		"hash(1, 10)", "hash(1.5)", "hash_combine(1, 2)", "bin_auto(1)", "beta_cdf(0.5, 1, 2)", "geo_info_from_ip_address('1.2.3.4')", "series_decompose(dynamic([1]))",
		"series_fit_2lines(dynamic([1]))", "url_encode('a b')", "row_window_session(now(), 1h, 1h)", "welch_test(1, 2, 3, 4, 5, 6)", "datetime_list_timezones()",
	} {
		_, err := q.Run(t.Context(), "print x = "+expr)
		var e *kql.Error
		if !errors.As(err, &e) || !e.Refused {
			t.Errorf("%s: %v, want a refusal", expr, err)
		}
	}
	for _, query := range []string{
		"print x = format_datetime(now(), 'yyyy-MM-ddTHH:mm')", "print x = format_timespan(1d, 'c')", "print x = startofday('2020-01-01')", "print x = series_add('a', 'b')",
		"range x from 1 to 3 step 1 | summarize percentile(x, 101)", "range x from 1 to 3 step 1 | summarize percentile(x, x)", "range x from 1 to 3 step 1 | summarize make_list(x, x)",
		"range x from 1 to 3 step 1 | serialize p = prev(x, 0)", "range x from 1 to 3 step 1 | serialize n = next(x, 1, x)", "print x = make_datetime(1, 2)", "print x = pow(1)",
	} {
		_, err := q.Run(t.Context(), query)
		var e *kql.Error
		if !errors.As(err, &e) || e.Refused {
			t.Errorf("%s: %v, want an error", query, err)
		}
	}
}
