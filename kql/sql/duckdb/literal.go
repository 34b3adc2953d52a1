package duckdb

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"reslog/kql"
)

// Literal implements sql.Dialect. Every literal has its type: a bare 5 would be
// an INTEGER, and 1.5 a DECIMAL.
func (d Dialect) Literal(t kql.Type, value any) (string, error) {
	switch v := value.(type) {
	case nil:
		if t == kql.String {
			return "''", nil
		}
		if t == kql.Unknown {
			return "NULL", nil
		}
		return "(NULL::" + d.Type(t) + ")", nil
	case bool:
		if t == kql.Bool {
			return strconv.FormatBool(v), nil
		}
	case int64:
		switch t {
		case kql.Int:
			if v == int64(int32(v)) {
				return whole(v, "INTEGER"), nil
			}
		case kql.Long, kql.Datetime, kql.Timespan:
			return whole(v, "BIGINT"), nil
		}
	case float64:
		if t == kql.Real || t == kql.Decimal {
			return double(v), nil
		}
	case string:
		switch t {
		case kql.Dynamic:
			if v == "null" {
				return "(NULL::VARCHAR)", nil
			}
			return text(v), nil
		case kql.String, kql.Guid:
			return text(v), nil
		}
	}
	return "", fmt.Errorf("print a constant of type %s: the plan has %T", t, value)
}

func whole(v int64, as string) string {
	if v < 0 {
		// -5::BIGINT is -(5::BIGINT), which the smallest of all is not.
		return "('" + strconv.FormatInt(v, 10) + "'::" + as + ")"
	}
	return "(" + strconv.FormatInt(v, 10) + "::" + as + ")"
}

func double(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) || math.Signbit(v) {
		return "('" + strings.TrimPrefix(strconv.FormatFloat(v, 'e', -1, 64), "+") + "'::DOUBLE)"
	}
	return strconv.FormatFloat(v, 'e', -1, 64)
}

// text quotes a string. DuckDB has no escapes in '…', and the text of a statement
// ends at a NUL, which is made by a function therefore.
func text(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	s = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.ContainsRune(s, 0) {
		return "(" + strings.ReplaceAll(s, "\x00", "' || chr(0) || '") + ")"
	}
	return s
}
