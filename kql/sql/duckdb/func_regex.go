package duckdb

import (
	"strconv"

	"reslog/internal/regex"
	"reslog/kql"
)

// regexCalls print functions on regular expressions that are constants and mean
// the same in RE2. What has \b or \B, and all else, is in Go.
var regexCalls = calls{
	"matches regex": func(c *kql.Call, args []string) (string, error) {
		e, err := expressionOf(c, 1)
		if e == nil || err != nil {
			return "", err
		}
		return "regexp_matches(" + args[0] + ", " + text(e.re2) + ")", nil
	},
	"extract":       extract,
	"replace_regex": replaceRegex,
}

// expression is a constant regular expression that RE2 can run.
type expression struct {
	*regex.Regexp
	re2 string
}

// maxRE2 is how long a program may be that is given to RE2: it limits programs, and
// a class of Unicode is hundreds of instructions there.
const maxRE2 = 200

// expressionOf reads the expression in an argument; nil where Go must run it.
func expressionOf(c *kql.Call, index int) (*expression, error) {
	s, ok := constantString(c.Args[index])
	if !ok {
		return nil, nil
	}
	re, err := regex.Compile(s)
	if err != nil {
		return nil, refuse(c, "%v", err)
	}
	re2, boundary := re.RE2()
	if boundary || re.Size() > maxRE2 {
		return nil, nil
	}
	return &expression{re, re2}, nil
}

// extract prints extract(regex, group, source). RE2 takes groups up to 9.
func extract(c *kql.Call, args []string) (string, error) {
	e, err := expressionOf(c, 0)
	group, ok := constantLong(c.Args[1])
	if e == nil || err != nil || !ok || group < 0 || group > 9 || group > int64(e.Groups()) {
		return "", err
	}
	return "regexp_extract(" + args[2] + ", " + text(e.re2) + ", " + strconv.FormatInt(group, 10) + ")", nil
}

// replaceRegex prints replace_regex(source, regex, rewrite), if it does not match
// the empty text, about which engines differ, and the rewrite is one for RE2.
func replaceRegex(c *kql.Call, args []string) (string, error) {
	e, err := expressionOf(c, 1)
	rewrite, ok := constantString(c.Args[2])
	if e == nil || err != nil || !ok || e.Match("") || !plainRewrite(rewrite, e.Groups()) {
		return "", err
	}
	return "regexp_replace(" + args[0] + ", " + text(e.re2) + ", " + args[2] + ", 'g')", nil
}

// plainRewrite reports whether every backslash of a rewrite is before another or
// the number of a group that there is.
func plainRewrite(rewrite string, groups int) bool {
	for i := 0; i < len(rewrite); i++ {
		if rewrite[i] != '\\' {
			continue
		}
		if i++; i == len(rewrite) || rewrite[i] != '\\' && int(rewrite[i]-'0') > groups {
			return false
		}
	}
	return true
}
