package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"reslog/internal/ticks"
	"reslog/kql"
)

// parseSpan reads the timespan of a request: a duration before now, or
// start/end, start/duration, duration/end. Both ends of the service's spans are
// inclusive; ours is half open, one tick later.
func parseSpan(text string, now time.Time) (kql.TimeRange, error) {
	var span kql.TimeRange
	if text == "" {
		return span, nil
	}
	first, second, pair := strings.Cut(text, "/")
	if !pair || isDuration(first) {
		d, err := parseDuration(first)
		if err != nil {
			return span, err
		}
		end := now
		if pair {
			if end, err = parseTime(second); err != nil {
				return span, err
			}
		}
		return rangeOf(d.before(end), end)
	}
	start, err := parseTime(first)
	if err != nil {
		return span, err
	}
	if isDuration(second) {
		d, err := parseDuration(second)
		if err != nil {
			return span, err
		}
		return rangeOf(start, d.after(start))
	}
	end, err := parseTime(second)
	if err != nil {
		return span, err
	}
	return rangeOf(start, end)
}

func rangeOf(from, to time.Time) (kql.TimeRange, error) {
	if from.After(to) {
		return kql.TimeRange{}, fmt.Errorf("it ends before it starts")
	}
	if from.Year() < 1 || to.Year() > 9999 {
		return kql.TimeRange{}, fmt.Errorf("it is outside the years 1 to 9999")
	}
	return kql.TimeRange{From: ticks.FromTime(from), To: ticks.FromTime(to) + 1, HasFrom: true, HasTo: true}, nil
}

// intersect is the time that is in both.
func intersect(a, b kql.TimeRange) kql.TimeRange {
	if b.HasFrom && (!a.HasFrom || b.From > a.From) {
		a.From, a.HasFrom = b.From, true
	}
	if b.HasTo && (!a.HasTo || b.To < a.To) {
		a.To, a.HasTo = b.To, true
	}
	return a
}

// parseTime reads an ISO 8601 time; without an offset it is UTC.
func parseTime(text string) (time.Time, error) {
	text = strings.Replace(strings.TrimSpace(text), " ", "T", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no ISO 8601 time", text)
}

// duration is an ISO 8601 duration: months are of the calendar.
type duration struct {
	years, months, days int
	clock               time.Duration
}

func (d duration) before(t time.Time) time.Time {
	return t.AddDate(-d.years, -d.months, -d.days).Add(-d.clock)
}

func (d duration) after(t time.Time) time.Time {
	return t.AddDate(d.years, d.months, d.days).Add(d.clock)
}

func isDuration(text string) bool { return strings.HasPrefix(strings.ToUpper(text), "P") }

// parseDuration reads P[nY][nM][nW][nD][T[nH][nM][nS]]; the last number of the
// clock may have a fraction.
func parseDuration(text string) (duration, error) {
	bad := fmt.Errorf("%.40q is no ISO 8601 duration: say P1D, PT12H or a pair such as 2024-01-01/P7D", text)
	rest, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(text)), "P")
	if !ok || rest == "" {
		return duration{}, bad
	}
	date, clock, hasClock := strings.Cut(rest, "T")
	if hasClock && clock == "" {
		return duration{}, bad
	}
	var d duration
	for _, part := range []struct {
		text, units string
		add         func(n float64, unit byte)
	}{
		{date, "YMWD", func(n float64, unit byte) {
			switch unit {
			case 'Y':
				d.years = int(n)
			case 'M':
				d.months = int(n)
			case 'W':
				d.days += 7 * int(n)
			case 'D':
				d.days += int(n)
				d.clock += time.Duration((n - float64(int(n))) * float64(24*time.Hour))
			}
		}},
		{clock, "HMS", func(n float64, unit byte) {
			d.clock += time.Duration(n * float64(map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}[unit]))
		}},
	} {
		if !eachNumber(part.text, part.units, part.add) {
			return duration{}, bad
		}
	}
	return d, nil
}

// eachNumber walks over numbers with the units given, in their order. Numbers
// are bounded so that no calendar arithmetic overflows.
func eachNumber(text, units string, add func(n float64, unit byte)) bool {
	for text != "" {
		end := strings.IndexAny(text, units)
		if end <= 0 {
			return false
		}
		n, err := strconv.ParseFloat(text[:end], 64)
		if err != nil || n < 0 || n > 1e5 {
			return false
		}
		add(n, text[end])
		units = units[strings.IndexByte(units, text[end])+1:]
		text = text[end+1:]
	}
	return true
}
