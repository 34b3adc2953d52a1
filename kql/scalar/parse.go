package scalar

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"reslog/kql"
)

// parseFuncs are what the operators parse, parse-where and parse-kv are made
// of. Patterns are compiled once; each list of functions keeps its own.
//
// Source: the Kusto Query Language reference, "parse operator" and "parse-kv
// operator".
func parseFuncs() []Func {
	patterns := &compiled[func(string) []string]{make: compilePattern, most: maxCompiled}
	keyValues := &compiled[func(string) []*string]{make: compileKv, most: maxCompiled}
	return []Func{
		{
			Name: "kql_parse_pattern", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Dynamic,
			Call: func(args []any) any {
				match := patterns.get(args[1].(string))
				if match == nil {
					return nil
				}
				texts := match(args[0].(string))
				if texts == nil {
					return nil
				}
				return jsonTexts(texts)
			},
		},
		{
			Name: "kql_parse_kv", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Dynamic,
			Call: func(args []any) any {
				find := keyValues.get(args[1].(string))
				if find == nil {
					return nil
				}
				out := Value{Kind: Array}
				for _, value := range find(args[0].(string)) {
					item := Value{}
					if value != nil {
						item = OfString(*value)
					}
					out.Items = append(out.Items, item)
				}
				return out.Any()
			},
		},
	}
}

// compilePattern gives the function that finds the texts of the columns of a
// kql.ParsePattern, nil for a text that does not match. What is no pattern has
// none.
func compilePattern(spec string) func(string) []string {
	var p kql.ParsePattern
	if err := json.Unmarshal([]byte(spec), &p); err != nil {
		return nil
	}
	if p.Regex == "" {
		return func(text string) []string { return matchParts(p.Parts, p.Columns, text) }
	}
	re, err := regexp.Compile(p.Regex)
	if err != nil {
		return nil
	}
	groups := make([]int, p.Columns)
	for i := range groups {
		if groups[i] = re.SubexpIndex("c" + strconv.Itoa(i)); groups[i] < 0 {
			return nil
		}
	}
	return func(text string) []string {
		m := re.FindStringSubmatchIndex(text)
		if m == nil {
			return nil
		}
		texts := make([]string, len(groups))
		for i, g := range groups {
			if start := m[2*g]; start >= 0 {
				texts[i] = text[start:m[2*g+1]]
			}
		}
		return texts
	}
}

// matchParts walks a simple pattern through a text.
func matchParts(parts []kql.ParsePart, columns int, text string) []string {
	texts := make([]string, 0, columns)
	rest := text
	open, column := false, false // a star or a column waits for the next literal
	for i, part := range parts {
		switch {
		case part.Digits:
			n := leadingDigits(rest)
			texts = append(texts, rest[:n])
			rest = rest[n:]
		case part.Literal == "":
			open, column = true, !part.Star
		default:
			before, after, ok := cutLiteral(rest, part.Literal, open, i == len(parts)-1)
			if !ok {
				return nil
			}
			if column {
				texts = append(texts, before)
			}
			rest, open, column = after, false, false
		}
	}
	if column {
		return append(texts, rest)
	}
	if !open && rest != "" {
		return nil
	}
	return texts
}

// cutLiteral finds a literal: here, or where it is first when something open stands
// before it, or at the end.
func cutLiteral(text, literal string, open, last bool) (before, after string, ok bool) {
	switch {
	case !open:
		after, ok = strings.CutPrefix(text, literal)
		return "", after, ok
	case last:
		before, ok = strings.CutSuffix(text, literal)
		return before, "", ok
	}
	return strings.Cut(text, literal)
}

// leadingDigits is the length of a sign and digits at the start of a text; without
// digits nothing.
func leadingDigits(text string) int {
	n := 0
	if text != "" && text[0] == '-' {
		n = 1
	}
	start := n
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	if n == start {
		return 0
	}
	return n
}
