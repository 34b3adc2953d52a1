// Package redis puts an auditing proxy in front of a Redis or Valkey server, and
// takes the audit stream of Redis Software: every connection, authentication and
// disconnection becomes a record of ConnectionEvents.
//
//	s, err := redis.New(redis.Config{Endpoints: …, Emitter: gate, …})
//	s.Serve(ctx)          // until ctx is done
//	s.Clients(ctx)        // who is connected now
//	s.Stats()             // figures for Prometheus
//
// The data path is relay, which moves bytes; session, which reads along and tells
// who logs in; connections, the book of what is open, which survives the process.
// Events of both sources are event.Event; log.go makes records of them.
//
// # Guarantees
//
// A connection has one new_conn and one close_conn, whatever becomes of the client,
// the server and the node: what a dead process left open is closed when its Dir is
// opened again. An event is in the journal before the bytes that it follows from are
// passed on, and the events of a connection are in order. A loss of power may take
// those of the last second. That bytes wait for the journal, which takes well under a
// millisecond, holds up no other connection.
//
// In audit mode, Config.Audit, an event is on disk before the bytes that it follows
// from are passed on: a client's new_conn before its first byte, its login before the
// server's answer to it. A client whose new_conn cannot be put on disk is refused. A
// login that cannot be is answered after five seconds all the same, for it has
// happened; it stays in the journal, and the book hands it over until it is kept. The
// price is that each connection has goroutines of its own, and each event waits for
// the disk.
//
// # What it does not do
//
// It changes no byte, holds none back for longer than that, and does not log commands.
package redis

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/redis/relay"
)

// Endpoint is a listener and the server that it leads to. A cluster has one for
// each of its nodes.
type Endpoint struct {
	Listener net.Listener
	Upstream relay.Upstream
}

// Stream is where records are kept until they are delivered.
type Stream interface {
	// Sync returns when all that was emitted before is on disk, and a mark of that
	// moment.
	Sync(ctx context.Context) (mark []byte, err error)
	// Since calls fn with the ID of each record of a resource that is on disk and
	// was emitted after a mark was made; a nil mark stands for the beginning.
	Since(ctx context.Context, mark []byte, id resource.ID, fn func(id string)) error
	// Passed says that Since will be asked for nothing before a mark any more; what
	// comes after it is kept until then, although it was delivered.
	Passed(ctx context.Context, mark []byte) error
}

// Config is what New needs.
type Config struct {
	// Endpoints may be none when there is only an audit stream.
	Endpoints []Endpoint
	// AuditListener takes the audit stream of Redis Software; nil is none.
	AuditListener net.Listener
	// Database is the resource whose events these are, a
	// Microsoft.Cache/redisEnterprise/databases. Required.
	Database resource.ID
	// Location is the region that the records name.
	Location string
	// Dir holds what survives the process. Required.
	Dir string
	// Emitter takes the records, Stream knows which it has. Required.
	Emitter record.Emitter
	Stream  Stream
	// Recorder takes the platform metrics. Required.
	Recorder *metric.Recorder
	// Audit says that Emit of the Emitter returns when a record is on disk: the node
	// is in audit mode.
	Audit bool
	// Details adds who it was, from which port, to where and why it ended to the
	// properties of a record, which those of Azure do not have.
	Details bool
	// TLS is what clients must speak; nil is plain.
	TLS *tls.Config
	// Trusted are who connects with a PROXY header.
	Trusted []netip.Prefix
	// User and Password are those with which the node itself asks the server for
	// INFO and CLIENT LIST; without a Password it asks as who needs none.
	User, Password string
	// MaxConnections bounds the clients of an endpoint; 0 is 65,000.
	MaxConnections int
	// ConnectTimeout bounds a connection to a server; 0 is 5 s.
	ConnectTimeout time.Duration
	// AllowOpen lets clients that are not on this host connect to a server that lets
	// in who has no password, see protected.go.
	AllowOpen bool
	Logger    *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}
