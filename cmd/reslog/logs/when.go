package logs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timeLayouts are the forms of a time, in UTC unless they say otherwise. The
// first is that of the log search sample of 2011.
var timeLayouts = []string{
	"2006-01-02T15:04Z07:00", time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02T15Z07:00", "2006-01-02T15",
	"2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly,
}

// ParseTime reads a time: "2011-06-26T22:30Z" and other forms of ISO 8601,
// "now", or how long ago it was: "-90m", "-1h", "-2d", "-1h30m".
func ParseTime(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "now" {
		return now.UTC(), nil
	}
	if ago, ok := strings.CutPrefix(s, "-"); ok {
		var days time.Duration
		if d, rest, ok := strings.Cut(ago, "d"); ok {
			n, err := strconv.ParseUint(d, 10, 16)
			if err != nil {
				return time.Time{}, badTime(s)
			}
			days, ago = time.Duration(n)*24*time.Hour, rest
		}
		var d time.Duration
		if ago != "" || days == 0 {
			var err error
			if d, err = time.ParseDuration(ago); err != nil || d < 0 {
				return time.Time{}, badTime(s)
			}
		}
		return now.UTC().Add(-days - d), nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, badTime(s)
}

func badTime(s string) error {
	return fmt.Errorf("%q is no time; want one like 2011-06-26T22:30Z, 2011-06-26, now, -90m, -1h or -2d", s)
}
