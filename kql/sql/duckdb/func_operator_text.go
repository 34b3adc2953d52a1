package duckdb

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"reslog/kql"
	"reslog/kql/scalar"
)

// contains is three times as fast this way as ILIKE is.
func contains(c *kql.Call, args []string) (string, error) {
	text := fill("contains(lower($1), lower($2))", args)
	if needle, ok := constantString(c.Args[1]); ok {
		text = search(args, needle, scalar.Fold, text)
	}
	return text, nil
}

// search prints the search for a constant. The Go function is twice as fast as SQL,
// which makes texts of lower case and tries a regular expression; it leaves what it
// does not know to it.
func search(args []string, needle string, how int, exact string) string {
	if !scalar.Searchable(needle) {
		return exact
	}
	return fill("coalesce(kql_search($1, $2, ", args) + strconv.Itoa(how) + "), " + exact + ")"
}

// has finds a term: a run of letters and digits of any script. A needle may have
// other characters too; where it begins or ends with one, what is beside it does
// not matter. Of the SQL, the plain search before the exact one spares most rows the latter.
// hasprefix and hassuffix ask for one end of the term only.
func has(c *kql.Call, args []string) (string, error) {
	needle, ok := constantString(c.Args[1])
	if !ok {
		return "", nil
	}
	if needle == "" {
		return "true", nil
	}
	how := 0
	plain := fill("contains($1, $2)", args)
	if !strings.HasSuffix(c.Func, "_cs") {
		how = scalar.Fold
		plain = fill("contains(lower($1), lower($2))", args)
	}
	if !strings.HasPrefix(c.Func, "hassuffix") {
		how |= scalar.Left
	}
	if !strings.HasPrefix(c.Func, "hasprefix") {
		how |= scalar.Right
	}
	pattern := term(needle, how&scalar.Fold != 0, how&scalar.Left != 0, how&scalar.Right != 0)
	return search(args, needle, how, "("+plain+" AND regexp_matches("+args[0]+", "+text(pattern)+"))"), nil
}

// Beside a term is neither a letter nor a digit.
const (
	beforeTerm = `(?:^|[^\p{L}\p{Nd}])`
	behindTerm = `(?:$|[^\p{L}\p{Nd}])`
)

// term is the regular expression, in RE2's syntax, of a needle that begins and
// ends with a term where asked.
func term(needle string, fold, left, right bool) string {
	first, _ := utf8.DecodeRuneInString(needle)
	last, _ := utf8.DecodeLastRuneInString(needle)
	pattern := quoteRegex(needle)
	if fold {
		pattern = "(?i:" + pattern + ")"
	}
	if left && scalar.InTerm(first) {
		pattern = beforeTerm + pattern
	}
	if right && scalar.InTerm(last) {
		pattern += behindTerm
	}
	return pattern
}

// quoteRegex makes a pattern that matches s; NUL is written as RE2 has it.
func quoteRegex(s string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(s), "\x00", `\x00`)
}

// manyTerms is the number of needles from which they are searched all at once.
const manyTerms = 4

// hasList prints has_any and has_all. An array that is not a constant is searched
// in Go.
func hasList(c *kql.Call, args []string) (string, error) {
	needles, ok := constantStrings(c.Args[1:])
	if !ok {
		if len(args) != 2 || c.Args[1].Type() != kql.Dynamic {
			return hasEach(c, args)
		}
		return "", nil
	}
	if len(needles) == 0 {
		return map[string]string{"has_any": "false", "has_all": "true"}[c.Func], nil
	}
	if c.Func == "has_any" && len(needles) >= manyTerms {
		return anyTerm(args[0], needles), nil
	}
	parts := make([]string, len(needles))
	for i, n := range needles {
		one := &kql.Call{T: kql.Bool, Func: "has", Args: []kql.Expr{c.Args[0], &kql.Const{T: kql.String, Value: n}}, At: c.At}
		part, err := has(one, []string{args[0], text(n)})
		if err != nil {
			return "", err
		}
		parts[i] = operand(part)
	}
	return strings.Join(parts, anyOrAll(c)), nil
}

func anyOrAll(c *kql.Call) string {
	if c.Func == "has_any" {
		return " OR "
	}
	return " AND "
}

// hasEach prints needles that are computed.
func hasEach(c *kql.Call, args []string) (string, error) {
	parts := make([]string, len(args)-1)
	for i, a := range args[1:] {
		one := &kql.Call{T: kql.Bool, Func: "has", Args: []kql.Expr{c.Args[0], c.Args[i+1]}, At: c.At}
		if c.Args[i+1].Type() == kql.Dynamic {
			one.Func = c.Func
		}
		part, err := call(one, []string{args[0], a})
		if err != nil {
			return "", err
		}
		parts[i] = part
	}
	return strings.Join(parts, anyOrAll(c)), nil
}

// anyTerm searches several terms with one expression, some at a time: RE2 bounds
// the size of one.
func anyTerm(x string, needles []string) string {
	const together = 64
	var parts []string
	for len(needles) > 0 {
		n := min(together, len(needles))
		each := make([]string, n)
		for i, needle := range needles[:n] {
			if each[i] = term(needle, true, true, true); needle == "" {
				return "true"
			}
		}
		parts = append(parts, "regexp_matches("+x+", "+text(strings.Join(each, "|"))+")")
		needles = needles[n:]
	}
	return strings.Join(parts, " OR ")
}

// constantStrings are the strings of constants, those in dynamic arrays too. What
// is in an array and no string is its text.
func constantStrings(xs []kql.Expr) ([]string, bool) {
	var out []string
	for _, x := range xs {
		v, ok := constant(x)
		if !ok {
			return nil, false
		}
		s, isString := v.(string)
		switch {
		case x.Type() == kql.String && isString:
			out = append(out, s)
		case x.Type() == kql.Dynamic && v == nil:
		case x.Type() == kql.Dynamic && isString:
			items, ok := elements(s)
			if !ok {
				return nil, false
			}
			for _, item := range items {
				out = append(out, item.String())
			}
		default:
			return nil, false
		}
	}
	return out, true
}

// elements are the elements of an array, or a value that is none.
func elements(text string) ([]scalar.Value, bool) {
	v, ok := scalar.Parse(text)
	if v.Kind == scalar.Array {
		return v.Items, ok
	}
	return []scalar.Value{v}, ok
}
