package kql

import "context"

// Column is a named, typed column of a table or a result.
type Column struct {
	Name string
	Type Type
	// Hidden columns exist when they are named, and are not in the output of a
	// query that names none: _ItemId, _TimeReceived.
	Hidden bool
}

// Table is a table that a query may read.
type Table struct {
	Name    string
	Columns []Column
	// Time is the column that time ranges are about, "TimeGenerated"; empty for none.
	Time string
}

// Catalog is what a query may name. Names are case-sensitive.
type Catalog interface {
	// Table finds a table. Tables that have a documented schema and no data yet
	// are found too.
	Table(name string) (Table, bool)
	// Tables returns all tables that wildcards, search and find range over, sorted.
	Tables() []Table
}

// Runner runs a plan while another is bound: the columns of bag_unpack and pivot
// depend on data. It returns at most limit rows of values as package doc has them.
type Runner func(ctx context.Context, plan *Plan, limit int) ([][]any, error)

// TimeRange is half open; a zero end is no bound. Ticks.
type TimeRange struct {
	From, To       int64
	HasFrom, HasTo bool
}
