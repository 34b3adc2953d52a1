//go:build cgo

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/duckdb/duckdb-go/v2"
)

// keeper makes connections that keep what a Parquet file says at its end. It does
// not close the database, as the connector does that it is about.
type keeper struct{ of *duckdb.Connector }

// Connect implements driver.Connector. Once settings are locked a connection keeps
// nothing, and is as good otherwise.
func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.of.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if e, ok := conn.(driver.ExecerContext); ok {
		_, _ = e.ExecContext(ctx, "SET SESSION parquet_metadata_cache = true", nil)
	}
	return conn, nil
}

// Driver implements driver.Connector.
func (k keeper) Driver() driver.Driver { return k.of.Driver() }

// openKeeping makes the connections that keep, all of them now: later the settings
// are locked.
func (db *DB) openKeeping(ctx context.Context, connector *duckdb.Connector, n int) error {
	db.keeping = sql.OpenDB(keeper{connector})
	db.keeping.SetMaxIdleConns(n)
	conns := make([]*sql.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			_ = c.Close() // it goes back to the pool
		}
	}()
	for range n {
		c, err := db.keeping.Conn(ctx)
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	return nil
}

// Keeping is as SQL is, for queries of few Parquet files: what is read of the end
// of a file is kept until the database is closed, some kilobytes for every hundred
// thousand values of it, and outside of the limit of memory. To read it takes
// longer than many a query of a file. It is nil when Config has none.
func (db *DB) Keeping() *sql.DB { return db.keeping }
