//go:build cgo

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	sql     *sql.DB
	keeping *sql.DB // nil: none
}

// Open opens a database. The caller closes it.
//
// The instance is one in memory, and the file is attached to it: so a path may
// have any characters, and the functions belong to the instance.
func Open(ctx context.Context, c Config) (*DB, error) {
	if strings.Contains(c.File, "?") {
		// The engine puts the name of its log before the question mark.
		return nil, fmt.Errorf("open the database: %s has a question mark in it: use another folder", c.File)
	}
	// The first connection attaches the file, those that follow use it.
	ready := false
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error {
		if !ready || c.File == "" {
			return nil
		}
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "USE "+attached, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db := &DB{sql: sql.OpenDB(connector)}
	if err := db.setUp(ctx, c, connector); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), db.Close())
	}
	ready = true
	return db, nil
}

// attached is the name of the database that Config.File is.
const attached = "store"

// setUp registers the functions, attaches the file and locks what can be set.
func (db *DB) setUp(ctx context.Context, c Config, connector *duckdb.Connector) error {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		// A connection that exists before the file is attached does not use it.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}()
	if err := conn.Raw(register); err != nil {
		return err
	}
	for _, statement := range settings(c) {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return Translate(ctx, err)
		}
	}
	if c.Keeping > 0 {
		if err := db.openKeeping(ctx, connector, c.Keeping); err != nil {
			return Translate(ctx, err)
		}
	}
	_, err = conn.ExecContext(ctx, "SET GLOBAL lock_configuration = true")
	return Translate(ctx, err)
}

// settings are the statements that set up a database, in order, before they are
// locked.
func settings(c Config) []string {
	set := func(name, value string) string { return "SET GLOBAL " + name + " = " + value }
	bytes := func(n, fallback int64) string {
		if n <= 0 {
			n = fallback
		}
		return quote(strconv.FormatInt(n, 10) + "B")
	}
	threads := c.Threads
	if threads <= 0 {
		threads = runtime.NumCPU()
	}
	folders := make([]string, 0, len(c.Folders)+1)
	for _, f := range c.Folders {
		folders = append(folders, quote(folder(f)))
	}
	if c.File != "" {
		folders = append(folders, quote(folder(filepath.Dir(c.File))))
	}
	temp, tempLimit := c.TempFolder, c.TempLimit
	if temp == "" || tempLimit <= 0 {
		temp, tempLimit = "", 0
	}
	out := []string{
		set("autoinstall_known_extensions", "false"),
		set("autoload_known_extensions", "false"),
		set("TimeZone", "'UTC'"),
		set("memory_limit", bytes(c.MemoryLimit, defaultMemory)),
		set("threads", strconv.Itoa(threads)),
		set("temp_directory", quote(temp)),
		set("checkpoint_threshold", bytes(c.CheckpointThreshold, defaultCheckpoint)),
		set("allowed_directories", "["+strings.Join(folders, ", ")+"]"),
	}
	if c.KeepLog {
		out = append(out, "PRAGMA disable_checkpoint_on_shutdown")
	}
	if temp != "" {
		out = append(out, set("max_temp_directory_size", bytes(tempLimit, 0)))
	}
	if c.File != "" {
		how := ""
		if c.ReadOnly {
			how = " (READ_ONLY)"
		}
		out = append(out, "ATTACH "+quote(c.File)+" AS "+attached+how)
	}
	return append(out, set("enable_external_access", "false"))
}

// folder is a path with a slash at its end, as DuckDB takes a prefix for one.
func folder(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return strings.TrimSuffix(path, "/") + "/"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// SQL is for statements that are not queries of the language. Transactions need a
// connection of their own, as ever.
func (db *DB) SQL() *sql.DB { return db.sql }

// Close waits for nothing: queries that run fail.
func (db *DB) Close() error {
	if db.keeping != nil {
		return errors.Join(db.keeping.Close(), db.sql.Close())
	}
	return db.sql.Close()
}
