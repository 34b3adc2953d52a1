package storagelog

import (
	"bytes"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Layouts of the times in a record. Dates are as RFC 850 has them.
const (
	dateLayout = "Monday, 02-Jan-06 15:04:05 GMT"
	timeLength = len("2011-08-09T21:44:36.2481552Z")
)

// checkValue says what is wrong with the stored value of f, "" when nothing is.
func checkValue(f Field, raw []byte) string {
	if len(raw) == 0 {
		if f == FieldVersion || f == FieldStartTime {
			return "empty, but every record has it"
		}
		return ""
	}
	switch f.spec().kind {
	case bareTime:
		if _, ok := parseExactTime(raw); !ok {
			return fmt.Sprintf("%q is no time like 2011-08-09T21:44:36.2481552Z", cut(string(raw), 40))
		}
	case bareNumber:
		n, ok := parseUint(raw)
		if !ok || (f == FieldOperationNumber && n > math.MaxInt32) {
			return fmt.Sprintf("%q is no number, or too great", cut(string(raw), 40))
		}
	case bareGUID:
		if !isGUID(string(raw)) {
			return fmt.Sprintf("%q is no guid like 61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", cut(string(raw), 40))
		}
	case bareDate:
		if t := parseDate(raw); t.IsZero() || t.Weekday().String() != string(raw[:max(bytes.IndexByte(raw, ','), 0)]) {
			return fmt.Sprintf("%q is no date like Tuesday, 09-Aug-11 21:13:26 GMT", cut(string(raw), 40))
		}
	case bareText:
		if bytes.IndexByte(raw, '\t') >= 0 {
			return "a tab in a field without quotes"
		}
		return checkText(raw)
	case quoted:
		if reason := checkText(raw); reason != "" {
			return reason
		}
		return checkEncoded(raw)
	}
	return ""
}

// checkText refuses control characters and what is not UTF-8.
func checkText(raw []byte) string {
	ascii := true
	for _, c := range raw {
		if (c < ' ' && c != '\t') || c == 0x7f {
			return fmt.Sprintf("control character %q", c)
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && !utf8.Valid(raw) {
		return "the text is not UTF-8"
	}
	return ""
}

// checkEncoded refuses text that is not HTML-encoded. The apostrophe is let
// through: not every encoder encodes it, and it means nothing here.
func checkEncoded(raw []byte) string {
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '<', '>':
			return fmt.Sprintf("%q is not HTML-encoded", raw[i])
		case '&':
			_, n := reference(raw[i:])
			if n == 0 && !isNamedReference(raw[i:]) {
				return "& is not HTML-encoded, want &amp;"
			}
		}
	}
	return ""
}

// isNamedReference reports whether b begins with a reference by name, which
// need not be one that the package decodes.
func isNamedReference(b []byte) bool {
	for i := 1; i < min(len(b), 32); i++ {
		c := b[i]
		switch {
		case c == ';':
			return i > 1
		case c|0x20 < 'a' || c|0x20 > 'z':
			if i == 1 || c < '0' || c > '9' {
				return false
			}
		}
	}
	return false
}

// parseUint reads digits and nothing else.
func parseUint(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), n <= math.MaxInt64
}

// isGUID reports whether s is a guid in form "D".
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

// parseExactTime reads the one form that records have.
func parseExactTime(b []byte) (time.Time, bool) {
	if len(b) != timeLength || b[4] != '-' || b[7] != '-' || b[10] != 'T' ||
		b[13] != ':' || b[16] != ':' || b[19] != '.' || b[27] != 'Z' {
		return time.Time{}, false
	}
	var n [7]int
	for i, s := range [7][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}, {20, 27}} {
		for _, c := range b[s[0]:s[1]] {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	if n[0] < 1 || n[1] < 1 || n[1] > 12 || n[2] < 1 || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return time.Time{}, false
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*100, time.UTC)
	return t, t.Day() == n[2] // not 31 February
}

// parseTime reads the time of a record, or a form near to it; the zero time
// when it is none.
func parseTime(b []byte) time.Time {
	if t, ok := parseExactTime(b); ok {
		return t
	}
	s := string(bytes.TrimSpace(cutBytes(b, 64)))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// parseDate reads a date as records have it; the zero time when it is none.
func parseDate(b []byte) time.Time {
	if len(b) == 0 || len(b) > 40 {
		return time.Time{}
	}
	t, err := time.Parse(dateLayout, string(b))
	if err != nil {
		return time.Time{}
	}
	return t
}

func cutBytes(b []byte, n int) []byte { return b[:min(len(b), n)] }
