package ticks

import (
	"strconv"
	"strings"
)

// FormatDate writes a date as it is printed everywhere:
// "2024-01-02T03:04:05.0000000Z".
func FormatDate(t int64) string {
	var b [28]byte
	year, month, day := Civil(t)
	clock := t - FloorDiv(t, Day)*Day
	put(b[0:4], year)
	b[4] = '-'
	put(b[5:7], month)
	b[7] = '-'
	put(b[8:10], day)
	b[10] = 'T'
	put(b[11:13], clock/Hour)
	b[13] = ':'
	put(b[14:16], clock/Minute%60)
	b[16] = ':'
	put(b[17:19], clock/Second%60)
	b[19] = '.'
	put(b[20:27], clock%Second)
	b[27] = 'Z'
	return string(b[:])
}

// FormatSpan writes a span: "[-][d.]hh:mm:ss[.fffffff]", with seven digits of a
// fraction or none.
func FormatSpan(t int64) string {
	b := make([]byte, 0, 26)
	u := uint64(t)
	if t < 0 {
		b = append(b, '-')
		u = -u
	}
	if d := u / Day; d > 0 {
		b = strconv.AppendUint(b, d, 10)
		b = append(b, '.')
	}
	clock := int64(u % Day)
	n := len(b)
	b = append(b, "00:00:00"...)
	put(b[n:n+2], clock/Hour)
	put(b[n+3:n+5], clock/Minute%60)
	put(b[n+6:n+8], clock/Second%60)
	if f := clock % Second; f != 0 {
		b = append(b, ".0000000"...)
		put(b[n+9:], f)
	}
	return string(b)
}

// put writes n with leading zeros into all of b.
func put(b []byte, n int64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

// delimiters are what a pattern may have between its fields.
const delimiters = " /-:,._[]"

// FormatDateAs writes a date by a pattern of format_datetime. A run of a letter
// is taken in the longest fields there are: dddd is dd twice. It fails for a
// pattern with anything but fields and delimiters.
func FormatDateAs(t int64, pattern string) (string, bool) {
	year, month, day := Civil(t)
	clock := t - FloorDiv(t, Day)*Day
	return format(pattern, func(b []byte, field byte, run int) ([]byte, int) {
		switch field {
		case 'y':
			switch {
			case run >= 4:
				return pad(b, year, 4), 4
			case run >= 2:
				return pad(b, year%100, 2), 2
			}
			return pad(b, year%100, 1), 1
		case 'M':
			return two(b, month, run)
		case 'd':
			return two(b, day, run)
		case 'h':
			return two(b, (clock/Hour+11)%12+1, run)
		case 't':
			if run < 2 {
				return b, 0
			}
			if clock < 12*Hour {
				return append(b, "AM"...), 2
			}
			return append(b, "PM"...), 2
		}
		return ofClock(b, field, run, clock)
	})
}

// FormatSpanAs writes a span by a pattern of format_timespan; see FormatDateAs.
func FormatSpanAs(t int64, pattern string) (string, bool) {
	u := uint64(t)
	if t < 0 {
		u = -u
	}
	days, clock := int64(u/Day), int64(u%Day)
	text, ok := format(pattern, func(b []byte, field byte, run int) ([]byte, int) {
		switch field {
		case 'd':
			run = min(run, 8)
			return pad(b, days, run), run
		case 'h':
			return two(b, clock/Hour, run)
		}
		return ofClock(b, field, run, clock)
	})
	if ok && t < 0 {
		text = "-" + text
	}
	return text, ok
}

// format walks over a pattern. field appends a field of at most run letters and
// says how many it took; none is a mistake in the pattern.
func format(pattern string, field func(b []byte, field byte, run int) ([]byte, int)) (string, bool) {
	b := make([]byte, 0, len(pattern)+8)
	for i := 0; i < len(pattern); {
		c := pattern[i]
		if strings.IndexByte(delimiters, c) >= 0 {
			b = append(b, c)
			i++
			continue
		}
		run := 1
		for i+run < len(pattern) && pattern[i+run] == c {
			run++
		}
		var n int
		if b, n = field(b, c, run); n == 0 {
			return "", false
		}
		i += n
	}
	return string(b), true
}

// ofClock appends the fields that dates and spans share.
func ofClock(b []byte, field byte, run int, clock int64) ([]byte, int) {
	switch field {
	case 'H':
		return two(b, clock/Hour, run)
	case 'm':
		return two(b, clock/Minute%60, run)
	case 's':
		return two(b, clock/Second%60, run)
	case 'f', 'F':
		run = min(run, 7)
		n := len(b)
		b = pad(b, clock%Second, 7)[:n+run]
		for field == 'F' && len(b) > n && b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
		return b, run
	}
	return b, 0
}

// two appends a field of one or two digits.
func two(b []byte, n int64, run int) ([]byte, int) {
	run = min(run, 2)
	return pad(b, n, run), run
}

// pad appends n with at least width digits.
func pad(b []byte, n int64, width int) []byte {
	text := strconv.FormatInt(n, 10)
	for i := len(text); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, text...)
}
