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
	// ErrTooLarge says that an entity would become larger than MaxSize.
	ErrTooLarge = errors.New("the entity would be too large")
	// ErrTooMany says that an entity would get more than MaxProperties.
	ErrTooMany = errors.New("the entity would have too many properties")
	// ErrTwice says that two writes of one call are about the same entity.
	ErrTwice    = errors.New("an entity is written twice at once")
	ErrReadOnly = errors.New("store takes no more writes")
	// ErrCorrupt says that what is on disk is not what was written.
	ErrCorrupt = errors.New("the store is damaged")
)

// Limits of an entity.
//
// Source: REST API reference, "Understanding the Table service data model".
const (
	MaxProperties = 252     // beside PartitionKey, RowKey and Timestamp
	MaxSize       = 1 << 20 // bytes, as Entity.Size counts them
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
	// Timestamp is when it was last written, to 100 ns, and makes its ETag. It
	// grows with every write of the entity, whatever the clock does, and is not
	// that of before when one is deleted and inserted again.
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
	// Match is the Timestamp the entity must have; zero is any. It counts for
	// Replace, Merge and Delete.
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
//
// The empty row key is a row key like others and the first of its partition. So
// From {"p", ""} begins with the first row of the partition p, To {"p", ""} ends
// with the row of that name. All of p is
//
//	Range{&Key{"p", ""}, &Key{"p\x00", ""}}
//
// as "p\x00" is the partition next to it. The first row of that one, should there
// be any, is in the range too.
type Range struct{ From, To *Key }

// Query selects entities of a table.
type Query struct {
	// Ranges are where to look, in order and disjoint; nil is everywhere, an empty
	// slice nowhere.
	Ranges []Range
	// Filter, unless nil, says which are wanted. It must not keep the entity or any
	// string of it, whose bytes are others once it has returned.
	Filter func(*Entity) bool
	// Limit is the most entities of the answer; 0 is 1000.
	Limit int
	// Bytes bounds the answer, about: no entity is added to so many bytes or more;
	// 0 is 8 MiB.
	Bytes int
	// Scan bounds how many are looked at; 0 is 100,000.
	Scan int
	// Next continues an answer: its Next, or any other key to begin with; nil
	// begins.
	Next *Key
}

// Page is the answer to a Query.
type Page struct {
	Entities []Entity
	// Next is the first key that was not looked at, nil at the end. There may be
	// one with few or no entities, when one of the bounds was reached or ctx was
	// about to end.
	Next *Key
}

// Usage is what an account has in its tables, those of the node ("$…") not
// counted. Bytes are those of Entity.Size.
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
	// UpdateTable changes a table's policies: fn gets a private copy and may refuse.
	// It must not call the store.
	UpdateTable(ctx context.Context, account, name string, fn func(*Table) error) error
	// DeleteTable deletes a table with its entities. The name is free when it
	// returns; space is given back in the background.
	DeleteTable(ctx context.Context, account, name string) error
	// Tables lists by name without regard to case, those after the name after, as
	// many as limit (0 is 1000); more says that there are more. Tables whose names
	// begin with "$" are the node's own, such as $MetricsHourPrimaryTransactionsBlob:
	// they are never listed, but like any other when called by their name.
	Tables(ctx context.Context, account, after string, limit int) (list []Table, more bool, err error)

	Get(ctx context.Context, account, table string, k Key) (Entity, error)
	// Query sees the table as it was when the call began. It comes back before ctx
	// is over, with what it has and a Next, once it has looked at some.
	Query(ctx context.Context, account, table string, q Query) (Page, error)
	// Write makes changes of one table, all of them or none, and returns the new
	// Timestamps (zero of a Delete). An error about one of them is a *WriteError,
	// that of the first. now is the time of the request. Conditions are those of
	// the moment of the change: nobody writes the entities in between.
	Write(ctx context.Context, account, table string, now time.Time, writes []Write) ([]time.Time, error)
	// DeleteRange deletes the entities of a range, for retention: in steps that are
	// each atomic, so that others can write between them. After an error some are
	// deleted, and a repeat deletes the rest.
	DeleteRange(ctx context.Context, account, table string, r Range) error

	Usage(ctx context.Context, account string) (Usage, error)
	// Close closes the store. Nothing may be in use.
	Close() error
}
