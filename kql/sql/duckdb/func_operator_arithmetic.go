package duckdb

import (
	"math"
	mathbits "math/bits"
	"strconv"

	"reslog/internal/ticks"
	"reslog/kql"
)

// wrapped is a HUGEINT as the long that its low 64 bits are.
func wrapped(h string) string {
	return "CAST((((" + h + ") % 18446744073709551616 + 27670116110564327424) % 18446744073709551616) - 9223372036854775808 AS BIGINT)"
}

// narrowed is a HUGEINT as a long that wraps around.
func narrowed(h string) string {
	return "CASE WHEN " + h + " BETWEEN -9223372036854775808 AND 9223372036854775807 THEN CAST(" + h + " AS BIGINT) ELSE " + wrapped(h) + " END"
}

// width is how many bits the magnitude of a whole number can have at most.
func width(x kql.Expr) int {
	switch x := x.(type) {
	case *kql.Const:
		if n, ok := x.Value.(int64); ok {
			if n < 0 {
				return mathbits.Len64(uint64(-(n + 1)) + 1)
			}
			return mathbits.Len64(uint64(n))
		}
	case *kql.Call:
		if x.Func == "tolong" && len(x.Args) == 1 && x.Args[0].Type() == kql.Int {
			return 32
		}
	}
	switch x.Type() {
	case kql.Int:
		return 32
	case kql.Datetime:
		return 62
	}
	return 64
}

// small is the condition that the magnitudes of the arguments, whose widths are
// given, fit into so many bits; empty when they do anyhow.
func small(args []string, widths [2]int, limit int) string {
	text := ""
	for i, w := range widths {
		if w <= limit {
			continue
		}
		if text != "" {
			text += " AND "
		}
		bound := strconv.FormatInt(1<<limit-1, 10)
		text += args[i] + " BETWEEN -" + bound + " AND " + bound
	}
	return text
}

// wholeNumbers prints an operator on longs: as it is where it cannot overflow, in 128
// bits where it does.
func wholeNumbers(c *kql.Call, args []string, limit func(other int) int) string {
	widths := [2]int{width(c.Args[0]), width(c.Args[1])}
	plain := fill("($1 "+c.Func+" $2)", args)
	if c.Args[0].Type() == kql.Int || c.Args[1].Type() == kql.Int {
		plain = fill("($1::BIGINT "+c.Func+" $2::BIGINT)", args)
	}
	for i, x := range c.Args {
		if _, ok := x.(*kql.Const); ok {
			// A constant says what the other may be.
			other := small(args, [2]int{widths[0] * i, widths[1] * (1 - i)}, limit(widths[i]))
			return guarded(c, args, other, plain)
		}
	}
	return guarded(c, args, small(args, widths, limit(-1)), plain)
}

func guarded(c *kql.Call, args []string, cond, plain string) string {
	if cond == "" {
		return plain
	}
	return "CASE WHEN " + cond + " THEN " + plain + " ELSE " + wrapped(fill("$1::HUGEINT "+c.Func+" $2::HUGEINT", args)) + " END"
}

// sums is the width up to which a sum does not overflow.
func sums(other int) int {
	if other > 62 {
		return 0
	}
	return 62
}

// products is the same for a product.
func products(other int) int {
	if other < 0 {
		return 31
	}
	return max(63-other, 0)
}

// add prints +.
func add(c *kql.Call, args []string) (string, error) {
	l, r := c.Args[0].Type(), c.Args[1].Type()
	switch c.T {
	case kql.Long, kql.Int:
		return wholeNumbers(c, args, sums), nil
	case kql.Real, kql.Decimal:
		return fill("$1 "+c.Func+" $2", args), nil
	case kql.Datetime:
		if l == kql.Timespan && r == kql.Datetime {
			swapped := &kql.Call{T: c.T, Func: "+", Args: []kql.Expr{c.Args[1], c.Args[0]}, At: c.At}
			return shift(swapped, []string{args[1], args[0]}), nil
		}
		return shift(c, args), nil
	case kql.Timespan:
		return spans(c, args), nil
	}
	return "", refuseDynamic(c)
}

// subtract prints -.
func subtract(c *kql.Call, args []string) (string, error) {
	switch c.T {
	case kql.Timespan:
		if c.Args[0].Type() == kql.Datetime {
			return fill("$1 - $2", args), nil
		}
		return spans(c, args), nil
	case kql.Datetime:
		return shift(c, args), nil
	}
	return add(c, args)
}

// shift prints a datetime and a span: null outside of the years 1 to 9999. With a
// constant span the check is on the datetime alone.
func shift(c *kql.Call, args []string) string {
	if n, ok := constantLong(c.Args[1]); ok && n > -ticks.Max && n < ticks.Max {
		if c.Func == "-" {
			n = -n
		}
		low, high := max(0, -n), min(ticks.Max, ticks.Max-n)
		return fill("CASE WHEN $1 BETWEEN "+strconv.FormatInt(low, 10)+" AND "+strconv.FormatInt(high, 10)+" THEN $1 "+c.Func+" $2 END", args)
	}
	return fill("CASE WHEN $1::HUGEINT "+c.Func+" $2::HUGEINT BETWEEN 0 AND "+strconv.FormatInt(ticks.Max, 10)+" THEN $1 "+c.Func+" $2 END", args)
}

// spans prints a sum of spans, null where it is too long for one.
func spans(c *kql.Call, args []string) string {
	return fill("TRY_CAST($1::HUGEINT "+c.Func+" $2::HUGEINT AS BIGINT)", args)
}

// multiply prints *. A span times a real is cut to whole ticks.
func multiply(c *kql.Call, args []string) (string, error) {
	switch c.T {
	case kql.Long, kql.Int:
		return wholeNumbers(c, args, products), nil
	case kql.Real, kql.Decimal:
		return fill("$1 * $2", args), nil
	case kql.Timespan:
		if c.Args[0].Type() == kql.Real || c.Args[1].Type() == kql.Real {
			return fill("TRY_CAST(trunc($1::DOUBLE * $2::DOUBLE) AS BIGINT)", args), nil
		}
		return fill("TRY_CAST($1::HUGEINT * $2::HUGEINT AS BIGINT)", args), nil
	}
	return "", refuseDynamic(c)
}

// divide prints /: whole numbers toward zero, null for zero.
func divide(c *kql.Call, args []string) (string, error) {
	switch {
	case c.T == kql.Real, c.T == kql.Decimal:
		return fill("$1::DOUBLE / $2::DOUBLE", args), nil
	case c.T == kql.Timespan && c.Args[1].Type() == kql.Real:
		return fill("TRY_CAST(trunc($1::DOUBLE / $2) AS BIGINT)", args), nil
	case c.T.IsInteger() || c.T == kql.Timespan:
		plain := "$1 // $2"
		if c.T == kql.Long {
			plain = "$1::BIGINT // $2::BIGINT"
		}
		if n, ok := constantLong(c.Args[1]); ok && n != -1 {
			return fill(plain, args), nil
		}
		// The smallest by -1 is itself, as all else is that does not fit.
		return fill("CASE WHEN $2 = -1 THEN "+wrapped("-($1::HUGEINT)")+" ELSE "+plain+" END", args), nil
	}
	return "", refuseDynamic(c)
}

// modulo prints %, which is never negative.
func modulo(c *kql.Call, args []string) (string, error) {
	switch c.T {
	case kql.Long, kql.Int, kql.Timespan:
		if n, ok := constantLong(c.Args[1]); ok && n > 0 {
			if n > math.MaxInt64/2 {
				return fill("CAST((($1::HUGEINT % $2) + $2) % $2 AS BIGINT)", args), nil
			}
			return fill("(($1::BIGINT % $2) + $2) % $2", args), nil
		}
		return fill("CAST((($1::HUGEINT % $2::HUGEINT) + abs($2::HUGEINT)) % abs($2::HUGEINT) AS BIGINT)", args), nil
	case kql.Real, kql.Decimal:
		return fill("(($1 % $2) + abs($2)) % abs($2)", args), nil
	}
	return "", refuseDynamic(c)
}

// negate prints the minus before a value.
func negate(c *kql.Call, args []string) (string, error) {
	switch c.T {
	case kql.Real, kql.Decimal:
		return "-" + args[0], nil
	case kql.Timespan:
		return fill("TRY_CAST(-($1::HUGEINT) AS BIGINT)", args), nil
	case kql.Long, kql.Int:
		if width(c.Args[0]) < 64 {
			return fill("-($1::BIGINT)", args), nil
		}
		return fill("CASE WHEN $1 = -9223372036854775808 THEN $1 ELSE -$1 END", args), nil
	}
	return "", refuseDynamic(c)
}

// bin rounds down to a multiple of its second argument: of numbers from zero, of
// dates from the year 1. A width that is not positive gives null.
func bin(c *kql.Call, args []string) (string, error) {
	n, ok := constantLong(c.Args[1])
	ok = ok && n > 0 && n < math.MaxInt64/4
	switch c.T {
	case kql.Real, kql.Decimal:
		return fill("CASE WHEN $2 > 0 THEN floor($1 / $2) * $2 END", args), nil
	case kql.Datetime:
		if ok {
			return fill("$1 - $1 % $2", args), nil
		}
		return fill("CASE WHEN $2 > 0 THEN $1 - $1 % $2 END", args), nil
	case kql.Long, kql.Int, kql.Timespan:
		// Below the smallest there is nothing to round to: it wraps around.
		far := wrapped("$1::HUGEINT - (($1::HUGEINT % $2::HUGEINT) + $2::HUGEINT) % $2::HUGEINT")
		if ok {
			near := "$1 - (($1 % $2) + $2) % $2"
			return Dialect{}.Cast(c.T, fill("CASE WHEN $1 > -4611686018427387904 THEN "+near+" ELSE "+far+" END", args)), nil
		}
		return Dialect{}.Cast(c.T, fill("CASE WHEN $2 > 0 THEN "+far+" END", args)), nil
	}
	return "", nil
}
