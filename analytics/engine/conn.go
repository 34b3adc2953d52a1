//go:build cgo

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"

	ksql "reslog/kql/sql"
)

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

// Translate makes an error of a statement that ran outside of Query one that says
// what happened, see the package.
func Translate(ctx context.Context, err error) error { return translate(ctx, err) }
