//go:build cgo

package conformance_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/internal/ticks"
	"reslog/kql"
)

// ownCase is a case of testdata: an expression with its value, or a query with its
// columns and rows.
type ownCase struct {
	place, query string
	expression   bool
	columns      string
	rows         []string
	// ordered rows are compared in their order, sets in any.
	ordered bool
	what    string // of a case that is refused
}

// readOwn reads the files of testdata that a pattern names.
//
// A file of functions has lines "expression -> value". One of queries has cases of
//
//	== title
//	query
//	-- name:type, name:type      or "-- ordered name:type, …"
//	value | value
//
// and one of refusals "== what" and the query.
func readOwn(t testing.TB, pattern string) []ownCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	var out []ownCase
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".kqltest")
		if strings.HasPrefix(name, "functions") {
			out = append(out, expressions(t, name, string(data))...)
			continue
		}
		for _, part := range strings.Split("\n"+string(data), "\n== ")[1:] {
			out = append(out, queryCase(name, part))
		}
	}
	return out
}

func expressions(t testing.TB, file, data string) []ownCase {
	t.Helper()
	var out []ownCase
	for _, line := range strings.Split(data, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " -> ")
		if at < 0 {
			t.Fatalf("%s: a line without a value: %s", file, line)
		}
		out = append(out, ownCase{
			place: file + ": " + line, expression: true, query: "print x = " + line[:at],
			rows: []string{line[at+len(" -> "):]},
		})
	}
	return out
}

func queryCase(file, part string) ownCase {
	title, rest, _ := strings.Cut(part, "\n")
	query, answer, answered := strings.Cut(rest, "\n-- ")
	c := ownCase{place: file + ": " + title, query: strings.TrimSpace(query), what: title}
	if !answered {
		return c
	}
	header, rows, _ := strings.Cut(answer, "\n")
	c.columns, c.ordered = strings.CutPrefix(header, "ordered ")
	for _, row := range strings.Split(rows, "\n") {
		if row != "" {
			c.rows = append(c.rows, row)
		}
	}
	return c
}

// TestOwn runs the cases of testdata.
func TestOwn(t *testing.T) {
	q := enginetest.Open(t)
	addOwnTables(q)
	n := 0
	for _, pattern := range []string{"functions*.kqltest", "queries*.kqltest"} {
		for _, c := range readOwn(t, pattern) {
			n++
			if why := runOwn(t, q, c); why != "" {
				t.Errorf("%s\n%s\n%s", c.place, c.query, why)
			}
		}
	}
	if n < 250 {
		t.Errorf("%d cases", n)
	}
}

func runOwn(t *testing.T, q *enginetest.Queries, c ownCase) string {
	t.Helper()
	results, err := q.Run(t.Context(), c.query)
	if err != nil {
		return err.Error()
	}
	r := results[0]
	var columns, have []string
	for _, col := range r.Columns {
		columns = append(columns, col.Name+":"+col.Type.String())
	}
	for _, row := range r.Rows {
		values := make([]string, len(row))
		for i, v := range row {
			values[i] = text(r.Columns[i].Type, v)
		}
		have = append(have, strings.Join(values, " | "))
	}
	if !c.expression && strings.Join(columns, ", ") != c.columns {
		return "have columns " + strings.Join(columns, ", ")
	}
	if !sameLines(have, c.rows, c.ordered) {
		return "have\n" + strings.Join(have, "\n")
	}
	return ""
}

func sameLines(have, want []string, ordered bool) bool {
	if len(have) != len(want) {
		return false
	}
	left := map[string]int{}
	for i, line := range want {
		left[line]++
		if ordered && have[i] != line {
			return false
		}
	}
	for _, line := range have {
		if left[line]--; left[line] < 0 {
			return false
		}
	}
	return true
}

// addOwnTables declares the tables that own cases read.
func addOwnTables(q *enginetest.Queries) {
	at := func(s string) any {
		n, ok := ticks.ParseDate(s)
		if !ok {
			panic(s)
		}
		return n
	}
	q.Add(kql.Table{Name: "Requests", Time: "TimeGenerated", Columns: []kql.Column{
		{Name: "TimeGenerated", Type: kql.Datetime},
		{Name: "Op", Type: kql.String},
		{Name: "Code", Type: kql.Int},
		{Name: "Ms", Type: kql.Real},
		{Name: "Props", Type: kql.Dynamic},
		{Name: "_ItemId", Type: kql.String, Hidden: true},
		{Name: "_TimeReceived", Type: kql.Datetime, Hidden: true},
		{Name: "_IsBillable", Type: kql.String, Hidden: true},
	}},
		[]any{at("2024-05-01T10:00:00Z"), "GetBlob", int64(200), 1.5, `{"tier":"Hot","ips":["10.0.0.1","10.0.0.2"]}`, "i1", at("2024-05-02T00:00:00Z"), "True"},
		[]any{at("2024-05-01T10:20:00Z"), "PutBlob", int64(201), 12.0, `{"tier":"Cool","ips":["10.0.0.1"]}`, "i2", at("2024-05-03T00:00:00Z"), "True"},
		[]any{at("2024-05-01T11:05:00Z"), "GetBlob", int64(404), 0.5, nil, "i3", at("2024-05-04T00:00:00Z"), "False"},
		[]any{at("2024-05-02T09:00:00Z"), "DeleteBlob", nil, nil, `{"tier":"Hot","ips":[]}`, "i4", at("2024-05-05T00:00:00Z"), "True"},
	)
	q.Add(kql.Table{Name: "Owners", Columns: []kql.Column{{Name: "Op", Type: kql.String}, {Name: "Owner", Type: kql.String}}},
		[]any{"GetBlob", "readers"}, []any{"PutBlob", "writers"}, []any{"ListBlobs", "readers"})
}

// TestRefused: what is missing is refused by its name.
func TestRefused(t *testing.T) {
	q := enginetest.Open(t)
	addOwnTables(q)
	for _, c := range readOwn(t, "refused.kqltest") {
		_, err := q.Run(t.Context(), c.query)
		var e *kql.Error
		if !errors.As(err, &e) || !e.Refused || e.What != c.what {
			t.Errorf("%s\n%s\n%v", c.place, c.query, err)
		}
	}
}
