package scalar

import (
	"strings"
	"unicode/utf8"

	"reslog/internal/regex"
	"reslog/kql"
)

// expressions is the compiled expressions of one set of functions.
type expressions struct {
	compiled[*regex.Regexp]
}

func newExpressions() *expressions {
	return &expressions{compiled[*regex.Regexp]{make: compileRegex, most: maxCompiled}}
}

// compileRegex is nil for an expression that is wrong.
func compileRegex(expr string) *regex.Regexp {
	re, err := regex.Compile(expr)
	if err != nil {
		return nil
	}
	return re
}

// regexFuncs are functions on regular expressions. An expression that is wrong,
// which only one that is no constant can be here, matches nothing.
func regexFuncs() []Func {
	e := newExpressions()
	return []Func{
		{Name: "kql_matches_regex", Function: "matches regex", Params: types(kql.String, kql.String), Returns: kql.Bool, Call: func(a []any) any {
			re := e.get(text(a[1]))
			return re != nil && re.Match(text(a[0]))
		}},
		{Name: "kql_extract", Params: types(kql.String, kql.Long, kql.String), Returns: kql.String, Call: e.extract},
		{Name: "kql_extract_all", Params: types(kql.String, kql.String), Returns: kql.Dynamic, Call: func(a []any) any {
			return e.extractAll(text(a[0]), text(a[1]), nil)
		}},
		{Name: "kql_extract_all_groups", Function: "extract_all", Params: types(kql.String, kql.Dynamic, kql.String), Returns: kql.Dynamic, Call: func(a []any) any {
			return e.extractAll(text(a[0]), text(a[2]), Dynamic(a[1]).Items)
		}},
		{Name: "kql_replace_regex", Params: types(kql.String, kql.String, kql.String), Returns: kql.String, Call: e.replace},
		{Name: "kql_countof_regex", Function: "countof", Params: types(kql.String, kql.String, kql.String), Returns: kql.Long, Call: func(a []any) any {
			if text(a[2]) != "regex" {
				return countOverlapping(text(a[0]), text(a[1]))
			}
			if re := e.get(text(a[1])); re != nil {
				return int64(len(re.All(text(a[0]), -1)))
			}
			return int64(0)
		}},
		{Name: "kql_indexof_regex", Params: types(kql.String, kql.String), Variadic: kql.Long, Returns: kql.Long, Call: e.indexof},
		{Name: "kql_trim_start", Params: types(kql.String, kql.String), Returns: kql.String, Call: func(a []any) any {
			return e.trimStart(text(a[0]), text(a[1]))
		}},
		{Name: "kql_trim_end", Params: types(kql.String, kql.String), Returns: kql.String, Call: func(a []any) any {
			return e.trimEnd(text(a[0]), text(a[1]))
		}},
		{Name: "kql_trim", Params: types(kql.String, kql.String), Returns: kql.String, Call: func(a []any) any {
			return e.trimEnd(text(a[0]), e.trimStart(text(a[0]), text(a[1])))
		}},
		{Name: "kql_regex_quote", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any { return regexQuote(text(a[0])) }},
	}
}

// trimStart removes one match at the beginning of s.
func (e *expressions) trimStart(expr, s string) string {
	if re := e.get(`\A(?:` + expr + `)`); re != nil {
		if m := re.Find(s); m != nil {
			return s[m[1]:]
		}
	}
	return s
}

// trimEnd removes one match at the end of s.
func (e *expressions) trimEnd(expr, s string) string {
	if re := e.get(`(?:` + expr + `)\z`); re != nil {
		if m := re.Find(s); m != nil {
			return s[:m[0]]
		}
	}
	return s
}

func (e *expressions) extract(a []any) any {
	re, s := e.get(text(a[0])), text(a[2])
	group, ok := a[1].(int64)
	if re == nil || !ok || group < 0 || group > int64(re.Groups()) {
		return ""
	}
	m := re.Find(s)
	if m == nil || m[2*group] < 0 {
		return ""
	}
	return s[m[2*group]:m[2*group+1]]
}

// extractAll is an array of the matches: of the group's text where there is one
// group, else of arrays of the groups'. Groups are chosen by number or name.
func (e *expressions) extractAll(expr, s string, chosen []Value) any {
	re := e.get(expr)
	if re == nil || re.Groups() == 0 {
		return nil
	}
	var groups []int
	for _, v := range chosen {
		g := re.Group(v.Str)
		if v.Kind == Long && v.Long > 0 && v.Long <= int64(re.Groups()) {
			g = int(v.Long)
		}
		if g < 0 {
			return nil
		}
		groups = append(groups, g)
	}
	if chosen == nil {
		for g := range re.Groups() {
			groups = append(groups, g+1)
		}
	}
	out := Value{Kind: Array}
	for _, m := range re.All(s, -1) {
		one := make([]Value, len(groups))
		for i, g := range groups {
			one[i] = OfString("")
			if m[2*g] >= 0 {
				one[i].Str = s[m[2*g]:m[2*g+1]]
			}
		}
		if len(one) == 1 {
			out.Items = append(out.Items, one[0])
		} else {
			out.Items = append(out.Items, OfArray(one))
		}
	}
	if len(out.Items) == 0 {
		return nil
	}
	return out.Any()
}

// replace rewrites every match; \1 in the rewrite is the first group, \0 the whole.
func (e *expressions) replace(a []any) any {
	s, rewrite := text(a[0]), text(a[2])
	re := e.get(text(a[1]))
	if re == nil {
		return s
	}
	all := re.All(s, -1)
	if len(all) == 0 {
		return s
	}
	b, at := make([]byte, 0, len(s)+32), 0
	for _, m := range all {
		b = append(b, s[at:m[0]]...)
		b = expand(b, rewrite, s, m)
		at = m[1]
		if len(b) > MaxText+len(s) {
			return cut(string(b))
		}
	}
	b = append(b, s[at:]...)
	if len(b) > len(s) {
		return cut(string(b))
	}
	return string(b)
}

// expand appends a rewrite for the match m of s.
func expand(b []byte, rewrite, s string, m []int) []byte {
	for {
		i := strings.IndexByte(rewrite, '\\')
		if i < 0 || i == len(rewrite)-1 {
			return append(b, rewrite...)
		}
		b = append(b, rewrite[:i]...)
		switch c := rewrite[i+1]; {
		case c >= '0' && c <= '9':
			if g := int(c - '0'); 2*g < len(m) && m[2*g] >= 0 {
				b = append(b, s[m[2*g]:m[2*g+1]]...)
			}
		case c == '\\':
			b = append(b, '\\')
		default:
			b = append(b, '\\', c)
		}
		rewrite = rewrite[i+2:]
	}
}

// indexof is indexof_regex(source, expression, start, length, occurrence). Unlike
// indexof it takes no negative start.
func (e *expressions) indexof(a []any) any {
	s, re := text(a[0]), e.get(text(a[1]))
	start, ok1 := optional(a, 2, 0)
	length, ok2 := optional(a, 3, -1)
	occurrence, ok3 := optional(a, 4, 1)
	if !ok1 || !ok2 || !ok3 || start < 0 || length < -1 || occurrence < 0 || re == nil {
		return nil
	}
	window := s[charOffset(s, start):]
	if length >= 0 {
		window = window[:charOffset(window, length)]
	}
	occurrence = max(1, min(occurrence, int64(len(window))+1))
	all := re.All(window, int(occurrence))
	if int64(len(all)) < occurrence {
		return int64(-1)
	}
	return start + int64(utf8.RuneCountInString(window[:all[occurrence-1][0]]))
}

// regexQuote puts a backslash before what has a meaning.
func regexQuote(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`\.+*?()|[]{}^$`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
