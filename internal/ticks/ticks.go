// Package ticks counts time as .NET and Kusto do: in ticks of 100 ns, a date from
// 0001-01-01T00:00:00Z of the proleptic Gregorian calendar, which was a Monday.
// All of it is integer arithmetic; dates end with 9999-12-31T23:59:59.9999999Z.
//
// It also reads and writes the texts that Kusto has for dates and spans. The forms
// are those of the pages "The datetime data type", "The timespan data type",
// "format_datetime()" and "format_timespan()" of the Kusto reference.
package ticks

import "time"

// The lengths of the units, and the last moment there is. The first one is 0.
const (
	Microsecond = 10
	Millisecond = 1000 * Microsecond
	Second      = 1000 * Millisecond
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
	Max         = 3652059*Day - 1

	// Unix is 1970-01-01.
	Unix = 719162 * Day
)

// FromTime is the moment of t, without what is below a tick.
func FromTime(t time.Time) int64 {
	return Unix + t.Unix()*Second + int64(t.Nanosecond())/100
}

// Time is the moment as a time in UTC.
func Time(t int64) time.Time {
	since := t - Unix
	seconds := FloorDiv(since, Second)
	return time.Unix(seconds, (since-seconds*Second)*100).UTC()
}

// Valid reports whether t is a date: from year 1 to year 9999.
func Valid(t int64) bool { return t >= 0 && t <= Max }

// Date is midnight of a day; it fails for a day that is in no calendar.
func Date(year, month, day int64) (int64, bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > DaysIn(year, month) {
		return 0, false
	}
	return days(year, month, day) * Day, true
}

// Civil is the calendar day of a date.
func Civil(t int64) (year, month, day int64) {
	// Counted from 0000-03-01, so that the leap day is the last of a year of
	// eras of 400 years.
	z := FloorDiv(t, Day) + 306
	era := FloorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// DaysIn is how many days a month has.
func DaysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// days is how many days lie before a day, from 0001-01-01.
func days(year, month, day int64) int64 {
	y := year
	if month <= 2 {
		y--
	}
	era := FloorDiv(y, 400)
	yoe := y - era*400
	mp := (month + 9) % 12
	doy := (153*mp+2)/5 + day - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 306
}

// FloorDiv divides towards minus infinity; b is positive.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
