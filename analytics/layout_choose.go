package analytics

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"reslog/analytics/engine"
	"reslog/kql"
)

// choose decides how the columns of rows are stored in a file: from a sample what
// may be worth it, from all rows what holds. from is a relation with a column
// c<id> for each of columns.
func choose(ctx context.Context, conn queryer, columns []column, from string) (layout, error) {
	const sample = 20_000
	guesses, err := guess(ctx, conn, columns, fmt.Sprintf("(SELECT * FROM %s LIMIT %d)", from, sample))
	if err != nil {
		return nil, err
	}
	// How often each has a value, whether always the same, and how often its
	// encoding fails.
	var items []string
	for i, c := range columns {
		n := c.name()
		failed := "0"
		if guesses[i].How == asGuid || guesses[i].How == asHex {
			failed = "count(*) FILTER (" + n + " IS NOT NULL AND " + guesses[i].encode(n) + " IS NULL)"
		}
		one := "false, ''"
		if c.Type == kql.String && c.id != idItem {
			one = "coalesce(min(" + n + ") = max(" + n + ") AND count(" + n + ") = count(*), false), coalesce(min(" + n + "), '')"
		}
		items = append(items, "count("+n+")", failed, one)
	}
	var out layout
	err = one(ctx, conn, "SELECT "+strings.Join(items, ", ")+" FROM "+from, func(scan func(...any) error) error {
		counts, fails := make([]int64, len(columns)), make([]int64, len(columns))
		ones, texts := make([]bool, len(columns)), make([]string, len(columns))
		var targets []any
		for i := range columns {
			targets = append(targets, &counts[i], &fails[i], &ones[i], &texts[i])
		}
		if err := scan(targets...); err != nil {
			return err
		}
		for i, c := range columns {
			e := guesses[i]
			switch {
			case counts[i] == 0:
				continue // absent
			case ones[i]:
				e = encoded{ID: c.id, How: asSame, Value: texts[i]}
			case fails[i] > counts[i]/20:
				e = encoded{ID: c.id}
			case fails[i] > 0:
				e.Rest = true
			}
			out = append(out, e)
		}
		return nil
	})
	return relate(out, columns), err
}

// guess looks at a sample for what each column may be.
func guess(ctx context.Context, conn queryer, columns []column, from string) ([]encoded, error) {
	out := make([]encoded, len(columns))
	var items []string
	tries := []encoded{{How: asGuid}, {How: asHex}, {How: asHex, Value: `"`}}
	for i, c := range columns {
		out[i].ID = c.id
		if c.Type != kql.String && c.Type != kql.Guid || c.id == idItem {
			continue
		}
		items = append(items, "count("+c.name()+")")
		for _, t := range tries {
			items = append(items, "count("+t.encode(c.name())+")")
		}
		items = append(items, "count(*) FILTER (regexp_matches("+c.name()+", "+hostPattern+"))")
	}
	if len(items) == 0 {
		return out, nil
	}
	err := one(ctx, conn, "SELECT "+strings.Join(items, ", ")+" FROM "+from, func(scan func(...any) error) error {
		counts := make([]int64, len(items))
		targets := make([]any, len(items))
		for i := range counts {
			targets[i] = &counts[i]
		}
		if err := scan(targets...); err != nil {
			return err
		}
		for i, c := range columns {
			if c.Type != kql.String && c.Type != kql.Guid || c.id == idItem {
				continue
			}
			n, fits := counts[0], counts[1:2+len(tries)]
			counts = counts[2+len(tries):]
			for j, k := range fits {
				if n == 0 || k < n-n/20 {
					continue
				}
				if j < len(tries) {
					out[i].How, out[i].Value = tries[j].How, tries[j].Value
				} else if c.Type == kql.String {
					out[i].How = asURL
				}
				break
			}
		}
		return nil
	})
	return out, err
}

// relate finds the object keys that follow from the Uri of their row, as they do
// in the tables of storage accounts.
func relate(l layout, columns []column) layout {
	byName := make(map[string]*encoded)
	for i := range l {
		for _, c := range columns {
			if c.id == l[i].ID {
				byName[c.Name] = &l[i]
			}
		}
	}
	uri, object, account := byName["Uri"], byName["ObjectKey"], byName["AccountName"]
	if uri == nil || object == nil || account == nil || uri.How != asURL || object.How != asPlain {
		return l
	}
	object.How, object.From = asKey, []int{account.ID, uri.ID}
	return l
}

// queryer is a connection, or a transaction of it.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// one runs a query that has one row.
func one(ctx context.Context, conn queryer, query string, row func(scan func(...any) error) error) error {
	return engine.Translate(ctx, row(conn.QueryRowContext(ctx, query).Scan))
}
