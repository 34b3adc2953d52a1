package duckdb

import (
	"fmt"

	"reslog/kql"
)

// mathCalls print functions on numbers. Where DuckDB raises an error, outside of
// the domain of a function, it is not asked.
var mathCalls = calls{
	"abs": byType(map[kql.Type]emit{
		kql.Int:      template("abs($1::BIGINT)"),
		kql.Long:     template(absolute),
		kql.Timespan: template(absolute),
		kql.Real:     template("abs($1)"),
		kql.Decimal:  template("abs($1)"),
	}),
	"sign":    template("sign($1)::DOUBLE"),
	"ceiling": template("ceil($1)"),
	"round":   byCount(map[int]emit{1: roundWhole, 2: roundTo}),
	"pow":     template("pow($1, $2)"),
	"sqrt":    template("CASE WHEN $1 < 0 THEN 'nan'::DOUBLE ELSE sqrt($1) END"),
	"exp":     template("exp($1)"),
	"exp2":    template("pow(2::DOUBLE, $1)"),
	"exp10":   template("pow(10::DOUBLE, $1)"),
	"log":     logarithm("ln"),
	"log2":    logarithm("log2"),
	"log10":   logarithm("log10"),
	"sin":     finite("sin($1)"),
	"cos":     finite("cos($1)"),
	"tan":     finite("tan($1)"),
	"cot":     finite("1::DOUBLE / tan($1)"),
	"asin":    template("CASE WHEN $1 BETWEEN -1 AND 1 THEN asin($1) WHEN $1 IS NOT NULL THEN 'nan'::DOUBLE END"),
	"acos":    template("CASE WHEN $1 BETWEEN -1 AND 1 THEN acos($1) WHEN $1 IS NOT NULL THEN 'nan'::DOUBLE END"),
	"atan":    template("atan($1)"),
	"atan2":   template("atan2($1, $2)"),
	"degrees": template("degrees($1)"),
	"radians": template("radians($1)"),

	"isnan":    template("isnan($1)"),
	"isinf":    template("isinf($1)"),
	"isfinite": template("isfinite($1)"),
	"min_of":   template("least($*)"),
	"max_of":   template("greatest($*)"),
	"rand": byCount(map[int]emit{
		0: template("random()"),
		1: template("floor(random() * $1)"),
	}),

	"binary_and":        template("$1 & $2"),
	"binary_or":         template("$1 | $2"),
	"binary_xor":        template("xor($1, $2)"),
	"binary_not":        template("~$1"),
	"bitset_count_ones": template("bit_count($1)::BIGINT"),
}

// absolute leaves the smallest number as it is, as the language wraps around.
const absolute = "CASE WHEN $1 = ('-9223372036854775808'::BIGINT) THEN $1 ELSE abs($1) END"

// logarithm is null for negative numbers and infinite for 0.
func logarithm(name string) emit {
	return template("CASE WHEN $1 > 0 THEN " + name + "($1) WHEN $1 = 0 THEN '-inf'::DOUBLE END")
}

// finite is a function that nothing infinite may be given to.
func finite(pattern string) emit {
	return template("CASE WHEN isfinite($1) THEN " + pattern + " WHEN $1 IS NOT NULL THEN 'nan'::DOUBLE END")
}

func roundWhole(c *kql.Call, args []string) (string, error) {
	if c.Args[0].Type().IsInteger() {
		return args[0], nil
	}
	return fill("round($1)", args), nil
}

// roundTo rounds half away from zero to digits behind the point, or before it. A
// real without digits behind the point is left alone: it has no bits for them.
func roundTo(c *kql.Call, args []string) (string, error) {
	digits, ok := constantLong(c.Args[1])
	if !ok || digits < -300 || digits > 300 {
		return "", refuse(c, "a precision that is no constant is not supported")
	}
	switch {
	case !c.Args[0].Type().IsInteger() && digits >= 0:
		return fill(fmt.Sprintf("CASE WHEN abs($1) < 4503599627370496 THEN round($1, %d) ELSE $1 END", digits), args), nil
	case !c.Args[0].Type().IsInteger():
		return fill(fmt.Sprintf("round($1, %d)", digits), args), nil
	case digits >= 0:
		return args[0], nil
	}
	return "", refuse(c, "whole numbers with a negative precision are not supported")
}
