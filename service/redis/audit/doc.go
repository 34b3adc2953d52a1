// Package audit listens to the audit stream of Redis Software: clusters connect
// to it, over TCP or a Unix socket, and send connection events as JSON values, one
// after the other.
//
// Both generations are read: that of Redis Software 6.2.18 to 8.0, and that of 8.2
// with its sequence numbers for each worker, whose gaps are counted as lost events.
// Records of commands are counted and left out.
//
// Source: "Audit connection events" and "Database connection auditing", Redis
// Software.
package audit

import (
	"log/slog"
	"time"

	"reslog/service/redis/event"
)

// Config is what New needs.
type Config struct {
	// Take is handed each event; it may block, and then the stream waits. Required.
	Take func(event.Event)
	// NewID makes the IDs of events; nil makes random GUIDs.
	NewID func() string
	// MaxRecord bounds one record, in bytes; 0 is 1 MiB. MaxConnections bounds the
	// connections of clusters; 0 is 256.
	MaxRecord, MaxConnections int
	Logger                    *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}
