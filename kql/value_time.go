package kql

import (
	"math"
	"strconv"
	"strings"
	"time"

	"reslog/internal/ticks"
)

// datetimeLayouts are the forms of a datetime literal, without the zone, which
// may follow each that has a time of day.
var datetimeLayouts = []string{
	"2006-1-2T15:4:5", "2006-1-2 15:4:5", "2006-1-2T15:4", "2006-1-2 15:4", "2006-1-2T15", "2006-1-2 15",
	"1/2/2006 15:4:5", "1/2/2006 15:4", "1/2/2006 3:4:5 PM", "1/2/2006 3:4 PM", "1/2/2006",
	"Mon, 2 Jan 2006 15:4:5", "2 Jan 2006 15:4:5", "Jan 2 2006 15:4:5", "January 2, 2006",
	"2006, 1, 2", "20060102T150405", "20060102", "2006-1-2", "2006-1", "2006",
}

// parseDatetime reads ISO 8601 and RFC 822, and the American forms; without an
// offset it is UTC.
func parseDatetime(text string) (any, bool) {
	text, fraction, offset, ok := datetimeParts(text)
	if !ok {
		return nil, false
	}
	for _, layout := range datetimeLayouts {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if at := Ticks(t) + fraction - offset; ticks.Valid(at) {
			return at, true
		}
		return nil, false
	}
	return nil, false
}

// datetimeParts splits a datetime into what a layout reads, the fraction of the
// second and the offset from UTC, both in ticks.
func datetimeParts(text string) (rest string, fraction, offset int64, ok bool) {
	text = strings.TrimSpace(text)
	if s, ok := strings.CutSuffix(text, "GMT"); ok {
		text = strings.TrimSpace(s)
	} else if s, ok := strings.CutSuffix(strings.TrimSuffix(text, "z"), "Z"); ok {
		text = strings.TrimSpace(s)
	} else {
		text = strings.TrimSuffix(text, "z")
	}
	if i := strings.LastIndexAny(text, "+-"); i > 0 && strings.Contains(text[:i], ":") {
		n, good := parseOffset(text[i:])
		if !good {
			return "", 0, 0, false
		}
		text, offset = strings.TrimSpace(text[:i]), n
	}
	if i := strings.LastIndexByte(text, '.'); i > 0 && strings.Contains(text[:i], ":") {
		digits := text[i+1:]
		suffix := ""
		if j := strings.IndexByte(digits, ' '); j >= 0 {
			digits, suffix = digits[:j], digits[j:]
		}
		if digits == "" || strings.Trim(digits, "0123456789") != "" {
			return "", 0, 0, false
		}
		n, err := strconv.ParseInt((digits + "0000000")[:7], 10, 64)
		if err != nil {
			return "", 0, 0, false
		}
		text, fraction = text[:i]+suffix, n
	}
	return text, fraction, offset, true
}

// parseOffset reads +02:00, +0200, +2.
func parseOffset(text string) (int64, bool) {
	sign := int64(1)
	if text[0] == '-' {
		sign = -1
	}
	hours, minutes, ok := strings.Cut(text[1:], ":")
	if !ok {
		minutes = "0"
		if len(hours) == 4 {
			hours, minutes = hours[:2], hours[2:]
		}
	}
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if err != nil || err2 != nil || h > 14 || m > 59 || h < 0 || m < 0 {
		return 0, false
	}
	return sign * int64(h*60+m) * 60 * TicksPerSecond, true
}

// spanUnits are the units of a timespan literal, in ticks.
var spanUnits = map[string]int64{
	"d": TicksPerDay, "day": TicksPerDay, "days": TicksPerDay,
	"h": 3600 * TicksPerSecond, "hr": 3600 * TicksPerSecond, "hrs": 3600 * TicksPerSecond, "hour": 3600 * TicksPerSecond, "hours": 3600 * TicksPerSecond,
	"m": 60 * TicksPerSecond, "min": 60 * TicksPerSecond, "minute": 60 * TicksPerSecond, "minutes": 60 * TicksPerSecond,
	"s": TicksPerSecond, "sec": TicksPerSecond, "second": TicksPerSecond, "seconds": TicksPerSecond,
	"ms": 10_000, "milli": 10_000, "millis": 10_000, "millisec": 10_000, "millisecond": 10_000, "milliseconds": 10_000,
	"micro": 10, "micros": 10, "microsec": 10, "microsecond": 10, "microseconds": 10,
	"nano": 0, "nanos": 0, "nanosec": 0, "nanosecond": 0, "nanoseconds": 0,
	"tick": 1, "ticks": 1,
}

// parseTimespan reads 1d, 2.5h, a number of days, and [-][d.]hh:mm[:ss[.fffffff]].
func parseTimespan(text string) (any, bool) {
	text = strings.Trim(text, `"'`)
	sign := int64(1)
	if s, ok := strings.CutPrefix(text, "-"); ok {
		text, sign = strings.TrimSpace(s), -1
	}
	if strings.Contains(text, ":") {
		n, ok := parseClock(text)
		return sign * n, ok
	}
	i := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	unit := TicksPerDay
	number := text
	if i >= 0 {
		var ok bool
		if unit, ok = spanUnits[strings.TrimSpace(text[i:])]; !ok {
			return nil, false
		}
		number = text[:i]
		if unit == 0 { // nanoseconds: a hundredth of a tick
			f, err := strconv.ParseFloat(number, 64)
			return sign * int64(f/100), err == nil
		}
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		if n > math.MaxInt64/unit {
			return nil, false
		}
		return sign * n * unit, true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f*float64(unit) > math.MaxInt64/2 {
		return nil, false
	}
	return sign * int64(math.Round(f*float64(unit))), true
}

// parseClock reads [d.]hh:mm[:ss[.fffffff]] and d:hh:mm:ss.
func parseClock(text string) (int64, bool) {
	days := "0"
	if i := strings.IndexByte(text, '.'); i >= 0 && i < strings.IndexByte(text, ':') {
		days, text = text[:i], text[i+1:]
	}
	fraction := int64(0)
	if i := strings.IndexByte(text, '.'); i >= 0 {
		digits := text[i+1:]
		n, err := strconv.ParseUint((digits + "0000000")[:7], 10, 32)
		if err != nil || len(digits) > 7 || digits == "" {
			return 0, false
		}
		text, fraction = text[:i], int64(n)
	}
	parts := strings.Split(text, ":")
	if len(parts) == 4 && days == "0" {
		days, parts = parts[0], parts[1:]
	}
	if len(parts) == 2 {
		parts = append(parts, "0")
	}
	if len(parts) != 3 {
		return 0, false
	}
	total := int64(0)
	for i, limit := range []uint64{10_675_199, 23, 59, 59} {
		part := days
		if i > 0 {
			part = parts[i-1]
		}
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > limit {
			return 0, false
		}
		total = total*[]int64{1, 24, 60, 60}[i] + int64(n) //nolint:gosec // bounded above
	}
	if last := math.MaxInt64 / TicksPerSecond; total > last || total == last && fraction > math.MaxInt64%TicksPerSecond {
		return 0, false
	}
	return total*TicksPerSecond + fraction, true
}
