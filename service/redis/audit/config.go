package audit

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"reslog/service/redis/event"
)

// Config is what New needs.
type Config struct {
	// Take is handed each event, of several connections at once; it may block, and
	// then the stream waits. Required.
	Take func(event.Event)
	// NewID makes the IDs of events whose records have no sequence number; nil makes
	// random GUIDs.
	NewID func() string
	// MaxRecord bounds one record, in bytes; 0 is 1 MiB. MaxConnections bounds the
	// connections of clusters, those beyond are closed; 0 is 256.
	MaxRecord, MaxConnections int
	// RecordTimeout is how long the rest of a record may stay away; 0 is 2 minutes.
	// Between records there is no limit.
	RecordTimeout time.Duration
	// Logger is told what an operator should know, once in ten seconds for one thing;
	// nil discards.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.Take == nil {
		panic("audit: Config.Take is required")
	}
	if c.NewID == nil {
		c.NewID = uuid.NewString
	}
	if c.MaxRecord == 0 {
		c.MaxRecord = 1 << 20
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 256
	}
	if c.RecordTimeout == 0 {
		c.RecordTimeout = 2 * time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Stats are what a Listener counted since it was made; they only grow, but for
// Connected.
type Stats struct {
	// Events were handed over, Internal of them are new connections of the cluster's
	// own. Repeated are authentications that were left out, Commands are records of
	// commands.
	Events, Internal, Repeated, Commands int64
	// Refused are records that could not be read, and pieces of the stream that are
	// none.
	Refused int64
	// Lost are records that are missing, by the numbers of those that came; one that
	// was refused and whose number could not be read is in both. Restarts are
	// sequences that began anew, behind which nobody knows what is missing.
	Lost, Restarts int64
	// Connections were accepted, Rejected were closed because there were too many, and
	// Connected are open now.
	Connections, Rejected, Connected int64
}
