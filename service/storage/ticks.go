package storage

import (
	"net/http"
	"time"
)

// appendTicks appends t in ticksLayout. It is what time.AppendFormat would do,
// several times faster: every record has two of them.
func appendTicks(b []byte, t time.Time) []byte { return append(appendTicksAs(b, t, '-', 'T'), 'Z') }

// appendTicksAs appends date and time to 100 ns with the given separators.
func appendTicksAs(b []byte, t time.Time, date, between byte) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, date), int(month), 2)
	b = appendDigits(append(b, date), day, 2)
	b = appendDigits(append(b, between), hour, 2)
	b = appendDigits(append(b, ':'), minute, 2)
	b = appendDigits(append(b, ':'), second, 2)
	return appendDigits(append(b, '.'), t.Nanosecond()/100, 7)
}

// appendDigits appends the last n digits of v.
func appendDigits(b []byte, v, n int) []byte {
	b = append(b, "0000000"[:n]...)
	for i := len(b) - 1; n > 0; n, i, v = n-1, i-1, v/10 {
		b[i] = byte('0' + v%10)
	}
	return b
}

// AppendHTTPTime appends t as headers have it: "Sun, 06 Nov 1994 08:49:37 GMT". It
// is what time.AppendFormat would do, several times faster.
func AppendHTTPTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(append(b, t.Weekday().String()[:3]...), ", "...)
	b = append(appendDigits(b, day, 2), ' ')
	b = append(append(b, month.String()[:3]...), ' ')
	b = append(appendDigits(b, year, 4), ' ')
	b = append(appendDigits(b, hour, 2), ':')
	b = append(appendDigits(b, minute, 2), ':')
	return append(appendDigits(b, second, 2), " GMT"...)
}

// HTTPTime returns t as headers have it.
func HTTPTime(t time.Time) string {
	var b [len(http.TimeFormat)]byte
	return string(AppendHTTPTime(b[:0], t))
}

// parseLastModified reads what appendTicksAs wrote for lastModifiedTime.
func parseLastModified(s string) (time.Time, bool) {
	if len(s) != len(lastModifiedLayout) {
		return time.Time{}, false
	}
	var n [7]int
	field := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n[field] = n[field]*10 + int(c-'0')
		case lastModifiedLayout[i] == c && field < 6:
			field++
		default:
			return time.Time{}, false
		}
	}
	if field != 6 {
		return time.Time{}, false
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*100, time.UTC), true
}
