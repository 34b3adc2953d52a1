// Package engine is DuckDB as the store and its queries use it: a database with
// the language's Go functions registered, limits set, and no way to a file that
// it was not given.
//
//	db, err := engine.Open(ctx, engine.Config{File: path, MemoryLimit: 1 << 30})
//	err = db.Query(ctx, statement, func(values []any) error { … })
//
// The values of a row are as package kql has them. A query ends when its context
// does; what it failed with wraps ErrMemory, ErrBroken or the context's error
// where callers tell these apart.
//
// # What SQL can reach
//
// The database file, and files in Config.Folders, by ATTACH, COPY and
// read_parquet. Extensions are neither installed nor loaded, and no setting can be
// changed after Open.
//
// # What it does not do
//
// It knows no tables: SQL of the store goes through DB.SQL. Without cgo there is
// no DuckDB, and Open returns ErrNoCgo.
package engine
