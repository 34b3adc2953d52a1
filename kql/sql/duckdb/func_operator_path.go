package duckdb

import (
	"strconv"
	"strings"

	"reslog/kql"
)

// path prints d[i][j]…: the printer gives all indexes of a chain at once. Each is
// a name or a position, from the end when negative; what is not there, or is of
// another kind, is null.
func path(c *kql.Call, args []string) (string, error) {
	text, steps := args[0], ""
	flush := func() {
		if steps != "" {
			text, steps = extracted(text, "$"+steps), ""
		}
	}
	for i, x := range c.Args[1:] {
		switch v, _ := constant(x); v := v.(type) {
		case string:
			if plainKey(v) {
				steps += `."` + v + `"`
				continue
			}
			flush()
			text = extracted(text, "/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(v))
		case int64:
			if v >= 0 {
				steps += "[" + strconv.FormatInt(v, 10) + "]"
			} else {
				steps += "[#" + strconv.FormatInt(v, 10) + "]"
			}
		default:
			flush()
			text = indexed(text, args[i+1], x.Type())
		}
	}
	flush()
	return text, nil
}

// extracted is what a constant path of DuckDB leads to.
func extracted(x, path string) string {
	return "nullif(CAST(json_extract(" + x + ", " + text(path) + ") AS VARCHAR), 'null')"
}

// plainKey reports whether a name can stand in quotes in a path. A name that
// cannot is reached by a JSON pointer; that, in turn, would take a number for a
// position of an array.
func plainKey(name string) bool { return name != "" && !strings.ContainsAny(name, "\"\\*") }

// indexed is an element whose index is computed.
func indexed(x, index string, t kql.Type) string {
	if t == kql.String {
		return fill("CASE WHEN json_type($1) = 'OBJECT' THEN nullif(CAST(json_extract($1, '/' || replace(replace($2, '~', '~0'), '/', '~1')) AS VARCHAR), 'null') END", []string{x, index})
	}
	return fill("CASE WHEN json_type($1) = 'ARRAY' THEN nullif(list_extract(CAST(json_extract($1, '$[*]') AS VARCHAR[]), CASE WHEN $2 < 0 THEN $2 WHEN $2 < 2147483647 THEN $2 + 1 END), 'null') END", []string{x, index})
}

// jsonOf is a value of type t as JSON text in the form that dynamic values have;
// null for null.
func jsonOf(t kql.Type, x string) string {
	switch t {
	case kql.Bool, kql.Int, kql.Long:
		return "CAST(" + x + " AS VARCHAR)"
	case kql.Real, kql.Decimal:
		return fill(realText("kql_dynamic_real($1)"), []string{x})
	case kql.String:
		return "CAST(to_json(" + x + ") AS VARCHAR)"
	case kql.Guid:
		return "('\"' || " + x + " || '\"')"
	case kql.Datetime:
		return fill("('\"' || "+dateText+" || '\"')", []string{x})
	case kql.Timespan:
		return "kql_dynamic_timespan(" + x + ")"
	}
	return x
}
