package ticks_test

import (
	"testing"
	"time"

	"reslog/internal/ticks"
)

func TestCivilIsTheInverseOfDate(t *testing.T) {
	for d := int64(0); d < 3652059; d += 13 {
		y, m, day := ticks.Civil(d * ticks.Day)
		got, ok := ticks.Date(y, m, day)
		if !ok || got != d*ticks.Day {
			t.Fatalf("day %d is %d-%d-%d, which is day %d", d, y, m, day, got/ticks.Day)
		}
		if want := ticks.Time(d * ticks.Day); want.Year() != int(y) || int(want.Month()) != int(m) || want.Day() != int(day) {
			t.Fatalf("day %d is %d-%d-%d, want %v", d, y, m, day, want)
		}
	}
	for _, bad := range [][3]int64{{2023, 2, 29}, {0, 1, 1}, {10000, 1, 1}, {2024, 13, 1}, {2024, 4, 31}, {2024, 1, 0}} {
		if _, ok := ticks.Date(bad[0], bad[1], bad[2]); ok {
			t.Errorf("%v is taken for a day", bad)
		}
	}
	now := time.Date(2026, 8, 2, 23, 56, 37, 622710200, time.UTC)
	if got := ticks.Time(ticks.FromTime(now)); !got.Equal(now) {
		t.Errorf("got %v back, want %v", got, now)
	}
}

func TestParseDate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"2014-05-25T08:20:03.123456Z", "2014-05-25T08:20:03.1234560Z"},
		{"2014-05-25T08:20:03.123456789", "2014-05-25T08:20:03.1234567Z"},
		{"2014-05-25T08:20", "2014-05-25T08:20:00.0000000Z"},
		{"2014-11-08 15:55:55.123456Z", "2014-11-08T15:55:55.1234560Z"},
		{" 2014-11-8 15:55 ", "2014-11-08T15:55:00.0000000Z"},
		{"2014-11-08", "2014-11-08T00:00:00.0000000Z"},
		{"2014.11.08 15:05:25", "2014-11-08T15:05:25.0000000Z"},
		{"2014-11-08 15:05:25 GMT", "2014-11-08T15:05:25.0000000Z"},
		{"2014-11-08T15:05:25+02:00", "2014-11-08T13:05:25.0000000Z"},
		{"2014-11-08T15:05:25-0730", "2014-11-08T22:35:25.0000000Z"},
		{"2014-11-08T15:05:25+02", "2014-11-08T13:05:25.0000000Z"},
		{"Sat, 8 Nov 14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"},
		{"Sat, 8 Nov 2014 15:05", "2014-11-08T15:05:00.0000000Z"},
		{"8 Nov 14 15:05 GMT", "2014-11-08T15:05:00.0000000Z"},
		{"Saturday, 08-Nov-14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"},
		{"Saturday, 08-Nov-94 15:05", "1994-11-08T15:05:00.0000000Z"},
		{"11/08/2014", "2014-11-08T00:00:00.0000000Z"},
		{"11/8/2014 3:05:02 PM", "2014-11-08T15:05:02.0000000Z"},
		{"11/8/2014 12:00:00 AM", "2014-11-08T00:00:00.0000000Z"},
		{"9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z"},
		{"0001-01-01", "0001-01-01T00:00:00.0000000Z"},
		{"0001-01-01T00:00:00+01:00", ""},
		{"9999-12-31T23:59:59-01:00", ""},
		{"15/01/2024 12:35:35", ""},
		{"13-02-2022", ""},
		{"not a date", ""},
		{"", ""},
		{"2014", ""},
		{"2014-11-08x", ""},
		{"2014-11-08 15:55:55.", ""},
		{"2014-11-08 24:00", ""},
		{"2014-11-08 15:60", ""},
		{"2023-02-29", ""},
		{"2014-11-08T15:05:25+15:00", ""},
		{"2014-11-08T15:05:25+", ""},
		{"2014-11-08T15:05:25 PST", ""},
		{"11/8/2014 13:05:02 PM", ""},
		{"Someday, 8 Nov 14", ""},
	} {
		got, ok := ticks.ParseDate(c.text)
		if ok != (c.want != "") || ok && ticks.FormatDate(got) != c.want {
			t.Errorf("%q is %v %v, want %q", c.text, ticks.FormatDate(got), ok, c.want)
		}
	}
}

func TestParseSpan(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1.02:03:04.5", "1.02:03:04.5000000"},
		{"-1.02:03:04.5", "-1.02:03:04.5000000"},
		{"-00:30:00", "-00:30:00"},
		{"13:00", "13:00:00"},
		{"23:59:59.9999999", "23:59:59.9999999"},
		{"0:0:0.001", "00:00:00.0010000"},
		{"100.00:00:00", "100.00:00:00"},
		{"0.00:03:00", "00:03:00"},
		{"7", "7.00:00:00"},
		{"1d", "1.00:00:00"},
		{"2.5h", "02:30:00"},
		{"4.534h", "04:32:02.4000000"},
		{"0.0000001s", "00:00:00.0000001"},
		{"15 seconds", "00:00:15"},
		{"-3min", "-00:03:00"},
		{"250nanoseconds", "00:00:00.0000002"},
		{"1tick", "00:00:00.0000001"},
		{"10675199.02:48:05.4775807", "10675199.02:48:05.4775807"},
		{"10675199.02:48:05.4775808", ""},
		{"-10675199.02:48:05.4775808", "-10675199.02:48:05.4775808"},
		{"100ns", ""},
		{"1us", ""},
		{"abc", ""},
		{"", ""},
		{"-", ""},
		{".", ""},
		{"24:00:00", ""},
		{"1:60", ""},
		{"1d 2h", ""},
		{"999999999999999999d", ""},
		{"99999999.00:00:00", ""},
	} {
		got, ok := ticks.ParseSpan(c.text)
		if ok != (c.want != "") || ok && ticks.FormatSpan(got) != c.want {
			t.Errorf("%q is %v %v, want %q", c.text, ticks.FormatSpan(got), ok, c.want)
		}
	}
}

func TestFormatAs(t *testing.T) {
	for _, c := range []struct{ date, pattern, want string }{
		{"2020-06-15 13:45:09", "M/d/yyyy h:mm:ss tt", "6/15/2020 1:45:09 PM"},
		{"2007-01-02 03:04:05", "yy-MM-dd HH:mm", "07-01-02 03:04"},
		{"2007-03-09 05:04:03", "dddd, MMMM d, yyyy", "0909, 0303 9, 2007"},
		{"2007-03-09 05:04:03", "ddd MMM", "099 033"},
		{"2020-06-15 13:45:09.1234567", "ffffff", "123456"},
		{"2020-06-15 13:45:09.0000007", "FFFFFFF", "0000007"},
		{"2020-06-15 13:45:09", "FFFFFFF", ""},
		{"2007-03-09 00:30", "hh:mm tt", "12:30 AM"},
		{"2017-01-29 09:00:05", "yyyy-M-dd [H:mm:ss]", "2017-1-29 [9:00:05]"},
	} {
		at, _ := ticks.ParseDate(c.date)
		if got, ok := ticks.FormatDateAs(at, c.pattern); !ok || got != c.want {
			t.Errorf("%s as %q is %q, %v; want %q", c.date, c.pattern, got, ok, c.want)
		}
	}
	for _, bad := range []string{"yyyy-MM-ddTHH:mm", "c", "t", "D"} {
		if got, ok := ticks.FormatDateAs(0, bad); ok {
			t.Errorf("%q is taken and gives %q", bad, got)
		}
	}
	for _, c := range []struct{ span, pattern, want string }{
		{"1.02:03:04.5670000", "dd.hh:mm:ss.fffffff", "01.02:03:04.5670000"},
		{"1.02:03:04.0050000", "d:hh:mm:ss.fff", "1:02:03:04.005"},
		{"1.02:01", "hh:mm", "02:01"},
		{"1.02:01", "h:m", "2:1"},
		{"2d", "d", "2"},
		{"-1.02:00", "d.hh:mm", "-1.02:00"},
		{"7d", "d.hh:mm:ss.fffffff", "7.00:00:00.0000000"},
	} {
		span, _ := ticks.ParseSpan(c.span)
		if got, ok := ticks.FormatSpanAs(span, c.pattern); !ok || got != c.want {
			t.Errorf("%s as %q is %q, %v; want %q", c.span, c.pattern, got, ok, c.want)
		}
	}
	for _, bad := range []string{"c", "g", "d\\.hh", "yyyy"} {
		if got, ok := ticks.FormatSpanAs(ticks.Day, bad); ok {
			t.Errorf("%q is taken and gives %q", bad, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2014-05-25T08:20:03.123456Z")
	f.Add("-1.02:03:04.5")
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := ticks.ParseDate(s); ok {
			if again, ok := ticks.ParseDate(ticks.FormatDate(d)); !ok || again != d {
				t.Errorf("%q is %d and reads back as %d", s, d, again)
			}
		}
		if d, ok := ticks.ParseSpan(s); ok {
			if again, ok := ticks.ParseSpan(ticks.FormatSpan(d)); !ok || again != d {
				t.Errorf("%q is %d and reads back as %d", s, d, again)
			}
		}
	})
}
