package analytics

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"reslog/analytics/engine"
	"reslog/kql"
)

// Request is a query.
type Request struct {
	// Query is KQL.
	Query string
	// Span restricts TimeGenerated of every table that is read.
	Span kql.TimeRange
	// Resource, when set, restricts every table to the rows of this resource and of
	// those below it. Case does not matter.
	Resource string
	// Workspaces are more to read: every table is the union of the tables of that
	// name, and TenantId tells them apart.
	Workspaces []*Workspace
	// MaxRows and MaxBytes bound the answer; zero: the limits of the real service,
	// 500,000 rows and 64,000,000 bytes of values. More is not possible.
	MaxRows  int
	MaxBytes int64
	// Measure asks for the time of processors and the memory in Stats. It costs about
	// a millisecond, and as much for every tenth of a second that the query takes.
	Measure bool
	// Parameters are values for the declared query parameters, as KQL literals.
	Parameters map[string]string
}

// Sink takes the results of a query, in order: each is a Table followed by its
// rows. The values of a row are as package kql has them and are the sink's only
// until it returns. An error ends the query, and Query returns it.
type Sink interface {
	Table(name string, columns []kql.Column, render *kql.Render) error
	Row(values []any) error
}

// Stats says what a query took.
type Stats struct {
	// Rows and Bytes are those of the answer.
	Rows  int64
	Bytes int64
	// ScannedRows and ScannedBytes are those of the days that were open to the
	// query, not what was read of them.
	ScannedRows  int64
	ScannedBytes int64
	Days         int
	// Tables are the names of the tables that were read, sorted.
	Tables []string
	// Waited is the time in the queue, Elapsed the rest, Compile the part of it
	// that made SQL of the query.
	Waited, Elapsed, Compile time.Duration
	// User and Kernel are the time of processors that the process used while the query
	// ran, with that of whatever else it did. PeakMemory is by how much the engine's
	// memory was seen to grow meanwhile, bytes. They are zero unless Request.Measure
	// is set, and the times where the system does not tell them.
	User, Kernel time.Duration
	PeakMemory   int64
	// Range is the time range that the query was restricted to.
	Range kql.TimeRange
}

// ErrBusy is returned by Query when as many queries run and wait as may. Ask
// again later.
var ErrBusy = errors.New("too many queries run and wait: try again later")

// ErrResources is wrapped by the error of a query that needs more memory or
// temporary disk space than there is for queries.
var ErrResources = engine.ErrMemory

// ErrNoTable is wrapped by the errors of the calls that name a table that the
// workspace has not.
var ErrNoTable = errors.New("no such table")

// ErrClosed is returned by the calls of a store that is closed, and of a
// workspace that is removed.
var ErrClosed = errors.New("workspace is closed")

// ErrNoCgo is returned by Open in a build without cgo.
var ErrNoCgo = engine.ErrNoCgo

// Truncated is the error of a query whose answer was cut: the rows that fit are
// with the sink.
type Truncated struct { //nolint:errname // the word of the API, a result rather than a failure
	// Limit is what was reached, "rows" or "bytes", and Max how many there may be.
	Limit string
	Max   int64
}

// Error implements error.
func (e *Truncated) Error() string {
	return fmt.Sprintf("the answer was cut at %d %s: aggregate, or take fewer rows", e.Max, e.Limit)
}

// Partial is the error of a query that was answered without some of the days it
// is about, because their files cannot be read.
type Partial struct { //nolint:errname // the word of the API, a result rather than a failure
	Missing []Missing
}

// Missing is a day of a table that cannot be read.
type Missing struct {
	Workspace string
	Table     string
	Day       time.Time
	File      string
	Err       error
}

// Error implements error.
func (e *Partial) Error() string {
	var b strings.Builder
	b.WriteString("some days cannot be read and are missing from the answer:")
	for i, m := range e.Missing {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(e.Missing)-i)
			break
		}
		fmt.Fprintf(&b, " %s of %s (%s)", m.Table, m.Day.Format(time.DateOnly), m.File)
	}
	return b.String()
}
