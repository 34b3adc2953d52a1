//go:build cgo

// Package enginetest runs queries on an engine in memory, for tests of the
// language: text in, typed rows out.
//
//	q := enginetest.Open(t)
//	results, err := q.Run(t.Context(), `print x = 1 + 1`)
//
// A query may name no tables but those that Add declared.
package enginetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/analytics/engine"
	"reslog/kql"
	"reslog/kql/sql"
	"reslog/kql/sql/duckdb"
)

// Queries is an engine and its tables, which are empty until rows are added.
type Queries struct {
	// Options are those of Bind. Run sets the Runner.
	Options kql.Options
	db      *engine.DB
	tables  map[string]*table
}

type table struct {
	kql.Table
	rows [][]any
}

// Result is the rows of one statement, values as package kql has them.
type Result struct {
	Name    string
	Columns []kql.Column
	Rows    [][]any
	Render  *kql.Render
	// Plan is what was printed, SQL what was run.
	Plan kql.Result
	SQL  string
}

// Open opens an engine that is closed with the test.
func Open(t testing.TB) *Queries {
	t.Helper()
	db, err := engine.Open(t.Context(), engine.Config{MemoryLimit: 512 << 20, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the engine: %v", err)
		}
	})
	return &Queries{
		Options: kql.Options{Now: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)},
		db:      db, tables: make(map[string]*table),
	}
}

// Add declares a table with rows.
func (q *Queries) Add(t kql.Table, rows ...[]any) { q.tables[t.Name] = &table{t, rows} }

// Clear forgets all tables.
func (q *Queries) Clear() { clear(q.tables) }

// Table implements kql.Catalog.
func (q *Queries) Table(name string) (kql.Table, bool) {
	t, ok := q.tables[name]
	if !ok {
		return kql.Table{}, false
	}
	return t.Table, true
}

// Tables implements kql.Catalog.
func (q *Queries) Tables() []kql.Table {
	out := make([]kql.Table, 0, len(q.tables))
	for _, t := range q.tables {
		out = append(out, t.Table)
	}
	slices.SortFunc(out, func(a, b kql.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Run binds, prints and runs a query.
func (q *Queries) Run(ctx context.Context, query string) ([]Result, error) {
	return q.RunOver(ctx, q, query)
}

// RunOver is Run with another view of the tables.
func (q *Queries) RunOver(ctx context.Context, tables kql.Catalog, query string) ([]Result, error) {
	o := q.Options
	o.Runner = func(ctx context.Context, plan *kql.Plan, limit int) ([][]any, error) {
		r, err := q.run(ctx, plan, 0, limit)
		return r.Rows, err
	}
	plan, err := kql.Bind(ctx, query, tables, o)
	if err != nil {
		return nil, err
	}
	var out []Result
	for i := range plan.Results {
		r, err := q.run(ctx, plan, i, 0)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Plan runs a plan that is made by hand.
func (q *Queries) Plan(ctx context.Context, root kql.Rel) (Result, error) {
	return q.run(ctx, &kql.Plan{Results: []kql.Result{{Root: root, Columns: root.Cols()}}}, 0, 0)
}

func (q *Queries) run(ctx context.Context, plan *kql.Plan, index, limit int) (Result, error) {
	st, err := sql.Print(plan, index, duckdb.Dialect{}, sql.Options{Scan: q.scan, Limit: limit})
	if err != nil {
		return Result{}, err
	}
	out := Result{Name: plan.Results[index].Name, Columns: st.Columns, Render: plan.Results[index].Render, Plan: plan.Results[index], SQL: st.SQL}
	err = q.db.Query(ctx, st, func(values []any) error {
		out.Rows = append(out.Rows, slices.Clone(values))
		return nil
	})
	return out, err
}

// scan is the rows of a table as literals.
func (q *Queries) scan(s *kql.Scan, used []kql.Column) (string, error) {
	t, ok := q.tables[s.Table.Name]
	if !ok {
		return "", fmt.Errorf("there is no table %s", s.Table.Name)
	}
	selects := make([]string, 0, len(t.rows)+1)
	for _, row := range append([][]any{make([]any, len(t.Columns))}, t.rows...) {
		items := []string{"0 AS one"}
		for i, c := range used {
			at := slices.IndexFunc(t.Columns, func(own kql.Column) bool { return own.Name == c.Name })
			text, err := duckdb.Dialect{}.Literal(c.Type, row[at])
			if err != nil {
				return "", err
			}
			if i == 0 {
				items = nil
			}
			items = append(items, text)
		}
		selects = append(selects, "SELECT "+strings.Join(items, ", "))
	}
	selects[0] += " WHERE false"
	return "(" + strings.Join(selects, " UNION ALL ") + ")", nil
}
