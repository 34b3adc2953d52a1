package scalar

import (
	"strconv"
	"time"
)

// The ticks of spans: 100 ns each.
const (
	ticksPerSecond = 10_000_000
	ticksPerMinute = 60 * ticksPerSecond
	ticksPerHour   = 60 * ticksPerMinute
	ticksPerDay    = 24 * ticksPerHour
	// maxDatetime is 9999-12-31T23:59:59.9999999Z.
	maxDatetime = 3_652_059*ticksPerDay - 1
	// daysToUnix is how many days 1970-01-01 is after 0001-01-01.
	daysToUnix = 719_162
)

// FormatDatetime is tostring() of a datetime: 2006-01-02T15:04:05.0000000Z.
func FormatDatetime(ticks int64) string { return string(AppendDatetime(nil, ticks)) }

// AppendDatetime appends what FormatDatetime gives.
func AppendDatetime(dst []byte, ticks int64) []byte {
	t := Time(ticks)
	year, month, day := t.Date()
	dst = appendPadded(dst, int64(year), 4)
	dst = appendPadded(append(dst, '-'), int64(month), 2)
	dst = appendPadded(append(dst, '-'), int64(day), 2)
	dst = appendClock(append(dst, 'T'), ticks%ticksPerDay, true)
	return append(dst, 'Z')
}

// FormatTimespan is tostring() of a timespan: [-][d.]hh:mm:ss[.fffffff].
func FormatTimespan(ticks int64) string { return string(AppendTimespan(nil, ticks)) }

// AppendTimespan appends what FormatTimespan gives.
func AppendTimespan(dst []byte, ticks int64) []byte {
	n := uint64(ticks)
	if ticks < 0 {
		dst, n = append(dst, '-'), -n
	}
	if days := n / ticksPerDay; days > 0 {
		dst = append(strconv.AppendUint(dst, days, 10), '.')
	}
	return appendClock(dst, int64(n%ticksPerDay), false)
}

// appendClock appends hh:mm:ss and seven digits of a second, without always only
// if they are not zero.
func appendClock(dst []byte, ticks int64, always bool) []byte {
	dst = appendPadded(dst, ticks/ticksPerHour, 2)
	dst = appendPadded(append(dst, ':'), ticks/ticksPerMinute%60, 2)
	dst = appendPadded(append(dst, ':'), ticks/ticksPerSecond%60, 2)
	if rest := ticks % ticksPerSecond; rest != 0 || always {
		dst = appendPadded(append(dst, '.'), rest, 7)
	}
	return dst
}

func appendPadded(dst []byte, n int64, width int) []byte {
	var buf [20]byte
	digits := strconv.AppendInt(buf[:0], n, 10)
	for range width - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// Time is a datetime as package time has it, in UTC.
func Time(ticks int64) time.Time {
	return time.Unix(ticks/ticksPerSecond-daysToUnix*86400, ticks%ticksPerSecond*100).UTC()
}

// Ticks is a time as a datetime; ok is false before the year 1 and after 9999.
func Ticks(t time.Time) (ticks int64, ok bool) {
	seconds := t.Unix() + daysToUnix*86400
	if seconds < 0 || seconds > maxDatetime/ticksPerSecond {
		return 0, false
	}
	return seconds*ticksPerSecond + int64(t.Nanosecond())/100, true
}
