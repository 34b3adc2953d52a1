package scalar

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"reslog/internal/ticks"
	"reslog/kql"
)

// convertFuncs are functions on conversions between types. What does not convert
// is null, or empty where the result is a string.
var convertFuncs = []Func{
	convert("tostring", kql.Bool, kql.String, func(a any) any {
		switch a {
		case true:
			return "True"
		case false:
			return "False"
		}
		return ""
	}),
	convert("tostring", kql.Long, kql.String, orEmpty(func(n int64) string { return strconv.FormatInt(n, 10) })),
	convert("tostring", kql.Real, kql.String, orEmpty(FormatReal)),
	convert("tostring", kql.Decimal, kql.String, orEmpty(FormatDecimal)),
	convert("tostring", kql.Datetime, kql.String, orEmpty(ticks.FormatDate)),
	convert("tostring", kql.Timespan, kql.String, orEmpty(ticks.FormatSpan)),
	convert("tostring", kql.Dynamic, kql.String, func(a any) any { return Dynamic(a).String() }),

	convert("toint", kql.Long, kql.Int, func(a any) any { return narrow(a) }),
	convert("toint", kql.Real, kql.Int, func(a any) any { return truncate(a, math.MinInt32, math.MaxInt32) }),
	convert("toint", kql.String, kql.Int, func(a any) any { return intOf(text(a)) }),
	convert("toint", kql.Dynamic, kql.Int, func(a any) any {
		switch v := Dynamic(a); v.Kind {
		case Bool, Long:
			return narrow(v.Long)
		case Real:
			return truncate(v.Real, math.MinInt32, math.MaxInt32)
		case String:
			return intOf(v.Str)
		}
		return nil
	}),
	convert("tolong", kql.Real, kql.Long, func(a any) any { return truncate(a, math.MinInt64, math.MaxInt64) }),
	convert("tolong", kql.String, kql.Long, func(a any) any { return longOf(text(a)) }),
	convert("tolong", kql.Dynamic, kql.Long, func(a any) any { return longOfDynamic(Dynamic(a)) }),

	convert("toreal", kql.String, kql.Real, func(a any) any { return realOf(text(a)) }),
	convert("toreal", kql.Dynamic, kql.Real, func(a any) any { return realOfDynamic(Dynamic(a)) }),
	convert("todecimal", kql.String, kql.Decimal, func(a any) any { return asDecimal(realOf(text(a))) }),
	convert("todecimal", kql.Real, kql.Decimal, asDecimal),
	convert("todecimal", kql.Dynamic, kql.Decimal, func(a any) any { return asDecimal(realOfDynamic(Dynamic(a))) }),

	convert("tobool", kql.String, kql.Bool, func(a any) any { return boolOf(text(a)) }),
	convert("tobool", kql.Dynamic, kql.Bool, func(a any) any {
		switch v := Dynamic(a); v.Kind {
		case Bool, Long:
			return v.Long != 0
		case Real:
			return v.Real != 0
		case String:
			return boolOf(v.Str)
		}
		return nil
	}),

	convert("todatetime", kql.String, kql.Datetime, func(a any) any { return dateOf(text(a)) }),
	convert("todatetime", kql.Dynamic, kql.Datetime, func(a any) any {
		switch v := Dynamic(a); v.Kind {
		case String:
			return dateOf(v.Str)
		case Long, Real:
			return validDate(longOfDynamic(v))
		}
		return nil
	}),
	convert("totimespan", kql.String, kql.Timespan, func(a any) any { return spanOf(text(a)) }),
	convert("totimespan", kql.Dynamic, kql.Timespan, func(a any) any {
		switch v := Dynamic(a); v.Kind {
		case String:
			return spanOf(v.Str)
		case Long, Real:
			return longOfDynamic(v)
		}
		return nil
	}),

	convert("toguid", kql.String, kql.Guid, func(a any) any { return guidOf(text(a)) }),
	convert("toguid", kql.Dynamic, kql.Guid, func(a any) any { return guidOf(Dynamic(a).String()) }),
	convert("gettype", kql.Dynamic, kql.String, func(a any) any {
		return [...]string{Null: "null", Bool: "bool", Long: "long", Real: "double", String: "string", Array: "array", Bag: "dictionary"}[Dynamic(a).Kind]
	}),
	{Name: "kql_tohex_int", Function: "tohex", Params: types(kql.Int), Variadic: kql.Long, Returns: kql.String, Call: func(a []any) any {
		if n, ok := a[0].(int64); ok {
			return hex(uint64(uint32(n)), a)
		}
		return ""
	}},
	{Name: "kql_tohex", Params: types(kql.Long), Variadic: kql.Long, Returns: kql.String, Call: func(a []any) any {
		if n, ok := a[0].(int64); ok {
			return hex(uint64(n), a)
		}
		return ""
	}},
	{Name: "kql_format_bytes", Params: types(kql.Real), Variadic: kql.Long, Returns: kql.String, Call: func(a []any) any { return formatBytes(a, "") }},
	{Name: "kql_format_bytes_unit", Function: "format_bytes", Params: types(kql.Real, kql.Long, kql.String), Returns: kql.String, Call: func(a []any) any {
		return formatBytes(a[:2], text(a[2]))
	}},
}

// convert describes a function of one argument that is one of several of its name.
func convert(name string, from, to kql.Type, call func(any) any) Func {
	return Func{
		Name: "kql_" + name + "_" + from.String(), Function: name, Params: types(from), Returns: to,
		Call: func(a []any) any { return call(a[0]) },
	}
}

// orEmpty gives null an empty text.
func orEmpty[T any](format func(T) string) func(any) any {
	return func(a any) any {
		if x, ok := a.(T); ok {
			return format(x)
		}
		return ""
	}
}

// FormatDecimal is tostring() of a decimal: no point where there is no fraction.
func FormatDecimal(f float64) string {
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// narrow is a whole number in 32 bits, where it wraps around.
func narrow(a any) any {
	if n, ok := a.(int64); ok {
		return int64(int32(n))
	}
	return nil
}

// truncate drops the fraction; what is too great is the greatest, infinity null.
func truncate(a any, low, high int64) any {
	f, ok := a.(float64)
	switch {
	case !ok || math.IsNaN(f) || math.IsInf(f, 0):
		return nil
	case f >= float64(high):
		return high
	case f <= float64(low):
		return low
	}
	return int64(f)
}

// numeral is the text of a number without spaces around it, and without a plus.
func numeral(s string) string {
	s = strings.TrimFunc(s, unicode.IsSpace)
	if len(s) > 1 && s[0] == '+' && s[1] != '-' && s[1] != '+' {
		return s[1:]
	}
	return s
}

// hexDigits is what follows 0x.
func hexDigits(s string) (string, bool) {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		return s[2:], true
	}
	return "", false
}

// longOf reads a whole number: decimal, or hexadecimal of 64 bits.
func longOf(s string) any {
	s = numeral(s)
	if h, ok := hexDigits(s); ok {
		n, err := strconv.ParseUint(h, 16, 64)
		if err != nil {
			return nil
		}
		return int64(n)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return n
}

// intOf is longOf for 32 bits.
func intOf(s string) any {
	s = numeral(s)
	if h, ok := hexDigits(s); ok {
		n, err := strconv.ParseUint(h, 16, 32)
		if err != nil {
			return nil
		}
		return int64(int32(uint32(n)))
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return nil
	}
	return n
}

// realOf reads a number with a fraction and an exponent, or the words nan, inf and
// Infinity. What is too great is infinite, what is too small zero.
func realOf(s string) any {
	s = numeral(s)
	switch s {
	case "NaN", "nan":
		return math.NaN()
	case "inf", "Infinity":
		return math.Inf(1)
	case "-inf", "-Infinity":
		return math.Inf(-1)
	}
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil
	}
	return f
}

// asDecimal is a number that a decimal can be.
func asDecimal(a any) any {
	if f, ok := a.(float64); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f + 0 // there is no negative zero
	}
	return nil
}

func longOfDynamic(v Value) any {
	switch v.Kind {
	case Bool, Long:
		return v.Long
	case Real:
		return truncate(v.Real, math.MinInt64, math.MaxInt64)
	case String:
		return longOf(v.Str)
	}
	return nil
}

func realOfDynamic(v Value) any {
	switch v.Kind {
	case Bool, Long:
		return float64(v.Long)
	case Real:
		return v.Real
	case String:
		return realOf(v.Str)
	}
	return nil
}

// boolOf reads true and false in any case, and whole numbers.
func boolOf(s string) any {
	s = strings.TrimFunc(s, unicode.IsSpace)
	switch {
	case strings.EqualFold(s, "true"):
		return true
	case strings.EqualFold(s, "false"):
		return false
	}
	if n, ok := longOf(s).(int64); ok {
		return n != 0
	}
	return nil
}

func dateOf(s string) any {
	if t, ok := ticks.ParseDate(s); ok {
		return t
	}
	return nil
}

func validDate(a any) any {
	if t, ok := a.(int64); ok && ticks.Valid(t) {
		return t
	}
	return nil
}

// spanOf reads a span; a bare number is days only if it is whole.
func spanOf(s string) any {
	last := strings.TrimSpace(s)
	bare := !strings.ContainsFunc(last, func(r rune) bool { return r == ':' || unicode.IsLetter(r) })
	if bare && strings.Contains(last, ".") {
		return nil
	}
	if t, ok := ticks.ParseSpan(s); ok {
		return t
	}
	return nil
}

// guidOf reads 32 hexadecimal digits, or 36 characters with dashes, bare or in
// braces or parentheses.
func guidOf(s string) any {
	s = strings.ToLower(strings.TrimSpace(s))
	if n := len(s); n == 38 && (s[0] == '{' && s[n-1] == '}' || s[0] == '(' && s[n-1] == ')') {
		s = s[1 : n-1]
	}
	if len(s) == 32 {
		s = s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
	}
	if len(s) != 36 {
		return nil
	}
	for i := range len(s) {
		c := s[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && c-'0' > 9 && c-'a' > 5 {
			return nil
		}
	}
	return s
}

// hex writes a number with at least as many digits as the second argument says, up
// to 16.
func hex(n uint64, a []any) any {
	s := strconv.FormatUint(n, 16)
	width, _ := optional(a, 1, 0)
	width = max(0, min(width, 16))
	return strings.Repeat("0", max(0, int(width)-len(s))) + s
}

// formatBytes is format_bytes(size, precision, unit). Without a unit it is the
// greatest that leaves at least one of it.
func formatBytes(a []any, unit string) any {
	size, ok := a[0].(float64)
	precision, given := optional(a, 1, 0)
	if !ok || !given || math.IsNaN(size) || math.IsInf(size, 0) {
		return ""
	}
	names := [...]string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}
	at := 0
	if unit == "" {
		for rest := math.Abs(size); rest >= 1024 && at < len(names)-1; rest /= 1024 {
			at++
		}
	} else {
		for at < len(names) && !strings.EqualFold(names[at], unit) {
			at++
		}
		if at == len(names) {
			return ""
		}
	}
	precision = max(0, min(precision, 15))
	s := strconv.FormatFloat(size/math.Pow(1024, float64(at)), 'f', int(precision), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + " " + names[at]
}
