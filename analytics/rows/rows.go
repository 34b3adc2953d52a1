// Package rows makes rows of Log Analytics tables out of what is logged.
//
//	b := rows.NewBuilder(rows.Config{Dedicated: true})
//	err := b.Record(&rec)                        // a resource log record or a metric
//	err = b.Line(line, rows.Origin{…})           // the same, out of an archive
//	err = b.Entry(&entry, rows.EntryOrigin{…})   // an entry of a classic log
//	err = b.Stream("Mine_CL", columns).Add(obj)  // posted, with declared columns
//	err = b.Collector("Mine", opt).Add(obj)      // posted, columns by type of value
//	batch := b.Take()                            // the rows, by table
//
// A record whose category has a table of its own becomes a row of that table
// when the builder is Dedicated, and a row of AzureDiagnostics when it is not or
// when there is no such table. Metrics are rows of AzureMetrics in either case.
//
// What cannot become a row is an error that wraps ErrUnusable and says why;
// the builder is as it was before. Nothing that a line can hold makes it panic, use
// more memory than a few times the line's size, or loop.
//
// # Values
//
// Columns get what they can hold, as ingestion into a workspace does: numbers
// that are written as strings are numbers, and what does not fit the type of its
// column is null, not an error. Times keep their 100 ns. Members for which a
// dedicated table has no column are dropped. Text over 64 KiB is cut.
//
// _BilledSize is the sum over the row's own values: of text its bytes, of any other
// value 8. Azure bills by a representation it does not document; this is of its
// order. Every row is billable, which is written "True", as workspaces do.
//
// The zero values that storage leaves out of its records are zero in the rows, not null.
//
// Rows lack the columns that their store knows best: TenantId, Type,
// _SubscriptionId, _ItemId and _TimeReceived.
package rows

import "reslog/kql"

// Rows are rows of one table with the same columns.
type Rows struct {
	Table string
	// Columns say what Values[i][j] is. A table that lacks one of them gets it.
	Columns []kql.Column
	// Values are as package kql has them; nil is null, and '' for a string.
	Values [][]any
}

// Batch is rows that are stored together: all of them and the position, or nothing.
type Batch struct {
	// Source is what the rows are from: a setting, a blob of an archive. A batch
	// whose Position is not past the one that is stored for its Source is there
	// already, and nothing of it is stored again. "" carries no position.
	Source   string
	Position uint64
	Rows     []Rows
}
