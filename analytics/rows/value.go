package rows

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"reslog/internal/jsonlex"
	"reslog/kql"
)

// maxText bounds the text of a value, in bytes ("Azure Monitor service limits":
// fields of 64 KB, longer ones are cut).
const maxText = 64 << 10

// convert returns v as a value of a type, and nil when it is none.
func (a *arena) convert(v value, t kql.Type) any {
	if v.kind == null {
		return nil
	}
	switch t {
	case kql.Dynamic:
		return a.dynamic(v)
	case kql.String:
		return a.text(v)
	case kql.Bool:
		if b, ok := a.boolean(v); ok {
			return b
		}
	case kql.Int:
		if n, ok := a.integer(v); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			return n
		}
	case kql.Long:
		if n, ok := a.integer(v); ok {
			return n
		}
	case kql.Real, kql.Decimal:
		if f, ok := a.real(v); ok {
			return f
		}
	case kql.Datetime:
		if v.kind == text {
			if ticks, ok := parseTicks(a.text(v)); ok {
				return ticks
			}
		}
	case kql.Guid:
		if s := a.text(v); isGUID(s) {
			return strings.ToLower(s)
		}
	}
	return nil
}

// text returns a value as text: what a string says, and JSON for the rest.
func (a *arena) text(v value) string {
	if v.kind == null {
		return ""
	}
	return cut(a.whole(v))
}

// whole is text of any length.
func (a *arena) whole(v value) string {
	if v.escaped {
		return a.unescape(v.raw)
	}
	return v.raw
}

// cut shortens text to what a value may have, not in the middle of a character.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// dynamic returns a value as JSON text. What is too long is no JSON once it is
// cut, and becomes a string, as text that is not JSON does in a dynamic column.
func (a *arena) dynamic(v value) any {
	switch {
	case v.kind != text && len(v.raw) <= maxText:
		return v.raw
	case v.kind != text:
		return quote(cut(v.raw))
	}
	// A string that holds an object or an array is one, as parse_json has it.
	s := a.text(v)
	if i := jsonlex.SkipSpace(s, 0); i < len(s) && (s[i] == '{' || s[i] == '[') && json.Valid([]byte(s)) {
		return s
	}
	return quote(s)
}

// quote returns s as a JSON string.
func quote(s string) string { return string(appendQuoted(nil, s)) }

func appendQuoted(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // a string always marshals
	}
	return append(b, text...)
}

// number returns the text of a number, also of one that is written as a string.
func (a *arena) number(v value) (string, bool) {
	switch v.kind {
	case number:
		return v.raw, true
	case text:
		s := strings.TrimSpace(a.text(v))
		return s, s != "" && len(s) <= 40
	}
	return "", false
}

// integer returns a whole number; a fraction is cut off.
func (a *arena) integer(v value) (int64, bool) {
	s, ok := a.number(v)
	if !ok {
		return 0, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > -1<<63 && f < 1<<63) {
		return 0, false
	}
	return int64(f), true
}

func (a *arena) real(v value) (float64, bool) {
	s, ok := a.number(v)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func (a *arena) boolean(v value) (b, ok bool) {
	switch v.kind {
	case boolean:
		return v.raw == "true", true
	case number:
		f, ok := a.real(v)
		return f != 0, ok
	case text:
		switch s := a.text(v); {
		case strings.EqualFold(s, "true"):
			return true, true
		case strings.EqualFold(s, "false"):
			return false, true
		}
	}
	return false, false
}

// isGUID reports whether s is a GUID in form "D".
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if jsonlex.HexDigit(s[i]) < 0 {
			return false
		}
	}
	return true
}
