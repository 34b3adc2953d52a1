package rows

import (
	"strings"
	"time"
)

// unixTicks is 1970 in ticks: 100 ns since 0001-01-01T00:00:00Z.
const unixTicks = 621_355_968_000_000_000

const (
	ticksSecond = 10_000_000
	ticksDay    = 86_400 * ticksSecond
	maxTicks    = 3_155_378_975_999_999_999 // the end of 9999
)

// ticksOf returns t in ticks, and false when it is before the year 1 or after 9999.
func ticksOf(t time.Time) (int64, bool) {
	s := t.Unix()
	if s < -unixTicks/ticksSecond || s > (maxTicks-unixTicks)/ticksSecond {
		return 0, false
	}
	return s*ticksSecond + unixTicks + int64(t.Nanosecond()/100), true
}

// otherLayouts are how times are written in resource logs where it is not ISO
// 8601: lastModifiedTime of storage, as documented and as seen.
var otherLayouts = [...]string{
	"1/2/2006 3:04:05 PM",
	"Monday, 02-Jan-06 15:04:05 MST",
	time.RFC1123,
	time.RFC1123Z,
	"1/2/2006 15:04:05",
	"2006-01-02",
}

// parseTicks reads a time: ISO 8601 or one of otherLayouts. A time without a
// zone is UTC.
func parseTicks(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if ticks, ok := parseISO(s); ok {
		return ticks, true
	}
	if len(s) > 40 || len(s) < len("2006-01-02") {
		return 0, false
	}
	for _, layout := range otherLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return ticksOf(t)
		}
	}
	return 0, false
}

// parseISO reads 2026-03-04T12:00:00.6047124Z: any number of digits for the
// fraction, of which seven count; with Z, an offset or no zone, which is UTC. The
// date may have slashes, as storage writes it.
func parseISO(s string) (int64, bool) {
	if len(s) < len("2006-01-02T15:04:05") || s[4] != '-' && s[4] != '/' || s[7] != s[4] || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	year := digits(s[0:2])*100 + digits(s[2:4])
	month, day := digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	if min(year-1, month-1, day-1, hour, minute, second) < 0 || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	s = s[19:]
	var fraction int64
	if len(s) > 1 && (s[0] == '.' || s[0] == ',') {
		n, unit := 1, int64(ticksSecond/10)
		for ; n < len(s) && s[n]-'0' <= 9; n++ {
			fraction += int64(s[n]-'0') * unit
			unit /= 10
		}
		if n == 1 {
			return 0, false
		}
		s = s[n:]
	}
	offset, ok := parseZone(s)
	if !ok {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day {
		return 0, false // 30 February
	}
	ticks := (t.Unix()-int64(offset))*ticksSecond + unixTicks + fraction
	return ticks, ticks >= 0 && ticks <= maxTicks
}

// digits reads two digits; what is none gives a large negative number.
func digits(s string) int {
	if s[0]-'0' > 9 || s[1]-'0' > 9 {
		return -1 << 20
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// parseZone reads what follows the time of day, and returns seconds east of UTC.
func parseZone(s string) (offset int, ok bool) {
	switch {
	case s == "", s == "Z", s == "z":
		return 0, true
	case len(s) != len("+07:00") || s[0] != '+' && s[0] != '-' || s[3] != ':':
		return 0, false
	}
	hours, minutes := digits(s[1:3]), digits(s[4:6])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset = hours*3600 + minutes*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}
