// Package connections is the book of the connections that are open: what is in it
// survives the process, so that every connection that was reported as new is
// reported as closed.
//
//	book, err := connections.Open(ctx, connections.Config{Dir: dir, Out: out})
//	id := book.NextID()         // for a connection of a proxy
//	err = book.Take(ctx, e)     // an event: in the journal, and on its way
//	err = book.Put(e, waiter)   // the same without waiting: waiter is told
//	book.Connections("proxy")   // who is connected now, "" for all
//	err = book.Close(ctx)       // when the closing events of all are taken
//
// # Guarantees
//
// An event is written to the journal, then handed to Out. After kill -9 at any
// moment Open hands over those events that Out had not kept, and no other, in order,
// then a CloseConnection, with the reason event.Interrupted, of each connection of a
// proxy that was open. Its time is that of Open, and not before the connection's
// latest event. Connections of an audit stream stay open: their cluster lives on. Of
// events that were put those count whose Waiter was told.
// After a loss of power the same holds for what was older than SyncInterval.
//
// Takes of one connection that overlap reach Out in the order in which they are in the
// journal, and no Take waits for another connection's Emit.
//
// # Exactly once
//
// Out says which events it keeps, by their ID; the journal says which it owes. Every
// SyncInterval the Book waits for the Takes that have begun, syncs Out, and writes a
// mark to the journal: what was before is settled. Open looks up what comes behind the
// last mark, and hands over only what Out has not. See keeper.go for which mark of Out
// it looks from.
//
// Events are what has happened: that Out refuses one, in the node's audit mode, does not
// undo it. Take returns the error so that its caller can end the connection, but must
// not take the event again. The Book notes it as owed, and before the next mark asks
// Out, once synced, whether it has it, since what reports an error may have been kept
// all the same; if not, it hands it over again. The mark waits for that, and so do later
// events of the same connection, whose order would be lost. An event that Out refuses
// 1,000 times, or that is more than 10,000 behind, is given up, counted and logged.
//
// A crash may come at any point of this: what is owed is behind the last mark.
//
// # When the disk does not take the journal
//
// Take waits for the journal for at most 100 ms, the Waiter of a Put is told after as
// long, and neither waits at all while the disk is full or does not answer: events are
// passed on and follow into the journal when that is possible, as long as they fit into
// 8 MiB of memory. The same happens when more than 256 MiB come behind the last mark,
// because Out cannot be synced. What is late or missing is counted in
// Stats and logged. A crash meanwhile may lose those events that Out had not kept, and tell
// twice that a connection was closed. Later the journal is written anew from the book.
//
// # What it does not do
//
// It does not know what an event looks like in a log. It does not look for events that
// it was given twice. It does not close connections: Close leaves to the next Open those
// whose CloseConnection was not taken.
package connections

import (
	"context"
	"log/slog"
	"time"

	"reslog/service/redis/event"
)

// Out is where events go.
type Out interface {
	// Emit hands over an event. In the node's audit mode it returns when the event is
	// on disk, and may fail; else it does not block and does not fail. It is called
	// from many goroutines, one at a time for a connection.
	Emit(ctx context.Context, e event.Event) error
	// Sync returns when all that was emitted before the call is on disk, and a mark
	// of that moment, at most 256 bytes.
	Sync(ctx context.Context) (mark []byte, err error)
	// Since calls fn with the ID of each event that is on disk and was emitted after
	// a mark was made; nil stands for the beginning.
	Since(ctx context.Context, mark []byte, fn func(id string)) error
	// Passed says that Since will be asked for nothing before a mark any more. Until
	// then events stay where Since finds them, whoever else has taken them.
	Passed(ctx context.Context, mark []byte) error
}

// Config is what Open needs.
type Config struct {
	// Dir is made when it is not there. One process only.
	Dir string
	Out Out
	// SyncInterval is how often the journal is marked and synced; 0 is 1 s.
	SyncInterval time.Duration
	// MaxOpen bounds the connections in the book, of each source; 0 is 1,000,000, at
	// about 300 bytes each. The events of those beyond are handed over and not
	// remembered, which is logged.
	MaxOpen int
	// Refused is told, as often as it happens, that an event of Put is not kept yet: Out
	// refused it, or it waits behind one that Out refused. It must not block; nil is nobody.
	Refused func(error)
	Logger  *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// NewID makes the IDs of the events that Open makes; nil makes random GUIDs.
	NewID func() string
}

// Connection is one that is open.
type Connection struct {
	event.Connection
	// User is who it is, "" for nobody yet; any bytes, as event.Event has them.
	User string
	// Authenticated is when it became that.
	Authenticated time.Time
	// Failures are the failed authentications on it.
	Failures int
}
