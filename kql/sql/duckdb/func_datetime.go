package duckdb

import (
	"fmt"
	"strings"

	"reslog/internal/ticks"
	"reslog/kql"
)

// Dates are never before 0001-01-01, so whole division of one is exact. What the
// calendar is needed for goes through DuckDB's DATE, which is proleptic Gregorian
// as ours is.
const (
	sqlDay  = "864000000000"
	sqlDate = "(DATE '0001-01-01' + ($1 // 864000000000)::INTEGER)"
	// sqlOffset is the second argument, kept where no product of it overflows;
	// null is far away, where there are no dates.
	sqlOffset = "greatest(least($2, 5000000), -5000000)"
)

// datetimeCalls print functions on dates and spans.
var datetimeCalls = calls{
	"bin_at": binAt,

	"startofday":   period("($1 // "+sqlDay+") + "+sqlOffset, "%s * "+sqlDay, 0, 3652058, false),
	"endofday":     period("($1 // "+sqlDay+") + "+sqlOffset, "%s * "+sqlDay, 0, 3652058, true),
	"startofweek":  period(weekOf, "%s * "+sqlDay, 0, 3652058, false),
	"endofweek":    period("("+weekOf+" + 1) // 7", "(%s * 7 - 1) * "+sqlDay, 0, 521721, true),
	"startofmonth": period(monthOf, monthStart, 12, 9999*12+11, false),
	"endofmonth":   period(monthOf, monthStart, 12, 9999*12+11, true),
	"startofyear":  period("year("+sqlDate+") + "+sqlOffset, yearStart, 1, 9999, false),
	"endofyear":    period("year("+sqlDate+") + "+sqlOffset, yearStart, 1, 9999, true),

	"dayofweek":    template("(($1 // " + sqlDay + " + 1) % 7) * " + sqlDay),
	"dayofmonth":   template("day(" + sqlDate + ")::INTEGER"),
	"dayofyear":    template("dayofyear(" + sqlDate + ")::INTEGER"),
	"hourofday":    template("(($1 // 36000000000) % 24)::INTEGER"),
	"week_of_year": template("week(" + sqlDate + ")::INTEGER"),
	"monthofyear":  template("month(" + sqlDate + ")"),
	"getmonth":     template("month(" + sqlDate + ")"),
	"getyear":      template("year(" + sqlDate + ")"),

	"datetime_part": datetimePart,
	"datetime_diff": datetimeDiff,
	"datetime_add":  datetimeAdd,

	"unixtime_seconds_todatetime":      unixTime(ticks.Second, 1),
	"unixtime_milliseconds_todatetime": unixTime(ticks.Millisecond, 1),
	"unixtime_microseconds_todatetime": unixTime(ticks.Microsecond, 1),
	"unixtime_nanoseconds_todatetime":  unixTime(1, 100),
}

// weekOf is the number of the Sunday on or before a date, moved by weeks. Day 0
// was a Monday.
const weekOf = "($1 // " + sqlDay + ") - ($1 // " + sqlDay + " + 1) % 7 + 7 * " + sqlOffset

// monthOf counts months from the year 0.
const monthOf = "year(" + sqlDate + ") * 12 + month(" + sqlDate + ") - 1 + " + sqlOffset

const (
	monthStart = "(make_date(%[1]s // 12, %[1]s %% 12 + 1, 1) - DATE '0001-01-01') * " + sqlDay
	yearStart  = "(make_date(%s, 1, 1) - DATE '0001-01-01') * " + sqlDay
)

// period prints the start of a period that has a number, or the last tick of it:
// null when the number is not from first to last.
func period(number, start string, first, last int64, end bool) emit {
	return func(_ *kql.Call, args []string) (string, error) {
		n := number
		if len(args) == 1 {
			n = strings.NewReplacer(" + 7 * "+sqlOffset, "", " + "+sqlOffset, "").Replace(n)
		}
		n = "(" + fill(n, args) + ")"
		value := fmt.Sprintf(start, n)
		if end {
			value = fmt.Sprintf(start, "("+n+" + 1)") + " - 1"
		}
		return fmt.Sprintf("CASE WHEN %s BETWEEN %d AND %d THEN %s END", n, first, last, value), nil
	}
}

// binAt is bin counted from a fixed point.
func binAt(c *kql.Call, args []string) (string, error) {
	switch c.Args[0].Type() {
	case kql.Real, kql.Decimal:
		return fill("CASE WHEN $2 > 0 THEN $3 + floor(($1 - $3) / $2) * $2 END", args), nil
	case kql.Datetime:
		return fill(inDates("CASE WHEN $2 > 0 THEN $1 - ((($1 - $3) % $2 + $2::HUGEINT) % $2) END"), args), nil
	}
	return whole64("CASE WHEN $2 > 0 THEN $1::HUGEINT - ((($1::HUGEINT - $3) % $2 + $2) % $2) END", c, args), nil
}

// whole64 prints an expression of 128 bits as one of the call's type; what does
// not fit is null.
func whole64(pattern string, c *kql.Call, args []string) string {
	as := "BIGINT"
	if c.T == kql.Int {
		as = "INTEGER"
	}
	return "TRY_CAST(" + fill(pattern, args) + " AS " + as + ")"
}

// inDates makes a pattern of 128 bits a date: null for what is none.
func inDates(pattern string) string {
	return fmt.Sprintf("CASE WHEN (%[1]s) BETWEEN 0 AND %[2]d THEN (%[1]s)::BIGINT END", pattern, int64(ticks.Max))
}

// partOf is the constant that names a part of a date, in lower case.
func partOf(c *kql.Call) (string, error) {
	part, ok := constantString(c.Args[0])
	if !ok {
		return "", refuse(c, "a part that is not constant is not supported")
	}
	return strings.ToLower(part), nil
}

// unit is the length of a part that is one everywhere.
func unit(part string) (length int64, ok bool) {
	switch part {
	case "week":
		return 7 * ticks.Day, true
	case "day":
		return ticks.Day, true
	case "hour":
		return ticks.Hour, true
	case "minute":
		return ticks.Minute, true
	case "second":
		return ticks.Second, true
	case "millisecond":
		return ticks.Millisecond, true
	case "microsecond":
		return ticks.Microsecond, true
	}
	return 0, false
}

func datetimePart(c *kql.Call, args []string) (string, error) {
	part, err := partOf(c)
	if err != nil {
		return "", err
	}
	var pattern string
	switch part {
	case "year", "quarter", "month", "day", "dayofyear":
		pattern = part + "(" + sqlDate + ")"
	case "weekofyear", "week_of_year":
		pattern = "week(" + sqlDate + ")"
	case "hour":
		pattern = "($1 // 36000000000) % 24"
	case "minute":
		pattern = "($1 // 600000000) % 60"
	case "second":
		pattern = "($1 // 10000000) % 60"
	case "millisecond":
		pattern = "($1 % 10000000) // 10000"
	case "microsecond":
		pattern = "($1 % 10000000) // 10"
	case "nanosecond":
		pattern = "($1 % 10000000) * 100"
	default:
		return "", refuse(c, "part %q of a date is not known", part)
	}
	return "(" + fill(pattern, args[1:]) + ")::INTEGER", nil
}

// datetimeDiff counts the boundaries of a part that lie between two dates.
func datetimeDiff(c *kql.Call, args []string) (string, error) {
	part, err := partOf(c)
	if err != nil {
		return "", err
	}
	var number string
	switch part {
	case "year":
		number = "year(" + sqlDate + ")"
	case "quarter":
		number = "(year(" + sqlDate + ") * 4 + quarter(" + sqlDate + "))"
	case "month":
		number = "(year(" + sqlDate + ") * 12 + month(" + sqlDate + "))"
	case "week":
		// Weeks begin on Sunday; day 0 was a Monday.
		number = "(($1 + " + sqlDay + ") // " + fmt.Sprint(7*ticks.Day) + ")"
	case "nanosecond":
		return "TRY_CAST(" + fill("($1::HUGEINT - $2) * 100", args[1:]) + " AS BIGINT)", nil
	default:
		length, ok := unit(part)
		if !ok {
			return "", refuse(c, "part %q of a date is not known", part)
		}
		number = fmt.Sprintf("($1 // %d)", length)
	}
	return fill(number, args[1:2]) + " - " + fill(number, args[2:3]), nil
}

// datetimeAdd adds parts of one length; months are left to the Go function.
func datetimeAdd(c *kql.Call, args []string) (string, error) {
	part, err := partOf(c)
	if err != nil {
		return "", err
	}
	switch part {
	case "year", "quarter", "month":
		return "", nil
	case "nanosecond":
		return fill(inDates("$2 + $1::HUGEINT // 100"), args[1:]), nil
	}
	length, ok := unit(part)
	if !ok {
		return "", refuse(c, "part %q of a date is not known", part)
	}
	return fill(inDates(fmt.Sprintf("$2 + $1::HUGEINT * %d", length)), args[1:]), nil
}

// unixTime prints a number of units since 1970, of times/div ticks, as a date.
func unixTime(times, div int64) emit {
	return func(c *kql.Call, args []string) (string, error) {
		if c.Args[0].Type().IsInteger() {
			return fill(inDates(fmt.Sprintf("%d + ($1::HUGEINT * %d) // %d", int64(ticks.Unix), times, div)), args), nil
		}
		// Where the product is in range it is far below 2^63.
		product := fill(fmt.Sprintf("($1 * %d / %d)", times, div), args)
		return fmt.Sprintf("CASE WHEN %[1]s BETWEEN %[2]d AND %[3]d THEN %[4]d + trunc(%[1]s)::BIGINT END",
			product, -int64(ticks.Unix), int64(ticks.Max-ticks.Unix), int64(ticks.Unix)), nil
	}
}
