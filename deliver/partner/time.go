package partner

import (
	"strconv"
	"time"
)

// parseTime reads the times of resource logs, "2026-03-04T12:00:00.6047124Z": ISO
// 8601 with any number of digits for the fraction, with Z, an offset or, as some
// services write it, no zone, which is UTC. time.Parse costs five times as much.
func parseTime(b []byte) (t time.Time, ok bool) {
	if len(b) < len("2006-01-02T15:04:05") || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return t, false
	}
	year := digits(b[0:2])*100 + digits(b[2:4])
	month, day := digits(b[5:7]), digits(b[8:10])
	hour, minute, second := digits(b[11:13]), digits(b[14:16]), digits(b[17:19])
	if min(year, month-1, day-1, hour, minute, second) < 0 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	b = b[19:]
	nanos := 0
	if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
		n, unit := 1, 100_000_000
		for ; n < len(b) && b[n]-'0' <= 9; n++ {
			nanos += int(b[n]-'0') * unit
			unit /= 10
		}
		if n == 1 {
			return t, false
		}
		b = b[n:]
	}
	offset, ok := zone(b)
	if !ok {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day {
		return time.Time{}, false // 30 February
	}
	return t.Add(-offset), true
}

// digits reads two digits; what is none gives a large negative number.
func digits(b []byte) int {
	if b[0]-'0' > 9 || b[1]-'0' > 9 {
		return -1 << 20
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

// zone reads what follows the time of day.
func zone(b []byte) (offset time.Duration, ok bool) {
	switch {
	case len(b) == 0, len(b) == 1 && (b[0] == 'Z' || b[0] == 'z'):
		return 0, true
	case len(b) != len("+07:00") || b[0] != '+' && b[0] != '-' || b[3] != ':':
		return 0, false
	}
	hours, minutes := digits(b[1:3]), digits(b[4:6])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// unixNano is t in nanoseconds since 1970, and 0, which OTLP reads as unknown,
// when that is no time between 1970 and 2262.
func unixNano(t time.Time) uint64 {
	if y := t.UTC().Year(); y < 1970 || y > 2261 {
		return 0
	}
	return uint64(t.UnixNano())
}

// appendTime appends t as Elasticsearch and Datadog read it, to the nanosecond.
func appendTime(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
}

// appendMillis appends t in milliseconds since 1970.
func appendMillis(dst []byte, t time.Time) []byte { return strconv.AppendInt(dst, t.UnixMilli(), 10) }
