// Package record is the log record and the one way it is handed over.
//
// A front end does its work, then describes what happened in a Record: an
// envelope that routing needs (resource, category, times, id) and the Line, the
// JSON object that an archive will hold. The Line is encoded once, by the front
// end; archives, event hubs and partners pass those bytes on unchanged. Only
// `$logs` and workspaces read it again.
//
// Records are handed to an Emitter. The chain behind it is
//
//	front end -> diagnostic.Gate -> bus -> deliver.Worker -> deliver.Destination
//
// and nothing ever travels the other way.
package record

import (
	"context"
	"time"

	"reslog/resource"
)

// Category groups the records of a resource that are switched on together:
// "StorageRead", "AllLogs", "ConnectionEvents".
type Category string

// Record is one thing that happened to a resource.
//
// A Record that was handed to an Emitter is never changed again, by anybody:
// its slices are shared.
type Record struct {
	Resource resource.ID
	Category Category
	// Time is the record's own time; for a request, when it was received.
	Time time.Time
	// Ended is when what is recorded was over. It decides the hour folder of `$logs`.
	Ended time.Time
	// ID identifies the event (for storage: x-ms-request-id). Two records with
	// one ID are one event told twice.
	ID string
	// Line is one JSON object without a line break: the archived form.
	Line []byte
	// Detail is what a rendering of this record other than Line needs and Line
	// has no place for, in a form private to the front end that made it. Most
	// records have none.
	Detail []byte
}

// Emitter takes records from a front end.
//
// There are two durability modes, and the front end does not know which one it
// runs in. Buffered: Begin and Withdraw do nothing, Emit never blocks and never
// fails; what cannot be kept is counted as dropped. Audit: Begin returns when
// the intent is on disk, Emit when the record is, so that nothing that has no
// record ever succeeds; an intent that a dead process left behind becomes a
// record of its own at the next start.
type Emitter interface {
	// Enabled reports whether any setting asks for category c of resource id.
	// It costs one map lookup; ask it before building a record.
	Enabled(id resource.ID, c Category) bool

	// Begin announces an operation before it takes effect. unknown is the
	// record to keep should Emit never be called with the same ID: it says that
	// the outcome is not known. When Begin fails the operation must not be run.
	Begin(ctx context.Context, unknown Record) error

	// Emit hands over what happened and settles the intent with the same ID.
	Emit(ctx context.Context, r Record) error

	// Withdraw settles an intent without leaving a record, for an operation
	// that turned out to be one that is not logged.
	Withdraw(ctx context.Context, unknown Record) error
}

// Discard is an Emitter that wants nothing.
var Discard Emitter = discard{}

type discard struct{}

func (discard) Enabled(resource.ID, Category) bool     { return false }
func (discard) Begin(context.Context, Record) error    { return nil }
func (discard) Emit(context.Context, Record) error     { return nil }
func (discard) Withdraw(context.Context, Record) error { return nil }
