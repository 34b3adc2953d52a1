package analytics

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
	ksql "reslog/kql/sql"
	"reslog/kql/sql/duckdb"
)

// Source is the name of the table that a transformation reads.
const Source = "source"

// posted is the catalogue of a transformation: `source`, and nothing else.
type posted struct{ columns []kql.Column }

// Table implements kql.Catalog.
func (p posted) Table(name string) (kql.Table, bool) {
	return kql.Table{Name: Source, Columns: p.columns}, name == Source
}

// Tables implements kql.Catalog.
func (p posted) Tables() []kql.Table {
	t, _ := p.Table(Source)
	return []kql.Table{t}
}

// CheckTransform reports whether a transformation of rows with these columns can
// be run: a query of one result over the table `source`. The error is a *kql.Error
// when the query is why not.
func CheckTransform(ctx context.Context, query string, columns []kql.Column) error {
	_, err := bindTransform(ctx, query, columns, time.Now())
	return err
}

func bindTransform(ctx context.Context, query string, columns []kql.Column, now time.Time) (*kql.Plan, error) {
	plan, err := kql.Bind(ctx, query, posted{columns}, kql.Options{Now: now})
	if err != nil {
		return nil, err
	}
	if len(plan.Results) != 1 {
		return nil, fmt.Errorf("a transformation has one result, this one has %d", len(plan.Results))
	}
	return plan, nil
}

// Transform runs a query over rows, which are its table `source`, and returns what
// it gives as rows of a table.
func (s *Store) Transform(ctx context.Context, query, table string, in []rows.Rows) ([]rows.Rows, error) {
	if err := s.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	db, _, done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	var out []rows.Rows
	for _, r := range in {
		plan, err := bindTransform(ctx, query, r.Columns, s.c.Now())
		if err != nil {
			return nil, err
		}
		d := duckdb.Dialect{}
		st, err := ksql.Print(plan, 0, d, ksql.Options{Scan: func(_ *kql.Scan, used []kql.Column) (string, error) {
			return literalRows(d, r, used)
		}})
		if err != nil {
			return nil, err
		}
		made := rows.Rows{Table: table, Columns: st.Columns}
		err = db.Query(ctx, st, func(values []any) error {
			made.Values = append(made.Values, slices.Clone(values))
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(made.Values) > 0 {
			out = append(out, made)
		}
	}
	return out, nil
}

// literalRows is a relation that holds rows.
func literalRows(d duckdb.Dialect, r rows.Rows, used []kql.Column) (string, error) {
	indexes, names := make([]int, len(used)), make([]string, len(used))
	for i, c := range used {
		indexes[i] = slices.IndexFunc(r.Columns, func(o kql.Column) bool { return o.Name == c.Name })
		names[i] = "v" + strconv.Itoa(i)
	}
	if len(used) == 0 { // only the number of rows counts
		return "(SELECT * FROM " + d.Numbers(strconv.Itoa(len(r.Values)-1), "v0") + ")", nil
	}
	values := make([][]string, 0, len(r.Values))
	for _, row := range r.Values {
		line := make([]string, len(used))
		for i, c := range used {
			var v any
			if indexes[i] >= 0 {
				v = row[indexes[i]]
			}
			if v == nil && c.Type == kql.String {
				v = ""
			}
			text, err := d.Literal(c.Type, v)
			if err != nil {
				return "", err
			}
			line[i] = text
		}
		values = append(values, line)
	}
	return "(SELECT * FROM " + d.Values(values, names) + ")", nil
}
