package duckdb

import (
	"fmt"

	"reslog/internal/ticks"
	"reslog/kql"
)

// convertCalls print functions on conversions between types; those out of texts
// and dynamic values are in Go. tolong, toreal and todecimal of a number that they
// only widen are operators.
var convertCalls = calls{
	"tostring": byType(map[kql.Type]emit{
		kql.String:   template("$1"),
		kql.Guid:     template("coalesce($1, '')"),
		kql.Bool:     template("CASE WHEN $1 IS NULL THEN '' WHEN $1 THEN 'True' ELSE 'False' END"),
		kql.Int:      template("coalesce(CAST($1 AS VARCHAR), '')"),
		kql.Long:     template("coalesce(CAST($1 AS VARCHAR), '')"),
		kql.Real:     template(realText("kql_tostring_real($1)")),
		kql.Datetime: template("coalesce(" + dateText + ", '')"),
		// A dynamic string is its text without quotes; the engine's own reading is
		// for those that have escapes.
		kql.Dynamic: template("CASE WHEN $1 IS NULL THEN '' WHEN NOT starts_with($1, '\"') THEN $1 " +
			"WHEN contains($1, '\\') THEN kql_tostring_dynamic($1) ELSE substring($1, 2, length($1) - 2) END"),
	}),
	"toint": byType(map[kql.Type]emit{
		kql.Bool:     template("CAST($1 AS INTEGER)"),
		kql.Int:      template("$1"),
		kql.Long:     narrow,
		kql.Datetime: narrow,
		kql.Timespan: narrow,
		kql.Real:     truncated("INTEGER", "-2147483648", "2147483647"),
		kql.Decimal:  truncated("INTEGER", "-2147483648", "2147483647"),
	}),
	"tolong": byType(map[kql.Type]emit{
		kql.Bool:     template("CAST($1 AS BIGINT)"),
		kql.Datetime: template("$1"),
		kql.Timespan: template("$1"),
		kql.Real:     toLong,
		kql.Decimal:  toLong,
	}),
	"toreal": byType(map[kql.Type]emit{
		kql.Bool:     template("CAST(CAST($1 AS INTEGER) AS DOUBLE)"),
		kql.Datetime: template("CAST($1 AS DOUBLE)"),
		kql.Timespan: template("CAST($1 AS DOUBLE)"),
		kql.Decimal:  template("$1"),
	}),
	"todecimal": byType(map[kql.Type]emit{
		kql.Bool: template("CAST(CAST($1 AS INTEGER) AS DOUBLE)"),
		kql.Real: template("CASE WHEN isfinite($1) THEN $1 + 0.0 END"),
	}),
	"tobool": byType(map[kql.Type]emit{
		kql.Bool:    template("$1"),
		kql.Int:     template("$1 <> 0"),
		kql.Long:    template("$1 <> 0"),
		kql.Real:    template("$1 <> 0"),
		kql.Decimal: template("$1 <> 0"),
	}),
	"todatetime": byType(map[kql.Type]emit{
		kql.Datetime: template("$1"),
		kql.Int:      toDate("CAST($1 AS BIGINT)"),
		kql.Long:     toDate("$1"),
		kql.Real:     toDate("TRY_CAST(trunc($1) AS BIGINT)"),
	}),
	"totimespan": byType(map[kql.Type]emit{
		kql.Timespan: template("$1"),
		kql.Int:      template("CAST($1 AS BIGINT)"),
		kql.Long:     template("$1"),
		kql.Real:     toLong,
	}),
	"gettype": func(c *kql.Call, args []string) (string, error) {
		if t := c.Args[0].Type(); t != kql.Dynamic && t != kql.Unknown {
			return text(t.String()), nil
		}
		return "", nil
	},
}

// dateText is the text of a datetime. Ticks before the last digit are the
// microseconds that DuckDB has.
const dateText = "strftime(make_timestamp($1 // 10 - 62135596800000000), '%Y-%m-%dT%H:%M:%S.%f') || CAST($1 % 10 AS VARCHAR) || 'Z'"

// realText is the text of a real: of a whole number that has few digits at once,
// of all else what other gives.
func realText(other string) string {
	return "CASE WHEN $1 = trunc($1) AND abs($1) < 1e15 AND $1 <> 0 THEN CAST(CAST($1 AS BIGINT) AS VARCHAR) || '.0' ELSE " + other + " END"
}

// narrow prints a whole number in 32 bits, where it wraps around.
var narrow = template("CAST(($1 & 4294967295) - (($1 & 2147483648) * 2) AS INTEGER)")

// truncated prints a real without its fraction: what is too great is the greatest,
// what is infinite or no number null.
func truncated(as, low, high string) emit {
	return template("CASE WHEN NOT isfinite($1) THEN NULL WHEN $1 >= " + high + " THEN " + high + "::" + as +
		" WHEN $1 <= " + low + " THEN CAST('" + low + "' AS " + as + ") ELSE CAST(trunc($1) AS " + as + ") END")
}

// toLong compares with 2^63 as a real: the greatest whole number is none.
var toLong = template("CASE WHEN NOT isfinite($1) THEN NULL WHEN $1 >= 9223372036854775808e0 THEN 9223372036854775807 " +
	"WHEN $1 <= -9223372036854775808e0 THEN CAST('-9223372036854775808' AS BIGINT) ELSE CAST(trunc($1) AS BIGINT) END")

// toDate prints ticks as a date: null for what is none.
func toDate(pattern string) emit {
	return template(fmt.Sprintf("CASE WHEN (%s) BETWEEN 0 AND %d THEN (%[1]s) END", pattern, int64(ticks.Max)))
}
