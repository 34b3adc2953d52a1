// Package rows makes rows of Log Analytics tables out of what is logged: a
// resource log record, an entry of a classic log, an object that was posted.
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
