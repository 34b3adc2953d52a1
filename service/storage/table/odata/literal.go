package odata

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"reslog/service/storage/tablestore"
)

// literal is a constant. Its text and number are as those of a
// tablestore.Property; float is the value of a Double.
type literal struct {
	typ    tablestore.Type
	text   string
	number int64
	float  float64
}

// typeNames are the names of types in errors.
var typeNames = [...]string{
	tablestore.String: "Edm.String", tablestore.Binary: "Edm.Binary", tablestore.Boolean: "Edm.Boolean",
	tablestore.DateTime: "Edm.DateTime", tablestore.Double: "Edm.Double", tablestore.GUID: "Edm.Guid",
	tablestore.Int32: "Edm.Int32", tablestore.Int64: "Edm.Int64",
}

// wordLiteral is the constant that a word stands for.
func wordLiteral(word string) (literal, bool) {
	switch word {
	case "true":
		return literal{typ: tablestore.Boolean, number: 1}, true
	case "false":
		return literal{typ: tablestore.Boolean}, true
	case "NaN":
		return literal{typ: tablestore.Double, float: math.NaN()}, true
	case "INF":
		return literal{typ: tablestore.Double, float: math.Inf(1)}, true
	}
	return literal{}, false
}

// numberLiteral is the constant of a number that is well formed; fraction says that
// it has one, or an exponent. The caller knows where it is.
//
// Source: [MS-ODATA] 2.2.2, abstract type system: an Edm.Int64 ends with L, an
// Edm.Double may end with D; F and M make types that the service does not have.
func numberLiteral(digits, suffix string, fraction bool) (literal, *Error) {
	switch {
	case strings.EqualFold(suffix, "D"), suffix == "" && fraction:
		return doubleLiteral(digits)
	case strings.EqualFold(suffix, "F"), strings.EqualFold(suffix, "M"):
		return literal{}, &Error{Reason: "there are no constants of type Edm.Single and Edm.Decimal", Unsupported: true}
	case suffix == "":
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			return literal{}, &Error{Reason: "unrecognized 'Edm.Int32' literal '" + clip(digits) + "'; an Edm.Int64 ends with L"}
		}
		return literal{typ: tablestore.Int32, number: n}, nil
	case strings.EqualFold(suffix, "L") && !fraction:
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return literal{}, &Error{Reason: "unrecognized 'Edm.Int64' literal '" + clip(digits) + "L'"}
		}
		return literal{typ: tablestore.Int64, number: n}, nil
	}
	return literal{}, &Error{Reason: "the number ends with " + clip(suffix)}
}

func doubleLiteral(digits string) (literal, *Error) {
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return literal{}, &Error{Reason: "unrecognized 'Edm.Double' literal '" + clip(digits) + "'"}
	}
	return literal{typ: tablestore.Double, float: f}, nil
}

// typedLiteral is the constant that typ'text' stands for. The caller knows where it
// is.
func typedLiteral(typ, text string) (literal, *Error) {
	var v literal
	var ok bool
	switch folded := strings.ToLower(typ); {
	case typ == "X", folded == "binary":
		raw, err := hex.DecodeString(text)
		v, ok = literal{typ: tablestore.Binary, text: string(raw)}, err == nil
	case folded == "guid":
		v, ok = literal{typ: tablestore.GUID, text: strings.ToLower(text)}, isGUID(text)
	case folded == "datetime":
		v.typ = tablestore.DateTime
		v.number, ok = parseDateTime(text)
	case folded == "time", folded == "datetimeoffset", folded == "geography", folded == "geometry":
		return v, &Error{Reason: "there are no constants of type " + typ, Unsupported: true}
	default:
		return v, &Error{Reason: clip(typ) + " is no type of constants"}
	}
	if !ok {
		return v, &Error{Reason: "the " + typ + " is not well formed"}
	}
	return v, nil
}

// isGUID reports whether s has the form 8-4-4-4-12 in hexadecimal.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (s[i] == '-') || !hyphen && strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}

// The layouts of a datetime, without its zone.
var dateTimeLayouts = [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}

// parseDateTime returns the ticks of a date: a day, with the time to minutes,
// seconds or parts of them, in UTC or in the zone it names. What is finer than a
// tick is cut off.
func parseDateTime(s string) (ticks int64, ok bool) {
	if len(s) > 64 {
		return 0, false
	}
	s, east, ok := cutZone(s)
	if !ok {
		return 0, false
	}
	for _, layout := range dateTimeLayouts {
		// Parse takes a fraction of the second though the layout has none. It also
		// takes one after a comma, and an hour of one digit, which are wrong here.
		t, err := time.Parse(layout, s)
		if err != nil || t.Year() < 1 || strings.IndexByte(s, ',') >= 0 || len(s) > 10 && s[13] != ':' {
			continue
		}
		n := tablestoreTicks(t.Add(-east))
		return n, n >= 0 && t.Add(-east).Year() <= 9999
	}
	return 0, false
}

// cutZone takes the zone off the end of a time: Z, or hours and minutes east of UTC.
func cutZone(s string) (rest string, east time.Duration, ok bool) {
	if rest, found := strings.CutSuffix(s, "Z"); found {
		return rest, 0, true
	}
	i := len(s) - len("+00:00")
	if i < len("2006-01-02T15:04") || s[i] != '+' && s[i] != '-' {
		return s, 0, true
	}
	t, err := time.Parse("15:04", s[i+1:])
	if err != nil || t.Hour() > 14 {
		return s, 0, false
	}
	east = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	if s[i] == '-' {
		east = -east
	}
	return s[:i], east, true
}

// tablestoreTicks returns t as tablestore counts a DateTime: in 100 ns since the
// year 1.
func tablestoreTicks(t time.Time) int64 {
	const secondsTo1970 = 62135596800
	return (t.Unix()+secondsTo1970)*1e7 + int64(t.Nanosecond()/100)
}
