package kql

import "time"

// foldTime computes the functions over time that queries write into their
// conditions: startofday(ago(7d)), bin(now(), 1h), datetime_add('day', -1, now()).
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
	unit, end := name, false
	switch {
	case len(name) > 7 && name[:7] == "startof":
		unit = name[7:]
	case len(name) > 5 && name[:5] == "endof":
		unit, end = name[5:], true
	default:
		return nil
	}
	if end {
		steps++
	}
	out, ok := startOf(unit, at, int(steps))
	if !ok {
		return nil
	}
	if end {
		out--
	}
	return out
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
	q := a / n
	if a%n < 0 {
		q--
	}
	return q * n
}
