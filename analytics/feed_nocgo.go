//go:build !cgo

package analytics

import "database/sql"

// feed needs cgo: there is none in this build.
type feed struct{}

func newFeed(*sql.Conn) (*feed, error) { return nil, ErrNoCgo }

func (*feed) close() {}

func (*feed) commit() error { return ErrNoCgo }

func (*feed) run(string) error { return ErrNoCgo }

func (*feed) append(string, string, []source, [][]any) error { return ErrNoCgo }
