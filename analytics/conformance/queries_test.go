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
	tables, reference := grownTables(t)
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
		judgeReal(t, q, &v, tables)
		if want := schemas[file]; v.Kind == right && want != nil {
			judgeSchema(t, reference, &v, want)
		}
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
func judgeReal(t *testing.T, q *enginetest.Queries, v *verdict, tables []kql.Table) {
	t.Helper()
	for _, table := range tables {
		q.Add(table, tableRows(table, v.Query, 12)...)
	}
	asked := &asking{Catalog: q}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := q.RunOver(ctx, asked, v.Query)
	var e *kql.Error
	isError := errors.As(err, &e)
	switch {
	case strings.HasPrefix(v.Source, "invalid/"):
		if !isError {
			v.Kind, v.Why = wrong, "the official parser rejects it"
		}
	case isError && e.Refused:
		v.Kind, v.What = refused, e.What
	case isError && (foreign[e.Code] != "" || len(asked.missed) > 0):
		v.Kind, v.Why = unsure, foreign[e.Code]
	case err != nil:
		v.Kind, v.Why = wrong, err.Error()
	}
}

// foreign are the errors about what is not ours to have, and KS227, which the
// official binder gives for the same queries.
var foreign = map[string]string{
	"KS204": "a table of another service", "KS142": "a column of another service", "KS211": "a function that somebody saved",
	"KS227": "a join that the official binder rejects, too",
}

// judgeSchema holds the columns of a result against those that the official binder
// computes for the tables of reference.
func judgeSchema(t *testing.T, reference catalogue, v *verdict, want []string) {
	t.Helper()
	asked := &asking{Catalog: reference}
	plan, err := kql.Bind(t.Context(), v.Query, asked, kql.Options{Now: now})
	if err != nil {
		return // it needs the rows to say its columns, and has run
	}
	if len(asked.missed) > 0 {
		return // the official binder guesses the columns of tables that it does not know
	}
	if have := schema(plan.Results[len(plan.Results)-1].Columns); !sameSchema(v.Query, have, want) {
		v.Kind, v.Why = wrong, "columns "+strings.Join(have, " ")+", want "+strings.Join(want, " ")
	}
}

// asking is a catalogue that notes the tables that it has not.
type asking struct {
	kql.Catalog
	missed []string
}

// Table implements kql.Catalog.
func (a *asking) Table(name string) (kql.Table, bool) {
	t, ok := a.Catalog.Table(name)
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

func schema(cols []kql.Col) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
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
