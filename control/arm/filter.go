package arm

import (
	"net/http"
	"slices"
	"strings"
)

// condition is one term of a $filter: "name eq 'value'", or a function,
// "atScope()", whose op is "()".
type condition struct{ name, op, value string }

const (
	maxFilter     = 4096
	maxConditions = 32
)

// filter reads the $filter of a request: conditions that are joined by "and".
// That is the part of OData that Resource Manager's own clients use.
func (r *request) filter() ([]condition, error) {
	conds, ok := parseFilter(r.param("$filter"))
	if !ok {
		return nil, badFilter(r.param("$filter"))
	}
	return conds, nil
}

func badFilter(filter string) error {
	return refuse(http.StatusBadRequest, "InvalidFilterInQueryString", "Invalid $filter '%.200s' specified in the query string.", filter)
}

// parseFilter returns false for what is not such a filter.
func parseFilter(s string) ([]condition, bool) {
	if len(s) > maxFilter {
		return nil, false
	}
	var conds []condition
	for s = strings.TrimSpace(s); s != ""; {
		c, rest, ok := parseCondition(s)
		if !ok || len(conds) == maxConditions {
			return nil, false
		}
		conds = append(conds, c)
		if rest == "" {
			break
		}
		word, after, _ := strings.Cut(rest, " ")
		if s = strings.TrimSpace(after); !fold(word, "and") || s == "" {
			return nil, false
		}
	}
	return conds, true
}

func parseCondition(s string) (c condition, rest string, ok bool) {
	n := 0
	for n < len(s) && (isWord(s[n]) || s[n] == '.' || s[n] == '/') {
		n++
	}
	if n == 0 {
		return c, "", false
	}
	c.name, s = s[:n], s[n:]
	if strings.HasPrefix(s, "(") {
		c.op, s = "()", strings.TrimSpace(s[1:])
		if !strings.HasPrefix(s, ")") {
			if c.value, s, ok = parseValue(s); !ok {
				return c, "", false
			}
			s = strings.TrimSpace(s)
		}
		if !strings.HasPrefix(s, ")") {
			return c, "", false
		}
		return c, strings.TrimSpace(s[1:]), true
	}
	op, s, _ := strings.Cut(strings.TrimSpace(s), " ")
	if c.op = strings.ToLower(op); !slices.Contains([]string{"eq", "ge", "le", "gt", "lt"}, c.op) {
		return c, "", false
	}
	c.value, s, ok = parseValue(strings.TrimSpace(s))
	return c, strings.TrimSpace(s), ok
}

// parseValue reads a value in single quotes, in which two stand for one, or a
// bare one up to a blank or parenthesis.
func parseValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		n := strings.IndexAny(s, " )'")
		if n < 0 {
			n = len(s)
		}
		return s[:n], s[n:], n > 0
	}
	var b strings.Builder
	for s = s[1:]; ; {
		n := strings.IndexByte(s, '\'')
		if n < 0 {
			return "", "", false
		}
		b.WriteString(s[:n])
		if s = s[n+1:]; !strings.HasPrefix(s, "'") {
			return b.String(), s, true
		}
		b.WriteByte('\'')
		s = s[1:]
	}
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// matchAll reports whether all conditions hold, each being of equality with one
// of the values that a name has. It refuses names that have none.
func matchAll(conds []condition, values func(name string) ([]string, bool)) (bool, error) {
	matches := true
	for _, c := range conds {
		list, known := values(c.name)
		if !known || c.op != "eq" {
			return false, badFilter(c.name + " " + c.op)
		}
		if !slices.ContainsFunc(list, func(v string) bool { return fold(v, c.value) }) {
			matches = false
		}
	}
	return matches, nil
}

// tagValues are the values of the conditions "tagName eq 'a' and tagValue eq
// 'b'", which are about one tag.
func tagValues(tags map[string]string, name string, conds []condition) ([]string, bool) {
	var values []string
	switch strings.ToLower(name) {
	case "tagname":
		for key := range tags {
			values = append(values, key)
		}
	case "tagvalue":
		for key, value := range tags {
			if slices.ContainsFunc(conds, func(c condition) bool { return fold(c.name, "tagName") && fold(c.value, key) }) {
				values = append(values, value)
			}
		}
	default:
		return nil, false
	}
	return values, true
}
