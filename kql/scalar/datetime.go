package scalar

import (
	"math"
	"strings"
	"time"
	_ "time/tzdata" // zones do not depend on what the machine has installed

	"reslog/internal/ticks"
	"reslog/kql"
)

// datetimeFuncs are the functions on dates and spans. Each list of functions keeps
// the zones that it has loaded.
func datetimeFuncs() []Func {
	zones := &compiled[*time.Location]{make: loadZone, most: maxZones}
	return []Func{
		{Name: "kql_make_datetime", Params: []kql.Type{kql.Long, kql.Long, kql.Long, kql.Long, kql.Long, kql.Real}, Returns: kql.Datetime, Call: makeDatetime},
		{Name: "kql_make_timespan", Params: []kql.Type{kql.Long, kql.Long, kql.Long, kql.Real}, Returns: kql.Timespan, Call: makeTimespan},
		{Name: "kql_datetime_add", Params: []kql.Type{kql.String, kql.Long, kql.Datetime}, Returns: kql.Datetime, Call: addMonths},
		{Name: "kql_format_datetime", Params: []kql.Type{kql.Datetime, kql.String}, Returns: kql.String, Call: formatted(ticks.FormatDateAs)},
		{Name: "kql_format_timespan", Params: []kql.Type{kql.Timespan, kql.String}, Returns: kql.String, Call: formatted(ticks.FormatSpanAs)},
		{Name: "kql_datetime_utc_to_local", Params: []kql.Type{kql.Datetime, kql.String}, Returns: kql.Datetime, Call: zoned(zones, toLocal)},
		{Name: "kql_datetime_local_to_utc", Params: []kql.Type{kql.Datetime, kql.String}, Returns: kql.Datetime, Call: zoned(zones, toUTC)},
	}
}

// longs are the first n arguments, false if one is null.
func longs(args []any, n int) ([6]int64, bool) {
	var out [6]int64
	for i, a := range args[:n] {
		v, ok := a.(int64)
		if !ok {
			return out, false
		}
		out[i] = v
	}
	return out, true
}

// clockTicks is a clock as a span; false when hours, minutes or seconds are not
// within their day, hour and minute.
func clockTicks(hour, minute int64, seconds any) (int64, bool) {
	s, ok := seconds.(float64)
	if !ok || hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(s >= 0 && s < 60) {
		return 0, false
	}
	// Digits below a tick come from the binary fraction and are rounded away.
	return hour*ticks.Hour + minute*ticks.Minute + int64(math.Round(s*ticks.Second)), true
}

// makeDatetime is make_datetime(year, month, day, hour, minute, second); null for
// what is in no calendar.
func makeDatetime(args []any) any {
	n, ok := longs(args, 5)
	if !ok {
		return nil
	}
	date, ok := ticks.Date(n[0], n[1], n[2])
	clock, fine := clockTicks(n[3], n[4], args[5])
	if !ok || !fine || !ticks.Valid(date+clock) {
		return nil
	}
	return date + clock
}

// makeTimespan is make_timespan(days, hours, minutes, seconds).
func makeTimespan(args []any) any {
	n, ok := longs(args, 3)
	if !ok || n[0] < 0 || n[0] >= math.MaxInt64/ticks.Day {
		return nil
	}
	clock, ok := clockTicks(n[1], n[2], args[3])
	if !ok {
		return nil
	}
	return n[0]*ticks.Day + clock
}

// addMonths is datetime_add for the parts that have no fixed length. A day that
// the month has not becomes its last.
func addMonths(args []any) any {
	part, _ := args[0].(string)
	n, ok := args[1].(int64)
	t, fine := args[2].(int64)
	if !ok || !fine || n < -200000 || n > 200000 {
		return nil
	}
	switch strings.ToLower(part) {
	case "year":
		n *= 12
	case "quarter":
		n *= 3
	case "month":
	default:
		return nil
	}
	year, month, day := ticks.Civil(t)
	months := year*12 + month - 1 + n
	year = ticks.FloorDiv(months, 12)
	month = months - year*12 + 1
	date, ok := ticks.Date(year, month, min(day, ticks.DaysIn(year, month)))
	if !ok {
		return nil
	}
	return date + t%ticks.Day
}

// formatted makes a function of one that writes by a pattern.
func formatted(write func(int64, string) (string, bool)) func([]any) any {
	return func(args []any) any {
		t, ok := args[0].(int64)
		pattern, _ := args[1].(string)
		if !ok {
			return ""
		}
		text, _ := write(t, pattern)
		return text
	}
}

// maxZones is how many zones are kept: more than the database has.
const maxZones = 1024

// loadZone reads and parses a file; nil for what is no zone.
func loadZone(name string) *time.Location {
	// "" and "Local" are names to package time and not in the database.
	if name == "" || name == "Local" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// zoned makes a function of one that moves a date by the offsets of a zone of the
// IANA database. No zone of the name, no value.
func zoned(known *compiled[*time.Location], move func(int64, *time.Location) int64) func([]any) any {
	return func(args []any) any {
		t, ok := args[0].(int64)
		name, _ := args[1].(string)
		if !ok {
			return nil
		}
		zone := known.get(name)
		if zone == nil {
			return nil
		}
		if moved := move(t, zone); ticks.Valid(moved) {
			return moved
		}
		return nil
	}
}

// zoneOffset is how far the clocks of a zone are ahead of UTC at a moment.
func zoneOffset(utc int64, zone *time.Location) int64 {
	_, seconds := ticks.Time(utc).In(zone).Zone()
	return int64(seconds) * ticks.Second
}

func toLocal(utc int64, zone *time.Location) int64 { return utc + zoneOffset(utc, zone) }

// toUTC is the moment at which the clocks show t. In the hour that is skipped in
// spring it is counted with the offset of summer, as Kusto does; in the hour that
// comes twice in autumn it is the first.
func toUTC(t int64, zone *time.Location) int64 {
	// A day before and a day after, the offsets on both sides of a change are in
	// force, if there is one near.
	before, after := zoneOffset(t-ticks.Day, zone), zoneOffset(t+ticks.Day, zone)
	first, second := t-max(before, after), t-min(before, after)
	if toLocal(first, zone) != t && toLocal(second, zone) == t {
		return second
	}
	return first
}
