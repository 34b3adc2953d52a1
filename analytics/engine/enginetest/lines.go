//go:build cgo

package enginetest

import (
	"strconv"
	"strings"

	"reslog/internal/ticks"
	"reslog/kql"
	"reslog/kql/scalar"
)

// Lines are the rows as text, values with spaces between: strings in quotes, null
// as null, dates and spans as tostring has them, dynamic values as JSON.
func (r Result) Lines() []string {
	out := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		texts := make([]string, len(row))
		for j, v := range row {
			texts[j] = Text(r.Columns[j].Type, v)
		}
		out[i] = strings.Join(texts, " ")
	}
	return out
}

// Text is a value as Lines has it.
func Text(t kql.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return scalar.FormatReal(v)
	case int64:
		switch t {
		case kql.Datetime:
			return ticks.FormatDate(v)
		case kql.Timespan:
			return ticks.FormatSpan(v)
		}
		return strconv.FormatInt(v, 10)
	case string:
		if t == kql.Dynamic || t == kql.Guid {
			return v
		}
		return strconv.Quote(v)
	}
	return "?"
}
