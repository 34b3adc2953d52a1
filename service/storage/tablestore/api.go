package tablestore

import (
	"context"
	"errors"
	"time"
)

// Errors that callers branch on. Everything else is a failure of the disk.
var (
	ErrTableExists    = errors.New("table exists")
	ErrTableNotFound  = errors.New("table not found")
	ErrEntityExists   = errors.New("entity exists")
	ErrEntityNotFound = errors.New("entity not found")
	// ErrCondition says that the entity has another ETag.
	ErrCondition = errors.New("the entity has changed")
	// ErrTooLarge says that a merge would make an entity larger than Limits allow.
	ErrTooLarge = errors.New("the entity would be too large")
	// ErrTooMany says that a merge would give an entity too many properties.
	ErrTooMany  = errors.New("the entity would have too many properties")
	ErrReadOnly = errors.New("store takes no more writes")
)

// Table is a table's properties. Names are compared without regard to case and
// kept as they were given.
type Table struct {
	Name     string
	Policies []Policy
	Created  time.Time
}

// Policy is a stored access policy, kept as the client wrote it.
type Policy struct{ ID, Start, Expiry, Permission string }

// Type is the EDM type of a property.
type Type uint8

// The types of properties. There is no null: a property that is null is not there.
const (
	String Type = iota
	Binary
	Boolean
	DateTime
	Double
	GUID
	Int32
	Int64
)

// Property is a named value of an entity.
type Property struct {
	Name string
	Type Type
	// Text is the value of a String, the bytes of a Binary, and of a GUID its
	// lower-case text with hyphens.
	Text string
	// Number is the value of Boolean (0 or 1), Int32 and Int64, the bits of a
	// Double, and of a DateTime the ticks of 100 ns since the year 1 (UTC).
	Number int64
}

// Key is where an entity is in its table. Entities are in the order of their
// partition keys, then of their row keys, both compared by UTF-16 code units as
// the service does.
type Key struct{ Partition, Row string }

// Entity is a row of a table.
type Entity struct {
	Key
	// Timestamp is when it was last written, to 100 ns, and makes its ETag.
	// No two writes of an entity have the same one.
	Timestamp time.Time
	// Properties are in the order in which they were first written, without
	// PartitionKey, RowKey and Timestamp.
	Properties []Property
}

// Kind is what a Write does.
type Kind uint8

// Kinds of writes.
const (
	// Insert fails with ErrEntityExists when there is one.
	Insert Kind = iota
	// Replace and Merge need one, with the ETag of the write; Upsert kinds do not.
	Replace
	Merge
	InsertOrReplace
	InsertOrMerge
	Delete
)

// Write is a change of one entity.
type Write struct {
	Kind   Kind
	Entity Entity // of Delete, its key
	// Match is the Timestamp the entity must have; zero is any.
	Match time.Time
}

// WriteError says which write of several failed.
type WriteError struct {
	Index int
	Err   error
}

func (e *WriteError) Error() string { return e.Err.Error() }

// Unwrap implements errors.Unwrap.
func (e *WriteError) Unwrap() error { return e.Err }

// Range is a run of keys: those from From to To, both of them in it. With a nil
// pointer there is no bound.
type Range struct{ From, To *Key }

// Query selects entities of a table.
type Query struct {
	Ranges []Range // in order and disjoint; nil is all
	// Filter, unless nil, says which are wanted. It must not keep the entity.
	Filter func(*Entity) bool
	// Limit is the most entities of the answer; 0 is 1000.
	Limit int
	// Scan bounds how many are looked at; 0 is 100,000.
	Scan int
	// After continues behind an answer: From Next of that; nil begins.
	Next *Key
}

// Page is the answer to a Query.
type Page struct {
	Entities []Entity
	// Next is where to go on, nil at the end. There may be one with few or no
	// entities, when the scan or ctx was over.
	Next *Key
}

// Usage is what an account has in its tables.
type Usage struct {
	Tables, Entities, Bytes int64
}

// API is what the table service needs of a Store.
//
// Every mutation is atomic and durable when its call returns; concurrent
// mutations share their syncs. All methods may be called from any goroutine. Reads
// see whole mutations.
type API interface {
	// CreateTable makes a table, or fails with ErrTableExists.
	CreateTable(ctx context.Context, account string, t Table) error
	Table(ctx context.Context, account, name string) (Table, error)
	// UpdateTable changes a table: fn gets a private copy and may refuse.
	UpdateTable(ctx context.Context, account, name string, fn func(*Table) error) error
	// DeleteTable deletes a table with its entities. The name is free when it
	// returns; space is given back in the background.
	DeleteTable(ctx context.Context, account, name string) error
	// Tables lists by name without regard to case, those after the name after;
	// more says that there are more.
	Tables(ctx context.Context, account, after string, limit int) (list []Table, more bool, err error)

	Get(ctx context.Context, account, table string, k Key) (Entity, error)
	Query(ctx context.Context, account, table string, q Query) (Page, error)
	// Write makes changes of one table, all of them or none, and returns the new
	// Timestamps (zero of a Delete). An error about one of them is a *WriteError.
	// now is the time of the request.
	Write(ctx context.Context, account, table string, now time.Time, writes []Write) ([]time.Time, error)

	Usage(ctx context.Context, account string) (Usage, error)
	Close() error
}
