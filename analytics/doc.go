// Package analytics keeps Log Analytics workspaces: tables of rows that are
// appended, kept for some days, and queried with KQL.
//
//	store, err := analytics.Open(ctx, analytics.Config{Folder: dir})
//	w, err := store.Workspace(ctx, customerID)
//	err = w.Append(ctx, rows.Batch{Source: "bus", Position: 17, Rows: made})
//	stats, err := w.Query(ctx, analytics.Request{Query: "StorageBlobLogs | count"}, sink)
//
// # Guarantees
//
// A batch is durable when Append returns, all of it or nothing, together with its
// position: a stream that is read again from Position is stored exactly once,
// over a kill at any moment. A query sees whole batches only.
//
// Rows of the day are in a hot table of the workspace's database. When the day is
// over it is closed: sorted by resource and time and written once, into a file of
// its own that never changes and is deleted when the retention of its table ends.
// Rows that come later for a closed day make another file, and files of one day
// are merged.
//
// A day file that cannot be read costs its own rows: the rest is answered, and
// Query returns a *Partial that names it.
//
// What queries may use is bounded: how many run and wait, their rows, their
// memory. One that exceeds it fails alone. While a batch is stored they rest as long
// as the last one took.
//
// A batch does not wait for the engine's log to be moved into its database, unless
// it makes a table or a column.
//
// # What it does not do
//
// Rows are not changed or deleted one by one. The engine is DuckDB, which needs
// cgo: without it Open returns ErrNoCgo.
package analytics
