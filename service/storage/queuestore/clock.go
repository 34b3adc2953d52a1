package queuestore

import "time"

// Times are kept as ticks of 100 ns since the year 1, as the service itself
// counts.
const (
	ticksPerSecond = 10_000_000
	unixEpoch      = 621_355_968_000_000_000 // 1970-01-01 in ticks
)

// ticks returns t in ticks; the zero time and all before it are 0.
func ticks(t time.Time) uint64 {
	n := t.Unix()*ticksPerSecond + int64(t.Nanosecond()/100) + unixEpoch
	return uint64(max(n, 0))
}

// fromTicks is the inverse of ticks, in UTC.
func fromTicks(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	d := int64(n) - unixEpoch
	sec, rest := d/ticksPerSecond, d%ticksPerSecond
	return time.Unix(sec, rest*100).UTC()
}
