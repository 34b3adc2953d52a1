package table

import (
	"math"
	"strconv"
	"strings"
	"time"

	"reslog/service/storage/tablestore"
)

// The values of properties as text, in the forms of OData JSON.

// Ticks are 100 ns since the year 1, UTC.
const (
	ticksPerSecond = 10_000_000
	unixEpoch      = 621_355_968_000_000_000 // 1970, in ticks
	minDateTime    = 504_911_232_000_000_000 // 1601, in ticks: the first that can be kept
	maxDateTime    = 3_155_378_975_999_999_999
)

// ticksOf and timeOf turn times into ticks and back.
func ticksOf(t time.Time) int64 {
	return t.Unix()*ticksPerSecond + int64(t.Nanosecond()/100) + unixEpoch
}

func timeOf(ticks int64) time.Time {
	ticks -= unixEpoch
	seconds, rest := ticks/ticksPerSecond, ticks%ticksPerSecond
	return time.Unix(seconds, rest*100).UTC()
}

// appendTime appends a time as 2024-01-02T03:04:05.0067Z, without zeros at the end
// of the fraction; colon is how a colon is written.
func appendTime(b []byte, t time.Time, colon string) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, '-'), int(month), 2)
	b = appendDigits(append(b, '-'), day, 2)
	b = appendDigits(append(b, 'T'), hour, 2)
	b = appendDigits(append(b, colon...), minute, 2)
	b = appendDigits(append(b, colon...), second, 2)
	if fraction := t.Nanosecond() / 100; fraction != 0 {
		b = appendDigits(append(b, '.'), fraction, 7)
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return append(b, 'Z')
}

// appendDigits appends n with zeros before it, width digits in all, nine at most.
func appendDigits(b []byte, n, width int) []byte {
	var digits [9]byte
	for i := len(digits) - 1; i >= len(digits)-width; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, digits[len(digits)-width:]...)
}

// parseDateTime reads a time: 2024-01-02T03:04:05, with a fraction of any length
// (of which seven digits count), and with Z, an offset or nothing, which is UTC.
func parseDateTime(s string) (ticks int64, ok bool) {
	const shortest = "2006-01-02T15:04:05"
	if len(s) < len(shortest) || s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	year, month, day := digits(s[0:4]), digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	if year < 1 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day {
		return 0, false // the 30th of February
	}
	fraction, rest, ok := parseFraction(s[len(shortest):])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, false
	}
	ticks = ticksOf(t) + fraction - offset
	return ticks, ticks >= 0 && ticks <= maxDateTime
}

// parseFraction reads ".0067" as ticks, and returns what follows.
func parseFraction(s string) (ticks int64, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	i := 1
	for unit := int64(ticksPerSecond / 10); i < len(s) && s[i]-'0' <= 9; i++ {
		ticks += int64(s[i]-'0') * unit
		unit /= 10
	}
	return ticks, s[i:], i > 1
}

// parseOffset reads what a time is ahead of UTC, in ticks.
func parseOffset(s string) (ticks int64, ok bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hour, minute := digits(s[1:3]), digits(s[4:6])
	if hour < 0 || hour > 14 || minute < 0 || minute > 59 {
		return 0, false
	}
	ticks = int64(hour*60+minute) * 60 * ticksPerSecond
	if s[0] == '-' {
		ticks = -ticks
	}
	return ticks, true
}

// digits is the number that s is, -1 if it is none.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return -1
		}
		n = n*10 + int(d)
	}
	return n
}

// Doubles that are no numbers, as JSON has them.
const (
	nan              = "NaN"
	infinity         = "Infinity"
	negativeInfinity = "-Infinity"
)

// parseDouble reads a number, or the name of one that is none.
func parseDouble(s string) (bits int64, ok bool) {
	var f float64
	switch s {
	case nan:
		f = math.NaN()
	case infinity:
		f = math.Inf(1)
	case negativeInfinity:
		f = math.Inf(-1)
	default:
		var err error
		if s == "" || strings.ContainsAny(s, "xXpPiInN_") { // forms of Go
			return 0, false
		}
		if f, err = strconv.ParseFloat(s, 64); err != nil {
			return 0, false
		}
	}
	return int64(math.Float64bits(f)), true
}

// appendDouble appends a Double the way the service does: with a point or an
// exponent, so that it is read as one again; with an exponent where it would have
// more than fifteen digits before the point or four zeros behind it.
func appendDouble(b []byte, bits int64) []byte {
	f := math.Float64frombits(uint64(bits))
	switch {
	case math.IsNaN(f):
		return append(b, `"`+nan+`"`...)
	case math.IsInf(f, 1):
		return append(b, `"`+infinity+`"`...)
	case math.IsInf(f, -1):
		return append(b, `"`+negativeInfinity+`"`...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e15) {
		return strconv.AppendFloat(b, f, 'E', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[start:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}

// isFinite reports whether a Double is a number that JSON can write.
func isFinite(bits int64) bool {
	f := math.Float64frombits(uint64(bits))
	return !math.IsNaN(f) && !math.IsInf(f, 0)
}

// parseGUID reads a GUID with hyphens and returns it in lower case.
func parseGUID(s string) (string, bool) {
	if len(s) != len("00000000-0000-0000-0000-000000000000") {
		return "", false
	}
	upper := false
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			upper = true
		default:
			return "", false
		}
	}
	if upper {
		s = strings.ToLower(s)
	}
	return s, true
}

// edmNames are the types of properties by their names in annotations.
var edmNames = [...]string{
	tablestore.String:   "Edm.String",
	tablestore.Binary:   "Edm.Binary",
	tablestore.Boolean:  "Edm.Boolean",
	tablestore.DateTime: "Edm.DateTime",
	tablestore.Double:   "Edm.Double",
	tablestore.GUID:     "Edm.Guid",
	tablestore.Int32:    "Edm.Int32",
	tablestore.Int64:    "Edm.Int64",
}

// typeOf is the type that an annotation names.
func typeOf(name string) (tablestore.Type, bool) {
	for i, n := range edmNames {
		if n == name {
			return tablestore.Type(i), true
		}
	}
	return 0, false
}
