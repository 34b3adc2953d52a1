//go:build !cgo

package engine

import (
	"context"
	"database/sql"

	ksql "reslog/kql/sql"
)

// DB needs cgo: there is none in this build.
type DB struct{}

// Open returns ErrNoCgo.
func Open(context.Context, Config) (*DB, error) { return nil, ErrNoCgo }

// Query returns ErrNoCgo.
func (*DB) Query(context.Context, ksql.Statement, func([]any) error) error { return ErrNoCgo }

// SQL returns nil.
func (*DB) SQL() *sql.DB { return nil }

// Keeping returns nil.
func (*DB) Keeping() *sql.DB { return nil }

// Close does nothing.
func (*DB) Close() error { return nil }

// QueryOn returns ErrNoCgo.
func QueryOn(context.Context, *sql.Conn, ksql.Statement, func([]any) error) error { return ErrNoCgo }

// Translate returns err.
func Translate(_ context.Context, err error) error { return err }
