package kql

import (
	"strings"
	"time"

	"reslog/internal/ticks"
)

// foldTime computes the functions over time that queries write into their
// conditions: startofday(ago(7d)), endofmonth(now(), -1).
func foldTime(name string, args []any) any {
	at, ok := args[0].(int64)
	if !ok {
		return nil
	}
	steps := int64(0)
	if len(args) == 2 {
		if steps, ok = args[1].(int64); !ok || steps > 1e6 || steps < -1e6 {
			return nil
		}
	}
	if unit, ok := strings.CutPrefix(name, "startof"); ok {
		if start, ok := startOf(unit, at, int(steps)); ok {
			return start
		}
	}
	if unit, ok := strings.CutPrefix(name, "endof"); ok {
		if next, ok := startOf(unit, at, int(steps)+1); ok {
			return next - 1
		}
	}
	return nil
}

// startOf is the start of the day, week (Sunday), month or year of at, steps of
// them later.
func startOf(unit string, at int64, steps int) (int64, bool) {
	t := Time(at)
	y, m, d := t.Date()
	switch unit {
	case "day":
		d += steps
	case "week":
		d += 7*steps - int(t.Weekday())
	case "month":
		m, d = m+time.Month(steps), 1
	case "year":
		y, m, d = y+steps, 1, 1
	default:
		return 0, false
	}
	return Ticks(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)), true
}

// foldBin is bin(value, size) of whole numbers, dates and spans.
func foldBin(x, size any) any {
	a, ok := x.(int64)
	n, ok2 := size.(int64)
	if !ok || !ok2 || n <= 0 {
		return nil
	}
	return ticks.FloorDiv(a, n) * n
}

// foldCalendar computes todatetime of a text that is a date without doubt, and
// datetime_add of units that have one length.
func foldCalendar(c *Call) (int64, bool) {
	first, ok := c.Args[0].(*Const)
	if !ok || first.T != String {
		return 0, false
	}
	text, _ := first.Value.(string)
	switch {
	case c.Func == "todatetime" && len(c.Args) == 1:
		if len(text) < 10 || text[4] != '-' || text[7] != '-' {
			return 0, false
		}
		return ticks.ParseDate(text)
	case c.Func == "datetime_add" && len(c.Args) == 3:
		unit, ok := addUnits[text]
		n, ok2 := c.Args[1].(*Const)
		at, ok3 := datetimeConst(c.Args[2])
		if !ok || !ok2 || !ok3 {
			return 0, false
		}
		steps, ok := n.Value.(int64)
		if !ok || steps > ticks.Max/unit || steps < -ticks.Max/unit {
			return 0, false
		}
		at = saturated(at, steps*unit)
		return at, ticks.Valid(at)
	}
	return 0, false
}

// addUnits are the units of datetime_add that are so many ticks.
var addUnits = map[string]int64{
	"week": 7 * ticks.Day, "day": ticks.Day, "hour": ticks.Hour, "minute": ticks.Minute, "second": ticks.Second,
}
