//go:build cgo

package conformance_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/kql"
)

// realQueries runs the queries that people published, over our tables: each binds,
// prints and runs, with the columns that the official binder gives it.
func realQueries(t *testing.T, pattern *regexp.Regexp) []verdict {
	t.Helper()
	q := enginetest.Open(t)
	q.Options.Now = now
	tables := grownTables(t)
	schemas := officialSchemas(t)
	var out []verdict
	root := filepath.Join(collection(), "queries")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, _ := filepath.Rel(root, path)
		folder, _, _ := strings.Cut(file, "/")
		v := verdict{Area: "published queries, " + folder, Source: file, Query: string(data)}
		if !pattern.MatchString(v.Area + "\n" + v.Source + "\n" + v.Query) {
			return nil
		}
		judgeReal(t, q, &v, tables, schemas[file])
		report(t, v)
		out = append(out, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// judgeReal runs a published query over rows that are made for it.
func judgeReal(t *testing.T, q *enginetest.Queries, v *verdict, tables []kql.Table, want []string) {
	t.Helper()
	for _, table := range tables {
		q.Add(table, tableRows(table, v.Query, 12)...)
	}
	asked := &asking{Queries: q}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	results, err := q.RunOver(ctx, asked, v.Query)
	var e *kql.Error
	isError := errors.As(err, &e)
	switch {
	case strings.HasPrefix(v.Source, "invalid/"):
		if !isError {
			v.Kind, v.Why = wrong, "the official parser rejects it"
		}
	case isError && e.Refused:
		v.Kind, v.What = refused, e.What
	case isError && foreign(e, asked, want):
		v.Kind, v.Why = unsure, "it names tables, columns or functions that are not ours: "+e.Error()
	case err != nil:
		v.Kind, v.Why = wrong, err.Error()
	case want != nil:
		if have := schema(results[len(results)-1]); !sameSchema(v.Query, have, want) {
			v.Kind, v.Why = wrong, "columns "+strings.Join(have, " ")+", want "+strings.Join(want, " ")
		}
	}
}

// foreign reports whether an error is about what is not ours to have.
func foreign(e *kql.Error, asked *asking, want []string) bool {
	switch e.Code {
	case "KS204", "KS142", "KS211": // a table, a column, a function
		return true
	}
	return len(asked.missed) > 0
}

// asking is a catalogue that notes the tables that it has not.
type asking struct {
	*enginetest.Queries
	missed []string
}

// Table implements kql.Catalog.
func (a *asking) Table(name string) (kql.Table, bool) {
	t, ok := a.Queries.Table(name)
	if !ok {
		a.missed = append(a.missed, name)
	}
	return t, ok
}

// officialSchemas are the columns of results, "name:type", by file.
func officialSchemas(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(collection(), "result-schemas.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string][]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var s struct {
			File    string
			Columns []string
		}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		out[s.File] = s.Columns
	}
	return out
}

func schema(r enginetest.Result) []string {
	out := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		out[i] = c.Name + ":" + c.Type.String()
	}
	return out
}

// sameSchema compares columns. The official binder gives column_ifexists the type
// of its default, we that of the column that it finds.
func sameSchema(query string, have, want []string) bool {
	if slices.Equal(have, want) {
		return true
	}
	if !strings.Contains(query, "ifexists") || len(have) != len(want) {
		return false
	}
	for i := range have {
		a, _, _ := strings.Cut(have[i], ":")
		b, _, _ := strings.Cut(want[i], ":")
		if a != b {
			return false
		}
	}
	return true
}
