package rows

import (
	"strconv"
	"strings"
	"time"

	"reslog/kql"
)

// Columns that are made by the types of values have names that end in them: _s
// string, _d number, _b boolean, _t time, _g GUID. Source: "HTTP Data Collector
// API", record type and properties; the same is done for AzureDiagnostics.

// typed returns the suffix of a value and what it is in a column of that type;
// nil for null. Objects and arrays are text.
func (a *arena) typed(v value) (suffix byte, x any) {
	switch v.kind {
	case null:
		return 's', nil
	case boolean:
		return 'b', v.raw == "true"
	case number:
		if f, ok := a.real(v); ok {
			return 'd', f
		}
		return 's', v.raw
	case text:
		s := a.text(v)
		if isGUID(s) {
			return 'g', strings.ToLower(s)
		}
		if len(s) <= 40 && strings.IndexByte(s, 'T') == len("2006-01-02") {
			if ticks, ok := parseISO(s); ok {
				return 't', ticks
			}
		}
		return 's', s
	}
	return 's', cut(v.raw)
}

func suffixType(suffix byte) kql.Type {
	switch suffix {
	case 'b':
		return kql.Bool
	case 'd':
		return kql.Real
	case 't':
		return kql.Datetime
	case 'g':
		return kql.Guid
	}
	return kql.String
}

// appendName appends a name as columns can have it: letters, digits and
// underscores, no digit first; runs of others are one underscore.
func appendName(b []byte, name string) []byte {
	if len(b) == 0 && name != "" && name[0]-'0' <= 9 {
		b = append(b, '_')
	}
	odd := false
	for i := range len(name) {
		c := name[i]
		if c == '_' || c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z' {
			b = append(b, c)
			odd = false
			continue
		}
		if !odd {
			b = append(b, '_')
		}
		odd = true
	}
	return b
}

// appendJSON appends a value that typed made.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case int64:
		t := time.Unix((v-unixTicks)/ticksSecond, v%ticksSecond*100).UTC()
		return append(append(append(b, '"'), t.Format("2006-01-02T15:04:05.0000000Z")...), '"')
	case string:
		return appendQuoted(b, v)
	}
	return append(b, "null"...)
}
