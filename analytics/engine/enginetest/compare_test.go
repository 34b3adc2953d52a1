//go:build cgo

package enginetest_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"reslog/analytics/engine/enginetest"
	"reslog/internal/ticks"
	"reslog/kql"
)

// engineTypes are the names that the engine's answers have for types.
var engineTypes = map[string]kql.Type{
	"SByte": kql.Bool, "Int32": kql.Int, "Int64": kql.Long, "Double": kql.Real, "SqlDecimal": kql.Decimal, "String": kql.String,
	"DateTime": kql.Datetime, "TimeSpan": kql.Timespan, "Guid": kql.Guid, "Object": kql.Dynamic,
}

var sorts = regexp.MustCompile(`\b(sort by|order by|top \d+ by|serialize)\b`)

// differs says what is wrong with a result, empty for nothing.
func (c corpus) differs(r enginetest.Result) string {
	names := make([]string, len(r.Columns))
	for i, col := range r.Columns {
		names[i] = col.Name
	}
	if !slices.Equal(names, c.Columns) {
		return fmt.Sprintf("columns are %q, want %q", names, c.Columns)
	}
	for i, name := range c.Types {
		if want := engineTypes[name]; want != r.Columns[i].Type {
			return fmt.Sprintf("column %s is %s, want %s", names[i], r.Columns[i].Type, want)
		}
	}
	want, n := c.Rows, len(c.Rows)
	for _, text := range c.Texts {
		want, n = append(want, values(text)), c.RowCount
	}
	if n != len(r.Rows) {
		return fmt.Sprintf("%d rows, want %d", len(r.Rows), n)
	}
	// What sorts inside of mv-apply says nothing about the rows outside.
	ordered := sorts.MatchString(c.Query) && !strings.Contains(c.Query, "mv-apply")
	used := make([]bool, len(r.Rows))
	for i, w := range want {
		at := -1
		for j, row := range r.Rows {
			if !used[j] && (!ordered || i == j) && sameRow(r.Columns, row, w) {
				at = j
				break
			}
		}
		if at < 0 {
			return fmt.Sprintf("no row is %v\nhave %.2000s", w, fmt.Sprint(shown(r)))
		}
		used[at] = true
	}
	return ""
}

// shown are rows with dates and spans as text.
func shown(r enginetest.Result) [][]any {
	out := make([][]any, len(r.Rows))
	for i, row := range r.Rows {
		out[i] = slices.Clone(row)
		for j, v := range row {
			if n, ok := v.(int64); ok && r.Columns[j].Type == kql.Datetime {
				out[i][j] = ticks.FormatDate(n)
			} else if ok && r.Columns[j].Type == kql.Timespan {
				out[i][j] = ticks.FormatSpan(n)
			}
		}
	}
	return out
}

func sameRow(columns []kql.Column, got, want []any) bool {
	for i := range got {
		if i >= len(want) || !sameValue(columns[i].Type, got[i], want[i]) {
			return false
		}
	}
	return len(got) == len(want)
}

func sameValue(t kql.Type, got, want any) bool {
	if want == nil || got == nil {
		return want == nil && (got == nil || got == "null")
	}
	text := fmt.Sprint(want)
	switch t {
	case kql.Bool:
		return got == slices.Contains([]string{"True", "true", "1"}, text)
	case kql.Int, kql.Long:
		return fmt.Sprint(got) == text
	case kql.Real, kql.Decimal:
		f, err := strconv.ParseFloat(text, 64)
		return err == nil && near(got.(float64), f)
	case kql.Datetime:
		at, ok := ticks.ParseDate(text)
		return ok && got == at
	case kql.Timespan:
		span, ok := ticks.ParseSpan(text)
		return ok && got == span
	case kql.Dynamic:
		var v any
		d := json.NewDecoder(strings.NewReader(got.(string)))
		d.UseNumber()
		return d.Decode(&v) == nil && sameJSON(v, want)
	}
	return got == text
}

// near allows for the last digits: the engine sums in another order, and gives
// variances to ten digits behind the point.
func near(f, g float64) bool {
	return f == g || math.IsNaN(f) && math.IsNaN(g) || math.Abs(f-g) <= 1e-10*math.Max(math.Abs(f), math.Abs(g))
}

// sameJSON compares arrays in any order: sets have none, and lists of rows without
// an order neither.
func sameJSON(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		for k := range x {
			if ok = ok && sameJSON(x[k], y[k]); !ok {
				return false
			}
		}
		return ok && len(x) == len(y)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		rest := slices.Clone(y)
		for _, v := range x {
			at := slices.IndexFunc(rest, func(w any) bool { return sameJSON(v, w) })
			if at < 0 {
				return false
			}
			rest = slices.Delete(rest, at, at+1)
		}
		return true
	case json.Number:
		f, err := x.Float64()
		text := fmt.Sprint(b)
		g, err2 := strconv.ParseFloat(text, 64)
		return err == nil && err2 == nil && near(f, g) && strings.ContainsAny(x.String(), ".eE") == strings.ContainsAny(text, ".eE")
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// values reads the text of a row: "(1, 'text', null, [1, 2])". A text ends at a
// quote before a comma or the end; nothing is escaped in it.
func values(row string) []any {
	row = strings.TrimSuffix(strings.TrimPrefix(row, "("), ")")
	var out []any
	for row != "" {
		switch row[0] {
		case '\'', '"':
			quote := row[:1]
			end := strings.Index(row[1:], quote+", ")
			if end < 0 {
				end = strings.LastIndex(row, quote) - 1
			}
			out = append(out, row[1:1+end])
			row = row[end+2:]
		case '[', '{':
			var v any
			d := json.NewDecoder(strings.NewReader(row))
			d.UseNumber()
			if d.Decode(&v) != nil {
				return nil
			}
			out, row = append(out, v), row[d.InputOffset():]
		default:
			text, rest, _ := strings.Cut(row, ", ")
			row = ", " + rest
			if rest == "" {
				row = ""
			}
			if text == "null" {
				out = append(out, nil)
			} else {
				out = append(out, text)
			}
		}
		row = strings.TrimPrefix(row, ", ")
	}
	return out
}
