package duckdb

import (
	"strings"

	"reslog/kql"
)

// Fold implements sql.Dialect. lower folds all of Unicode.
func (Dialect) Fold(x string) string { return "lower(" + x + ")" }

// Cast implements sql.Dialect.
func (d Dialect) Cast(t kql.Type, x string) string { return "CAST(" + x + " AS " + d.Type(t) + ")" }

// IsNaN implements sql.Dialect.
func (Dialect) IsNaN(x string) string { return "isnan(" + x + ")" }

// Shared implements sql.Dialect.
func (Dialect) Shared() string { return "MATERIALIZED" }

// Values implements sql.Dialect.
func (Dialect) Values(rows [][]string, names []string) string {
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = "(" + strings.Join(row, ", ") + ")"
	}
	return "(VALUES " + strings.Join(texts, ", ") + ") AS t(" + strings.Join(names, ", ") + ")"
}

// Numbers implements sql.Dialect.
func (Dialect) Numbers(last, name string) string {
	return "LATERAL generate_series(0, coalesce(" + last + ", -1)) AS n(" + name + ")"
}

// Lateral implements sql.Dialect.
func (Dialect) Lateral() string { return "LATERAL" }

// Random implements sql.Dialect.
func (Dialect) Random() string { return "random()" }

// DistinctOn implements sql.Dialect.
func (Dialect) DistinctOn(keys []string, columns, from, order string) string {
	on := "DISTINCT ON (" + strings.Join(keys, ", ") + ") "
	if len(keys) == 0 {
		return "SELECT " + columns + " FROM " + from + " LIMIT 1"
	}
	if order != "" {
		order = " ORDER BY " + order
	}
	return "SELECT " + on + columns + " FROM " + from + order
}

// Semi implements sql.Dialect.
func (Dialect) Semi(left, right, on string, anti bool) string {
	word := " SEMI JOIN "
	if anti {
		word = " ANTI JOIN "
	}
	return left + word + right + " ON " + on
}

// Same implements sql.Dialect: strings have no null, and plain equality joins
// faster.
func (Dialect) Same(t kql.Type, a, b string) string {
	if t == kql.String {
		return a + " = " + b
	}
	return a + " IS NOT DISTINCT FROM " + b
}

// Items implements sql.Dialect. A bag is an array of bags of one key each, or of
// pairs; what is neither is an array of itself.
func (Dialect) Items(x string, bagArray bool) string {
	pair := "'{' || to_json(p[1])::VARCHAR || ':' || p[2] || '}'"
	if bagArray {
		pair = "'[' || to_json(p[1])::VARCHAR || ',' || p[2] || ']'"
	}
	pairs := "list_zip(json_keys(" + x + "), CAST(json_extract(" + x + ", '$.*') AS VARCHAR[]))"
	bag := "list_transform(" + pairs + ", lambda p: " + pair + ")"
	return "CASE json_type(" + x + ") WHEN 'ARRAY' THEN CAST(json_extract(" + x + ", '$[*]') AS VARCHAR[])" +
		" WHEN 'OBJECT' THEN " + bag + " ELSE [" + x + "] END"
}

// Length implements sql.Dialect.
func (Dialect) Length(list string) string { return "len(" + list + ")" }

// Element implements sql.Dialect.
func (Dialect) Element(list, index string) string {
	return "nullif(list_extract(" + list + ", " + index + " + 1), 'null')"
}

// Greatest implements sql.Dialect.
func (Dialect) Greatest(xs []string) string {
	if len(xs) == 1 {
		return xs[0]
	}
	return "greatest(" + strings.Join(xs, ", ") + ")"
}

// Unnest implements sql.Dialect.
func (Dialect) Unnest(n string) string { return "unnest(range(0, " + n + "))" }

// Steps implements sql.Dialect. A span of whole numbers can be longer than one.
func (Dialect) Steps(t kql.Type, from, to, step string) string {
	way := "(" + step + " > 0 AND " + to + " >= " + from + ") OR (" + step + " < 0 AND " + to + " <= " + from + ")"
	if isReal(t) {
		return "CASE WHEN " + way + " THEN TRY_CAST(floor((" + to + " - " + from + ") / " + step + ") AS BIGINT) END"
	}
	return "CASE WHEN " + way + " THEN TRY_CAST((" + to + "::HUGEINT - " + from + "::HUGEINT) // " + step + " AS BIGINT) END"
}

// At implements sql.Dialect.
func (d Dialect) At(t kql.Type, from, step, i string) string {
	if isReal(t) {
		return from + " + " + i + " * " + step
	}
	// Between from and to, and so in the type of both.
	return "CAST(" + from + "::HUGEINT + " + i + "::HUGEINT * " + step + "::HUGEINT AS " + d.Type(t) + ")"
}

// FirstBin implements sql.Dialect.
func (Dialect) FirstBin(t kql.Type, x, step string) string {
	if isReal(t) {
		return "(floor(" + x + " / " + step + ") * " + step + ")"
	}
	m := "(" + x + " % " + step + ")"
	return "(" + x + " - (" + m + " + " + step + ") % " + step + ")"
}

// LastBin implements sql.Dialect.
func (Dialect) LastBin(t kql.Type, from, to, step string, inclusive bool) string {
	if isReal(t) {
		if inclusive {
			return "TRY_CAST(floor((" + to + " - " + from + ") / " + step + ") AS BIGINT)"
		}
		return "TRY_CAST(ceil((" + to + " - " + from + ") / " + step + ") - 1 AS BIGINT)"
	}
	if inclusive {
		return "TRY_CAST((" + to + "::HUGEINT - " + from + ") // " + step + " AS BIGINT)"
	}
	return "TRY_CAST((" + to + "::HUGEINT - " + from + " - 1) // " + step + " AS BIGINT)"
}

// JSONArray implements sql.Dialect.
func (Dialect) JSONArray(x, order string) string {
	return "('[' || array_to_string(list(" + x + " ORDER BY " + order + "), ',') || ']')"
}

// JSON implements sql.Dialect. Texts are those of the language: 7 digits of a
// second, a point in every real.
func (Dialect) JSON(t kql.Type, x string) string {
	return orNull(jsonOf(t, x))
}
