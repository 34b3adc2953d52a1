package disk

import "time"

// Times are kept as ticks of 100 ns since the year 1, as the services count.
const (
	TicksPerSecond = 10_000_000
	unixEpoch      = 621_355_968_000_000_000 // 1970-01-01 in ticks
)

// Ticks returns t in ticks; the zero time and all before it are 0.
func Ticks(t time.Time) uint64 {
	n := t.Unix()*TicksPerSecond + int64(t.Nanosecond()/100) + unixEpoch
	return uint64(max(n, 0))
}

// Time is the inverse of Ticks, in UTC.
func Time(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	d := int64(n) - unixEpoch
	sec, rest := d/TicksPerSecond, d%TicksPerSecond
	return time.Unix(sec, rest*100).UTC()
}
