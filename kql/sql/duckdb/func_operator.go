package duckdb

import (
	"reslog/kql"
)

// operatorCalls print the operators, and what conditions are made of.
//
// Equality is total: null equals nothing and differs from every value; only null
// with null is null. Order, logic and arithmetic are null where an operand is.
var operatorCalls = calls{
	"==": equal, "!=": notEqual,
	"<": ordered, "<=": ordered, ">": ordered, ">=": ordered,
	"between": between, "!between": between,
	"and": logic(" AND "), "or": logic(" OR "), "not": template("NOT $1"),
	"iff": iff, "iif": iff, "case": choose, "coalesce": coalesce,
	"isnull": template("$1 IS NULL"), "isnotnull": template("$1 IS NOT NULL"),
	"isempty": isEmpty, "isnotempty": not(isEmpty),

	"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo, "neg": negate,
	"tolong": widen, "toreal": widen, "todouble": widen, "todecimal": widen,
	"dynamic": box,
	"bin":     bin,
	"[]":      path,

	"=~": template("lower($1) = lower($2)"), "!~": template("lower($1) <> lower($2)"),
	"contains": contains, "!contains": not(contains),
	"contains_cs": template("contains($1, $2)"), "!contains_cs": template("NOT contains($1, $2)"),
	"startswith":    template("starts_with(lower($1), lower($2))"),
	"!startswith":   template("NOT starts_with(lower($1), lower($2))"),
	"startswith_cs": template("starts_with($1, $2)"), "!startswith_cs": template("NOT starts_with($1, $2)"),
	"endswith": template("ends_with(lower($1), lower($2))"), "!endswith": template("NOT ends_with(lower($1), lower($2))"),
	"endswith_cs": template("ends_with($1, $2)"), "!endswith_cs": template("NOT ends_with($1, $2)"),
	"has": has, "!has": not(has), "has_cs": has, "!has_cs": not(has),
	"hasprefix": has, "!hasprefix": not(has), "hasprefix_cs": has, "!hasprefix_cs": not(has),
	"hassuffix": has, "!hassuffix": not(has), "hassuffix_cs": has, "!hassuffix_cs": not(has),
	"has_any": hasList, "has_all": hasList,
	"in": in, "!in": not(in), "in~": in, "!in~": not(in),
}

// conditionCalls print operators where null counts as false: plain comparisons,
// which an engine moves to the data and answers from its statistics.
var conditionCalls = calls{
	"==": equalCondition, "!=": notEqualCondition, "in": inCondition,
}

// not is the complement of what is never null.
func not(f emit) emit {
	return func(c *kql.Call, args []string) (string, error) {
		inner := *c
		if inner.Func[0] == '!' {
			inner.Func = inner.Func[1:]
		}
		text, err := f(&inner, args)
		if err == nil && text == "" {
			text, err = call(&inner, args)
		}
		return "NOT " + operand(text), err
	}
}

// logic joins conditions; SQL has the three values of the language.
func logic(word string) emit {
	return func(_ *kql.Call, args []string) (string, error) {
		text := args[0]
		for _, a := range args[1:] {
			text += word + a
		}
		return text, nil
	}
}

var iff = template("CASE WHEN $1 THEN $2 ELSE $3 END")

// choose prints case(condition, value, …, otherwise).
func choose(_ *kql.Call, args []string) (string, error) {
	text := "CASE"
	for i := 0; i+1 < len(args); i += 2 {
		text += fill(" WHEN $1 THEN $2", args[i:])
	}
	return text + " ELSE " + args[len(args)-1] + " END", nil
}

// coalesce is the first that is not null; of strings, the first that is not empty.
func coalesce(c *kql.Call, args []string) (string, error) {
	if c.T != kql.String {
		return fill("coalesce($*)", args), nil
	}
	text := "coalesce("
	for _, a := range args {
		text += "nullif(" + a + ", ''), "
	}
	return text + "'')", nil
}

// isEmpty is true of empty strings, of a dynamic one too, and of null. A string is
// never null, so isnull is false of every one.
func isEmpty(c *kql.Call, args []string) (string, error) {
	switch c.Args[0].Type() {
	case kql.String:
		return fill("$1 = ''", args), nil
	case kql.Dynamic:
		return fill("coalesce($1, '\"\"') = '\"\"'", args), nil
	}
	return fill("$1 IS NULL", args), nil
}

// widen prints the conversions between numbers that lose nothing the language
// would keep.
func widen(c *kql.Call, args []string) (string, error) {
	switch t := c.Args[0].Type(); {
	case t.IsInteger() && c.T != kql.Int, t == c.T, t == kql.Unknown:
		return Dialect{}.Cast(c.T, args[0]), nil
	}
	return "", nil
}

// box makes a dynamic of a value of another type.
func box(c *kql.Call, args []string) (string, error) { return jsonOf(c.Args[0].Type(), args[0]), nil }
