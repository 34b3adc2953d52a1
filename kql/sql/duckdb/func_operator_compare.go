package duckdb

import (
	"math"

	"reslog/kql"
)

// known reports whether an expression is a constant with a value.
func known(x kql.Expr) bool {
	v, ok := constant(x)
	return ok && v != nil || x.Type() == kql.String
}

// guards are the conditions that reals are numbers: not a number is equal to
// nothing in the language, and greater than all in DuckDB.
func guards(c *kql.Call, args []string) string {
	text := ""
	for i, x := range c.Args {
		if !isReal(x.Type()) {
			continue
		}
		v, ok := constant(x)
		if f, isReal := v.(float64); ok && isReal && !math.IsNaN(f) {
			continue
		}
		text += " AND NOT isnan(" + args[i] + ")"
	}
	return text
}

// values compares dynamic values: their texts, and numbers by what they are.
func values(args []string) string {
	number := "json_type($1) IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND json_type($2) IN ('BIGINT', 'UBIGINT', 'DOUBLE')"
	return fill("($1 = $2 OR ("+number+" AND TRY_CAST($1 AS DOUBLE) = TRY_CAST($2 AS DOUBLE)))", args)
}

func dynamic(c *kql.Call) bool { return c.Args[0].Type() == kql.Dynamic }

func refuseDynamic(c *kql.Call) error {
	return refuse(c, "%s between dynamic values is not supported: convert one with tolong, tostring or the like", c.Func)
}

// equal prints ==.
func equal(c *kql.Call, args []string) (string, error) {
	if known(c.Args[0]) && known(c.Args[1]) && c.Args[0].Type() == kql.String {
		return fill("$1 = $2", args), nil
	}
	plain, err := equalCondition(c, args)
	if err != nil {
		return "", err
	}
	if known(c.Args[0]) || known(c.Args[1]) {
		return "coalesce(" + plain + ", false)", nil
	}
	return fill("CASE WHEN $1 IS NULL AND $2 IS NULL THEN NULL ELSE coalesce("+plain+", false) END", args), nil
}

func equalCondition(c *kql.Call, args []string) (string, error) {
	if dynamic(c) {
		return values(args), nil
	}
	return fill("$1 = $2", args) + guards(c, args), nil
}

// notEqual prints !=.
func notEqual(c *kql.Call, args []string) (string, error) {
	if c.Args[0].Type() == kql.String {
		return fill("$1 <> $2", args), nil
	}
	text, err := equal(c, args)
	return "NOT " + operand(text), err
}

func notEqualCondition(c *kql.Call, args []string) (string, error) {
	switch c.Args[0].Type() {
	case kql.String:
		return fill("$1 <> $2", args), nil
	case kql.Dynamic, kql.Real, kql.Decimal:
		return "", nil
	}
	return fill("$1 IS DISTINCT FROM $2", args), nil
}

// ordered prints < <= > >=.
func ordered(c *kql.Call, args []string) (string, error) {
	if dynamic(c) {
		return "", refuseDynamic(c)
	}
	return fill("$1 "+c.Func+" $2", args) + guards(c, args), nil
}

// between includes both bounds.
func between(c *kql.Call, args []string) (string, error) {
	if dynamic(c) {
		return "", refuseDynamic(c)
	}
	text := fill("$1 >= $2 AND $1 <= $3", args) + guards(c, args)
	if c.Func == "!between" {
		return "NOT (" + text + ")", nil
	}
	return text, nil
}
