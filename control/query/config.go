package query

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"reslog/kql"
	"reslog/resource"
)

// Auth says who asks and what they may read.
type Auth interface {
	// Authenticate returns who sent the bearer token, or an error that is safe to
	// show.
	Authenticate(ctx context.Context, token string) (Caller, error)
	// Allowed reports whether a role assignment of the caller allows an action at
	// a scope.
	Allowed(c Caller, action, scope string) bool
}

// Caller is who asks.
type Caller struct {
	// ID tells callers apart for their limits.
	ID string
	// Detail is Auth's own.
	Detail any
}

// Workspaces are those of the node.
type Workspaces interface {
	// Find finds a workspace by its customer ID, its resource ID or, where that is
	// unique, its name. The error wraps resource.ErrNotFound when there is none.
	Find(ctx context.Context, ref string) (Workspace, error)
	// Of returns the workspaces that settings of a resource, and of resources
	// below it, send to.
	Of(ctx context.Context, id resource.ID) ([]Workspace, error)
}

// Workspace is one of them.
type Workspace struct {
	ID       string // customer ID, a GUID
	Resource resource.ID
	Location string
	Data     Data
}

// Data is what a workspace holds.
type Data interface {
	// Query runs a query. Rows go to the sink as they come. The error is a
	// *kql.Error for a query that is wrong or refused, ErrBusy, ErrMemory, the
	// context's, or resource.ErrNotFound of a workspace that was deleted since it was
	// found; Partial says what of an answer is missing.
	Query(ctx context.Context, q Query, sink Sink) (Stats, error)
	// Explain returns the SQL of each statement, without running it.
	Explain(ctx context.Context, q Query) ([]string, error)
	// Tables lists the tables.
	Tables(ctx context.Context) ([]Table, error)
}

// Table is a table and what it holds.
type Table struct {
	kql.Table
	Rows        int64
	BilledBytes int64
	StoredBytes int64     // of closed days, on disk
	First, Last time.Time // extremes of TimeGenerated; zero without rows
	Retention   int       // days
}

// Query is a request to Data.
type Query struct {
	Text string
	Span kql.TimeRange
	// Resource limits the rows to those of a resource and of what is below it.
	Resource string
	// Others are read too, as if their rows were in the same tables.
	Others []Data
	// Measure asks for processor times and memory in Stats.
	Measure  bool
	MaxRows  int   // over all results
	MaxBytes int64 // of values, an estimate
}

// Sink gets a result: Table for each, and its rows.
type Sink interface {
	Table(name string, columns []kql.Column, render *kql.Render) error
	Row(values []any) error
}

// Stats are what a query cost.
type Stats struct {
	Elapsed     time.Duration
	Rows, Bytes int64 // of the result
	ScannedRows int64
	// User and Kernel are times of processors, PeakMemory bytes, of a query that asks
	// to be measured.
	User, Kernel time.Duration
	PeakMemory   int64
}

// Partial is the error of a query whose rows are right and not all.
type Partial struct { //nolint:errname // the service calls it PartialError; query.Partial reads better
	Code    string // "E_QUERY_RESULT_SET_TOO_LARGE" and the like
	Message string
}

// Error implements error.
func (p *Partial) Error() string { return p.Message }

// The other errors of Data, which it wraps.
var (
	ErrBusy   = constError("too many queries run already")
	ErrMemory = constError("the query needs more memory than it may use")
)

// ErrNoWorkspaces is wrapped by errors of Workspaces on a node that cannot hold any.
const ErrNoWorkspaces = constError("this node has no workspaces: it was built without cgo, which needs a C compiler")

type constError string

func (e constError) Error() string { return string(e) }

// Config is what New needs. Fields without a word on their zero value are
// required.
type Config struct {
	Auth       Auth
	Workspaces Workspaces

	// Limits of one query; zero means those of the service: 500,000 rows, 64 MB,
	// waits of 3 minutes when none is asked for and of 10 at most.
	MaxRows     int
	MaxBytes    int64
	DefaultWait time.Duration
	MaxWait     time.Duration
	// BatchBytes bounds the answers of a batch together; zero means 128 MB.
	BatchBytes int64
	// Concurrent is how many queries of a caller run at once, the others wait
	// behind them; zero means 5.
	Concurrent int
	// Rate is how many requests a caller may make in 30 seconds; zero means 200,
	// negative no limit.
	Rate int

	// Observe is called at the end of every query that was let in, or was not because
	// there are too many. It must not block; nil: nobody is told.
	Observe func(Observation)
	// Logger is told of failures; nil discards.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// NewID makes a correlation ID; nil means a random GUID.
	NewID func() string
}

func (c Config) withDefaults() Config {
	if c.MaxRows == 0 {
		c.MaxRows = 500_000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64_000_000
	}
	if c.BatchBytes == 0 {
		c.BatchBytes = 128_000_000
	}
	if c.DefaultWait == 0 {
		c.DefaultWait = 3 * time.Minute
	}
	if c.MaxWait == 0 {
		c.MaxWait = 10 * time.Minute
	}
	if c.Concurrent == 0 {
		c.Concurrent = 5
	}
	if c.Rate == 0 {
		c.Rate = 200
	}
	if c.Observe == nil {
		c.Observe = func(Observation) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = uuid.NewString
	}
	return c
}
