package scalar

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"reslog/kql"
)

// stringFuncs are functions on strings.
var stringFuncs = slices.Concat(textFuncs, codeFuncs, parseFuncsOfText)

// textFuncs are functions on text. Positions and lengths count characters, which
// are Unicode code points.
var textFuncs = []Func{
	{Name: "kql_reverse", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any { return reverse(text(a[0])) }},
	{Name: "kql_toupper", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any { return strings.ToUpper(text(a[0])) }},
	{Name: "kql_tolower", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any { return strings.ToLower(text(a[0])) }},
	{Name: "kql_strlen", Params: types(kql.String), Returns: kql.Long, Call: func(a []any) any { return int64(utf8.RuneCountInString(text(a[0]))) }},
	{Name: "kql_string_size", Params: types(kql.String), Returns: kql.Long, Call: func(a []any) any { return int64(len(text(a[0]))) }},
	{Name: "kql_strcmp", Params: types(kql.String, kql.String), Returns: kql.Long, Call: func(a []any) any { return int64(strings.Compare(text(a[0]), text(a[1]))) }},
	{Name: "kql_strcat", Variadic: kql.String, Returns: kql.String, Call: func(a []any) any { return strings.Join(texts(a), "") }},
	{Name: "kql_strrep", Params: types(kql.String, kql.Long), Variadic: kql.String, Returns: kql.String, Call: strrep},
	{Name: "kql_substring", Params: types(kql.String, kql.Long), Variadic: kql.Long, Returns: kql.String, Call: substring},
	{Name: "kql_indexof", Params: types(kql.String, kql.String), Variadic: kql.Long, Returns: kql.Long, Call: indexof},
	{Name: "kql_countof", Params: types(kql.String, kql.String), Returns: kql.Long, Call: func(a []any) any { return countOverlapping(text(a[0]), text(a[1])) }},
	{Name: "kql_translate", Params: types(kql.String, kql.String, kql.String), Returns: kql.String, Call: translate},
	{Name: "kql_replace_string", Params: types(kql.String, kql.String, kql.String), Returns: kql.String, Call: func(a []any) any {
		if text(a[1]) == "" {
			return a[0]
		}
		return replaceBounded(text(a[0]), text(a[1]), text(a[2]))
	}},
	{Name: "kql_replace_strings", Params: types(kql.String, kql.Dynamic, kql.Dynamic), Returns: kql.String, Call: replaceStrings},
	{Name: "kql_split", Params: types(kql.String, kql.String), Variadic: kql.Long, Returns: kql.Dynamic, Call: split},
	{Name: "kql_isascii", Params: types(kql.String), Returns: kql.Bool, Call: func(a []any) any {
		return !strings.ContainsFunc(text(a[0]), func(r rune) bool { return r > unicode.MaxASCII })
	}},
	{Name: "kql_has_any_index", Params: types(kql.String, kql.Dynamic), Returns: kql.Long, Call: hasAnyIndex},
	{Name: "kql_strcat_array", Params: types(kql.Dynamic, kql.String), Returns: kql.String, Call: strcatArray},
	{Name: "kql_unicode_codepoints_from_string", Params: types(kql.String), Returns: kql.Dynamic, Call: func(a []any) any {
		out := Value{Kind: Array}
		for _, r := range text(a[0]) {
			out.Items = append(out.Items, OfLong(int64(r)))
		}
		return out.Any()
	}},
	{Name: "kql_unicode_codepoints_to_string", Variadic: kql.Dynamic, Returns: kql.String, Call: codepointsToString},
}

func types(t ...kql.Type) []kql.Type { return t }

// text is a string argument.
func text(a any) string {
	s, _ := a.(string)
	return s
}

func texts(a []any) []string {
	out := make([]string, len(a))
	for i, x := range a {
		out[i] = text(x)
	}
	return out
}

// optional is the whole number at index i, or def when it was not given.
func optional(a []any, i int, def int64) (n int64, ok bool) {
	if i >= len(a) {
		return def, true
	}
	n, ok = a[i].(int64)
	return n, ok
}

func reverse(s string) string {
	b := make([]byte, 0, len(s))
	for end := len(s); end > 0; {
		_, size := utf8.DecodeLastRuneInString(s[:end])
		b = append(b, s[end-size:end]...)
		end -= size
	}
	return string(b)
}

// charOffset is the byte at which the character n begins, len(s) past the end.
func charOffset(s string, n int64) int {
	if n <= 0 {
		return 0
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// substring: a negative start counts from the end; what lies outside is empty.
func substring(a []any) any {
	s := text(a[0])
	start, ok := optional(a, 1, 0)
	n, given := optional(a, 2, int64(len(s)))
	if !ok || !given || n <= 0 {
		return ""
	}
	if start < 0 {
		if start += int64(utf8.RuneCountInString(s)); start < 0 {
			return ""
		}
	}
	s = s[charOffset(s, start):]
	return s[:charOffset(s, n)]
}

// repeatLimit is the greatest number of repetitions that strrep makes.
const repeatLimit = 1024

func strrep(a []any) any {
	s, delimiter := text(a[0]), ""
	n, _ := a[1].(int64)
	if len(a) > 2 {
		delimiter = text(a[2])
	}
	n = min(n, repeatLimit)
	if n <= 0 {
		return ""
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(delimiter)
		}
		b.WriteString(s)
		if b.Len() > MaxText {
			break
		}
	}
	return cut(b.String())
}

// indexof(source, lookup, start, length, occurrence): the whole of a match lies in
// the length characters from where its search begins, which is start and then
// behind the beginning of the match before. A negative start counts from the end.
func indexof(a []any) any {
	s, lookup := text(a[0]), text(a[1])
	start, ok1 := optional(a, 2, 0)
	length, ok2 := optional(a, 3, -1)
	occurrence, ok3 := optional(a, 4, 1)
	if !ok1 || !ok2 || !ok3 || length < -1 || occurrence < 0 {
		return nil
	}
	size := int64(utf8.RuneCountInString(s))
	if start < 0 {
		start = max(0, start+size)
	}
	for at := charOffset(s, start); start <= size; occurrence-- {
		window := s[at:]
		if length >= 0 {
			window = window[:charOffset(window, length)]
		}
		i := strings.Index(window, lookup)
		if i < 0 {
			break
		}
		start += int64(utf8.RuneCountInString(window[:i]))
		if occurrence <= 1 {
			return start
		}
		_, width := utf8.DecodeRuneInString(s[at+i:])
		at += i + width
		start++
	}
	return int64(-1)
}

// countOverlapping counts where sub begins in s.
func countOverlapping(s, sub string) int64 {
	var n int64
	if sub == "" {
		return 0
	}
	for {
		i := strings.Index(s, sub)
		if i < 0 {
			return n
		}
		n++
		_, size := utf8.DecodeRuneInString(s[i:])
		s = s[i+size:]
	}
}

// translate(search, replacement, source): the last character of the replacement
// stands for all that it is too short for; an empty one removes.
func translate(a []any) any {
	search, replacement, source := []rune(text(a[0])), []rune(text(a[1])), text(a[2])
	to := make(map[rune]rune, len(search))
	for i, r := range search {
		if _, ok := to[r]; ok {
			continue
		}
		to[r] = -1
		if n := len(replacement); n > 0 {
			to[r] = replacement[min(i, n-1)]
		}
	}
	return strings.Map(func(r rune) rune {
		if t, ok := to[r]; ok {
			return t
		}
		return r
	}, source)
}

// replaceBounded replaces all of old until the text has MaxText.
func replaceBounded(s, old, by string) string {
	n := strings.Count(s, old)
	if size := len(s) + n*(len(by)-len(old)); size <= max(MaxText, len(s)) {
		return strings.ReplaceAll(s, old, by)
	}
	n = (MaxText + len(by)) / max(1, len(by)-len(old))
	return cut(strings.Replace(s, old, by, n))
}

// replaceStrings replaces by one pair after another; what a pair has found is not
// looked at by those after it. A replacement that is no string leaves it as it is.
func replaceStrings(a []any) any {
	s, lookups, rewrites := text(a[0]), Dynamic(a[1]), Dynamic(a[2])
	if lookups.Kind != Array || rewrites.Kind != Array || len(lookups.Items) != len(rewrites.Items) {
		return s
	}
	type part struct {
		s    string
		done bool
	}
	parts, size := []part{{s: s}}, len(s)
	for i, lookup := range lookups.Items {
		old, by := lookup.String(), rewrites.Items[i].String()
		if old == "" || lookup.Kind != String {
			continue
		}
		if rewrites.Items[i].Kind != String {
			by = old // found, and left as it is
		}
		var next []part
		for _, p := range parts {
			if p.done {
				next = append(next, p)
				continue
			}
			for n, rest := range strings.Split(p.s, old) {
				if n > 0 {
					next = append(next, part{by, true})
					size += len(by) - len(old)
				}
				if rest != "" {
					next = append(next, part{s: rest})
				}
				if size > MaxText+len(s) {
					break
				}
			}
		}
		parts = next
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.s)
	}
	if b.Len() > len(s) {
		return cut(b.String())
	}
	return b.String()
}

// split(source, delimiter, index): with an index an array of that part alone.
func split(a []any) any {
	s, delimiter := text(a[0]), text(a[1])
	parts := []string{s}
	if delimiter != "" {
		parts = strings.Split(s, delimiter)
	}
	if len(a) > 2 {
		i, ok := a[2].(int64)
		if !ok || i < 0 || i >= int64(len(parts)) {
			return nil
		}
		parts = parts[i : i+1]
	}
	return jsonTexts(parts)
}

// jsonTexts is the text of an array of strings.
func jsonTexts(texts []string) string {
	b := []byte{'['}
	for i, s := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendQuoted(b, s)
	}
	return string(append(b, ']'))
}

func strcatArray(a []any) any {
	v, delimiter := Dynamic(a[0]), text(a[1])
	if v.Kind != Array {
		return ""
	}
	var b strings.Builder
	for i, item := range v.Items {
		if i > 0 {
			b.WriteString(delimiter)
		}
		b.WriteString(item.String())
		if b.Len() > MaxText {
			return cut(b.String())
		}
	}
	return b.String()
}

// hasAnyIndex is the place of the first value of an array that the text has as a
// term.
func hasAnyIndex(a []any) any {
	s := strings.ToLower(text(a[0]))
	for i, n := range needles(a[1]) {
		if HasTerm(s, strings.ToLower(n), true, true) {
			return int64(i)
		}
	}
	return int64(-1)
}

// codepointsToString takes whole numbers and arrays of them.
func codepointsToString(a []any) any {
	var b strings.Builder
	add := func(v Value) {
		if v.Kind == Long && v.Long >= 0 && v.Long <= unicode.MaxRune {
			b.WriteRune(rune(v.Long))
		}
	}
	for _, x := range a {
		v := Dynamic(x)
		add(v)
		for _, item := range v.Items {
			add(item)
		}
	}
	return b.String()
}
