package duckdb

import (
	"strings"

	"reslog/kql"
	"reslog/kql/scalar"
)

// dynamicCalls print functions on dynamic values whose text can be made of texts,
// or asked for at its beginning.
var dynamicCalls = calls{
	"array_length": template("CASE WHEN starts_with($1, '[') THEN CAST(json_array_length($1) AS BIGINT) END"),
	"bag_pack":     pack,
	"pack_array": func(_ *kql.Call, args []string) (string, error) {
		parts := make([]string, len(args))
		for i, a := range args {
			parts[i] = orNull(a)
		}
		return "'[' || " + strings.Join(parts, " || ',' || ") + " || ']'", nil
	},
}

// orNull is a dynamic value inside of another.
func orNull(x string) string { return "coalesce(" + x + ", 'null')" }

// pack prints a bag whose keys are constants, each there once.
func pack(c *kql.Call, args []string) (string, error) {
	if len(args) == 0 {
		return text("{}"), nil
	}
	var b strings.Builder
	seen := map[string]bool{}
	between := "{"
	for i := 0; i+1 < len(args); i += 2 {
		key, ok := packedKey(c.Args[i])
		if !ok || seen[key] {
			return "", nil
		}
		seen[key] = true
		b.WriteString(text(between+string(scalar.AppendQuoted(nil, key))+":") + " || " + orNull(args[i+1]) + " || ")
		between = ","
	}
	return b.String() + "'}'", nil
}

// packedKey is the constant text that a dynamic value holds.
func packedKey(x kql.Expr) (string, bool) {
	if c, ok := x.(*kql.Call); ok && c.Func == "dynamic" && len(c.Args) == 1 {
		return constantString(c.Args[0])
	}
	s, ok := constantString(x)
	v := scalar.Dynamic(s)
	return v.Str, ok && v.Kind == scalar.String
}
