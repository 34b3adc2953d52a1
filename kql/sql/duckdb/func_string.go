package duckdb

import (
	"strings"

	"reslog/kql"
)

// stringCalls print functions on strings. DuckDB counts code points as the
// language does, except in reverse, which is left to Go. Where a text is searched
// for, the empty one is, too: the engines differ about it.
var stringCalls = calls{
	"strcat":       func(_ *kql.Call, args []string) (string, error) { return strings.Join(args, " || "), nil },
	"strcat_delim": template("concat_ws($*)"),
	"strcmp":       template("CASE WHEN $1 < $2 THEN -1::BIGINT WHEN $1 = $2 THEN 0::BIGINT ELSE 1::BIGINT END"),
	"strlen":       template("length($1)"),
	"string_size":  template("strlen($1)"),
	// ß has a capital letter for DuckDB, not for the language.
	"toupper":        template("CASE WHEN contains($1, 'ß') THEN kql_toupper($1) ELSE upper($1) END"),
	"tolower":        template("lower($1)"),
	"substring":      substring,
	"isascii":        template("strlen($1) = length($1)"),
	"isutf8":         template("($1 IS NOT NULL)"), // the engine stores nothing else
	"replace_string": ifNeedle(1, "replace($1, $2, $3)"),
	"indexof":        byCount(map[int]emit{2: ifNeedle(1, "CAST(instr($1, $2) - 1 AS BIGINT)")}),
	"split":          byCount(map[int]emit{2: ifNeedle(1, "CAST(to_json(string_split($1, $2)) AS VARCHAR)")}),
}

// ifNeedle prints a pattern if an argument is a constant text and not empty.
func ifNeedle(index int, pattern string) emit {
	return func(c *kql.Call, args []string) (string, error) {
		if s, ok := constantString(c.Args[index]); !ok || s == "" {
			return "", nil
		}
		return fill(pattern, args), nil
	}
}

// substring prints the form whose numbers are constants, which needs no choice in
// a row, or leaves it to Go.
func substring(c *kql.Call, args []string) (string, error) {
	const most = 1 << 31
	start, ok := constantLong(c.Args[1])
	if !ok || start < 0 || start > most {
		return "", nil
	}
	from := []string{args[0], whole(start+1, "BIGINT"), ""}
	if len(args) == 2 {
		return fill("substring($1, $2)", from), nil
	}
	n, ok := constantLong(c.Args[2])
	if !ok {
		return "", nil
	}
	if n <= 0 {
		return "''", nil
	}
	from[2] = whole(min(n, most), "BIGINT")
	return fill("substring($1, $2, $3)", from), nil
}
