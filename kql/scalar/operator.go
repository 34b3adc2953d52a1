package scalar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"reslog/kql"
)

// operatorFuncs are the operators that search terms, for needles that are not
// constants, and the search for those that are.
var operatorFuncs = []Func{
	searchFunc,
	term("has", true, true, true), term("hasprefix", true, true, false), term("hassuffix", true, false, true),
	term("has_cs", false, true, true), term("hasprefix_cs", false, true, false), term("hassuffix_cs", false, false, true),
	{Name: "kql_has_any", Function: "has_any", Params: types(kql.String, kql.Dynamic), Returns: kql.Bool, Call: func(a []any) any {
		s := strings.ToLower(text(a[0]))
		for _, n := range needles(a[1]) {
			if HasTerm(s, strings.ToLower(n), true, true) {
				return true
			}
		}
		return false
	}},
	{Name: "kql_has_all", Function: "has_all", Params: types(kql.String, kql.Dynamic), Returns: kql.Bool, Call: func(a []any) any {
		s := strings.ToLower(text(a[0]))
		for _, n := range needles(a[1]) {
			if !HasTerm(s, strings.ToLower(n), true, true) {
				return false
			}
		}
		return true
	}},
}

// term is a search, with fold without regard to case.
func term(name string, fold, left, right bool) Func {
	return Func{Name: "kql_" + name, Params: types(kql.String, kql.String), Returns: kql.Bool, Call: func(a []any) any {
		s, needle := text(a[0]), text(a[1])
		if fold {
			s, needle = strings.ToLower(s), strings.ToLower(needle)
		}
		return HasTerm(s, needle, left, right)
	}}
}

// needles are the texts of the elements of an array, or that of another value;
// none of null.
func needles(array any) []string {
	v := Dynamic(array)
	switch v.Kind {
	case Null:
		return nil
	case Array:
		out := make([]string, len(v.Items))
		for i, item := range v.Items {
			out[i] = item.String()
		}
		return out
	}
	return []string{v.String()}
}

// InTerm reports whether terms are made of r.
func InTerm(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// HasTerm reports whether needle is in s with nothing of the same term beside it,
// at the left and right as asked. A term is a run of letters and digits. Where the
// needle begins or ends with another character, anything may be beside it.
func HasTerm(s, needle string, left, right bool) bool {
	if needle == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(needle)
	last, _ := utf8.DecodeLastRuneInString(needle)
	left, right = left && InTerm(first), right && InTerm(last)
	for from := 0; ; {
		at := strings.Index(s[from:], needle)
		if at < 0 {
			return false
		}
		at += from
		before, n := utf8.DecodeLastRuneInString(s[:at])
		behind, m := utf8.DecodeRuneInString(s[at+len(needle):])
		if (!left || n == 0 || !InTerm(before)) && (!right || m == 0 || !InTerm(behind)) {
			return true
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		from = at + size
	}
}
