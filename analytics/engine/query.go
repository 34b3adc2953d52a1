//go:build cgo

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"reslog/kql"
	ksql "reslog/kql/sql"
)

// Query runs a statement and hands its rows to each, which must not keep the
// slice. An error of each ends the query and is returned as it is; so is the error
// of ctx when that ends it.
func (db *DB) Query(ctx context.Context, st ksql.Statement, each func(values []any) error) error {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return Translate(ctx, err)
	}
	defer conn.Close()
	return QueryOn(ctx, conn, st, each)
}

// QueryOn is Query on a connection of the database, in its transaction.
func QueryOn(ctx context.Context, conn *sql.Conn, st ksql.Statement, each func(values []any) error) error {
	var failed error
	err := conn.Raw(func(c any) error {
		failed = run(ctx, c.(driver.QueryerContext), st, each)
		return nil
	})
	if failed != nil {
		return failed
	}
	return Translate(ctx, err)
}

func run(ctx context.Context, conn driver.QueryerContext, st ksql.Statement, each func([]any) error) (err error) {
	rows, err := conn.QueryContext(ctx, st.SQL, nil)
	if err != nil {
		return Translate(ctx, err)
	}
	defer func() {
		if e := rows.Close(); err == nil && e != nil {
			err = Translate(ctx, e)
		}
	}()
	n := len(rows.Columns())
	if len(st.Columns) != n && len(st.Columns) > 0 {
		return fmt.Errorf("run a query: it has %d columns and should have %d", n, len(st.Columns))
	}
	raw, values := make([]driver.Value, n), make([]any, len(st.Columns))
	for i := 0; ; i++ {
		// A result is all there: what is left is to read it.
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := rows.Next(raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return Translate(ctx, err)
		}
		for i, c := range st.Columns {
			if values[i], err = value(c.Type, raw[i]); err != nil {
				return fmt.Errorf("run a query: column %s: %w", c.Name, err)
			}
		}
		if err := each(values); err != nil {
			return err
		}
	}
}

// value is what DuckDB has as package kql has it.
func value(t kql.Type, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		if t == kql.String {
			return "", nil
		}
		return nil, nil
	case bool:
		if t == kql.Bool {
			return v, nil
		}
	case int32:
		if t == kql.Int || t == kql.Long {
			return int64(v), nil
		}
	case int64:
		if t == kql.Long || t == kql.Datetime || t == kql.Timespan || t == kql.Int {
			return v, nil
		}
	case float64:
		if t == kql.Real || t == kql.Decimal {
			return v, nil
		}
	case string:
		if t == kql.String || t == kql.Guid || t == kql.Dynamic {
			return v, nil
		}
	}
	return nil, fmt.Errorf("the engine has a %T for a %s", v, t)
}

// Translate makes an error of DuckDB one that says what happened, see the package.
// The text of a statement is not in it.
func Translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var e *duckdb.Error
	if !errors.As(err, &e) {
		return err
	}
	message, _, _ := strings.Cut(e.Msg, "\n")
	switch {
	case e.Type == duckdb.ErrorTypeOutOfMemory, strings.Contains(e.Msg, errNoMemory.Error()):
		return fmt.Errorf("%w: read a shorter time, or group by fewer values (%s)", ErrMemory, message)
	case e.Type == duckdb.ErrorTypeFatal:
		return fmt.Errorf("%w: %s", ErrBroken, message)
	}
	return fmt.Errorf("%s", strings.TrimSpace(message))
}
