// Package connections is the book of the connections that are open: what is in it
// survives the process, so that every connection that was reported as new is
// reported as closed.
//
//	book, err := connections.Open(ctx, connections.Config{Dir: dir, Out: out})
//	book.Take(e)              // an event: on its way, and in the journal
//	book.Connections(nil)     // who is connected now
//
// # Guarantees
//
// An event is written to the journal, then handed to Out. After kill -9 at any
// moment Open hands over those events that Out had not kept, and no other, then a
// CloseConnection, with the reason event.Interrupted, of each connection of a proxy
// that was open. Connections of an audit stream stay open: their cluster lives on.
// After a loss of power the same holds for what was older than SyncInterval.
//
// # What it does not do
//
// It does not know what an event looks like in a log.
package connections

import (
	"context"
	"log/slog"
	"time"

	"reslog/service/redis/event"
)

// Out is where events go.
type Out interface {
	// Emit hands over an event. It does not block and does not fail, unless ctx of
	// the node's audit mode says so.
	Emit(ctx context.Context, e event.Event) error
	// Sync returns when all that was emitted before the call is on disk, and a mark
	// of that moment, at most 256 bytes.
	Sync(ctx context.Context) (mark []byte, err error)
	// Since calls fn with the ID of each event that is on disk and was emitted after
	// a mark was made; nil stands for the beginning.
	Since(ctx context.Context, mark []byte, fn func(id string)) error
}

// Config is what Open needs.
type Config struct {
	// Dir is made when it is not there. One process only.
	Dir string
	Out Out
	// SyncInterval is how often the journal is marked and synced; 0 is 1 s.
	SyncInterval time.Duration
	// MaxOpen bounds the connections in the book; 0 is 1,000,000. Those beyond are
	// handed over and not remembered, which is logged.
	MaxOpen int
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
