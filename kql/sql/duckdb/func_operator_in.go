package duckdb

import (
	"strings"

	"reslog/kql"
	"reslog/kql/scalar"
)

// in prints in and in~ over values and dynamic arrays; a table is not a call. It
// is never null.
func in(c *kql.Call, args []string) (string, error) {
	text, err := inCondition(c, args)
	if err != nil || text == "" || c.Args[0].Type() == kql.String {
		return text, err
	}
	return "coalesce(" + text + ", false)", nil
}

// inCondition prints it where null is false.
func inCondition(c *kql.Call, args []string) (string, error) {
	if dynamic(c) {
		return inDynamic(c, args)
	}
	var plain, parts []string
	for i, x := range c.Args[1:] {
		a := args[i+1]
		v, isConstant := constant(x)
		switch {
		case isConstant && v == nil && x.Type() != kql.String:
			// Nothing is in null.
		case x.Type() != kql.Dynamic:
			plain = append(plain, a)
		case isConstant:
			items, err := itemsOf(c, v.(string))
			if err != nil {
				return "", err
			}
			plain = append(plain, items...)
		default:
			part, err := inArray(c, args[0], a)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
	}
	if len(plain) > 0 {
		parts = append(parts, inPlain(c, args[0], plain))
	}
	if len(parts) == 0 {
		return "false", nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", nil
}

func fold(c *kql.Call) bool { return strings.HasSuffix(c.Func, "~") }

// inPlain compares with a list of printed values.
func inPlain(c *kql.Call, x string, items []string) string {
	guard := ""
	if isReal(c.Args[0].Type()) {
		guard = " AND NOT isnan(" + x + ")"
	}
	if fold(c) {
		x = "lower(" + x + ")"
		for i := range items {
			items[i] = "lower(" + items[i] + ")"
		}
	}
	return x + " IN (" + strings.Join(items, ", ") + ")" + guard
}

// itemsOf are the elements of a constant array that can be equal to a value of the
// left side's type, as literals. Elements of other kinds are equal to none.
func itemsOf(c *kql.Call, array string) ([]string, error) {
	items, ok := elements(array)
	if !ok {
		return nil, refuse(c, "%s over a dynamic value that is no JSON is not supported", c.Func)
	}
	var out []string
	for _, item := range items {
		if lit, ok := literalOf(c.Args[0].Type(), item); ok {
			out = append(out, lit)
		} else if t := c.Args[0].Type(); t == kql.Datetime || t == kql.Timespan || t == kql.Bool {
			return nil, refuse(c, "%s of a %s over a dynamic array is not supported: list the values", c.Func, t)
		}
	}
	return out, nil
}

// literalOf is a dynamic value as a literal of type t.
func literalOf(t kql.Type, item scalar.Value) (string, bool) {
	switch {
	case t == kql.String && item.Kind == scalar.String:
		return text(item.Str), true
	case t == kql.Guid && item.Kind == scalar.String:
		return text(strings.ToLower(item.Str)), true
	case t.IsNumber() && item.Kind == scalar.Long:
		return whole(item.Long, "BIGINT"), true
	case t.IsNumber() && item.Kind == scalar.Real:
		return double(item.Real), true
	}
	return "", false
}

// inArray compares with the elements of an array that is computed.
func inArray(c *kql.Call, x, array string) (string, error) {
	list := "CASE WHEN json_type($2) = 'ARRAY' THEN CAST(json_extract($2, '$[*]') AS VARCHAR[]) ELSE [$2] END"
	switch t := c.Args[0].Type(); {
	case t == kql.String && fold(c):
		list = "list_transform(" + list + ", lambda v: lower(v))"
		return fill("coalesce(list_contains("+list+", lower(CAST(to_json($1) AS VARCHAR))), false)", []string{x, array}), nil
	case t == kql.String, t == kql.Guid, t.IsInteger():
		return fill("coalesce(list_contains("+list+", "+jsonOf(t, "$1")+"), false)", []string{x, array}), nil
	}
	return "", refuse(c, "%s of a %s over a dynamic value that is computed is not supported", c.Func, c.Args[0].Type())
}

// inDynamic compares a dynamic value with others.
func inDynamic(c *kql.Call, args []string) (string, error) {
	parts := make([]string, len(args)-1)
	for i, a := range args[1:] {
		if v, ok := constant(c.Args[i+1]); ok {
			if s, isText := v.(string); isText && strings.HasPrefix(s, "[") {
				return "", refuse(c, "%s of a dynamic value over an array is not supported: convert it with tostring or the like", c.Func)
			}
		} else if x, isBox := c.Args[i+1].(*kql.Call); !isBox || x.Func != "dynamic" {
			return "", refuse(c, "%s of a dynamic value over an array is not supported: convert it with tostring or the like", c.Func)
		}
		parts[i] = values([]string{args[0], a})
	}
	return strings.Join(parts, " OR "), nil
}
