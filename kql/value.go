package kql

import (
	"math"
	"strconv"
	"strings"
	"time"

	"reslog/internal/ticks"
)

// Ticks of 100 ns.
const (
	TicksPerSecond int64 = ticks.Second
	TicksPerDay    int64 = ticks.Day
)

// Ticks is a point in time as the plan has it.
func Ticks(t time.Time) int64 { return ticks.FromTime(t) }

// Time is the opposite of Ticks, UTC.
func Time(t int64) time.Time { return ticks.Time(t) }

// parseValue reads the text of a literal, or of a constant string that is meant
// as one. Null is nil.
func parseValue(t Type, text string) (any, bool) {
	if t == String {
		return text, true
	}
	text = strings.TrimSpace(text)
	if text == "null" {
		return nil, true
	}
	switch t {
	case Bool:
		return parseBool(text)
	case Int, Long:
		return parseLong(text, t)
	case Real, Decimal:
		return parseReal(text)
	case Datetime:
		return parseDatetime(text)
	case Timespan:
		return parseTimespan(text)
	case Guid:
		return parseGuid(text)
	}
	return nil, false
}

func parseBool(text string) (any, bool) {
	switch strings.ToLower(text) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n != 0, true
	}
	return nil, false
}

func parseLong(text string, t Type) (any, bool) {
	negative := strings.HasPrefix(text, "-")
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	var n int64
	var err error
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
		var u uint64
		u, err = strconv.ParseUint(hex, 16, 64)
		if n = int64(u); negative { //nolint:gosec // 0xFFFFFFFFFFFFFFFF is -1
			n = -n
		}
	} else {
		n, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil || t == Int && n != int64(int32(n)) { //nolint:gosec // the comparison is the check
		return nil, false
	}
	return n, true
}

func parseReal(text string) (any, bool) {
	switch strings.ToLower(text) {
	case "nan":
		return math.NaN(), true
	case "+inf", "inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	}
	if strings.ContainsAny(text, "xXpP_iInN") {
		return nil, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, false
	}
	return f, true
}

func parseGuid(text string) (any, bool) {
	text = strings.ToLower(strings.Trim(text, "{}()"))
	if len(text) == 32 {
		text = text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
	}
	if len(text) != 36 {
		return nil, false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash && c != '-' || !dash && !hex {
			return nil, false
		}
	}
	return text, true
}
