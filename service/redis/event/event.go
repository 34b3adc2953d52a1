// Package event is what happens to connections of a Redis database, in the words
// of the audit events of Redis Software: a connection is new, a client of it
// authenticates, it is closed.
//
// Source: "Audit connection events", Redis Software; "Monitor Azure Managed Redis
// data using diagnostic settings".
package event

import (
	"net/netip"
	"time"
)

// Type is what happened.
type Type string

// The types of events.
const (
	NewConnection   Type = "new_conn"
	Authentication  Type = "auth"
	CloseConnection Type = "close_conn"
)

// Status is how an authentication ended. The numbers are those of Redis Software.
type Status int

// The statuses of authentications.
const (
	Failed           Status = 0  // wrong user or password
	FailedTooLong    Status = 1  // user or password too long
	NotRequired      Status = 2  // none was needed
	DirectoryPending Status = 3  // waits for a directory
	DirectoryError   Status = 4  // the directory could not be asked
	SyncerInProgress Status = 5  // a replica's, more to come
	SyncerFailed     Status = 6  // a replica's
	SyncerOK         Status = 7  // a replica's
	OK               Status = 8  // authenticated
	EntraError       Status = 9  // Entra ID could not be asked
	CertPending      Status = 10 // waits for a service that knows certificates
)

// Succeeded reports whether the client is authenticated.
func (s Status) Succeeded() bool { return s == NotRequired || s == SyncerOK || s == OK }

// Pending reports whether the outcome is still to come.
func (s Status) Pending() bool {
	return s == DirectoryPending || s == SyncerInProgress || s == CertPending
}

// MaxUser is how many bytes of a user name are kept.
const MaxUser = 256

// MaxCommonName is how many bytes of a certificate's common name are kept.
const MaxCommonName = 256

// Connection is a connection of a client.
type Connection struct {
	// ID is never used for another connection of its Source.
	ID int64
	// Source is who saw it: "proxy", or "audit" for the audit stream of a cluster.
	Source string
	// Database is the name of the database it is to, "" for the only one.
	Database string
	// Client is where it comes from, Server where it went to. Of an audit stream and
	// of a private link they are what they were told to be; an address that was not
	// told is the zero value.
	Client, Server netip.AddrPort
	// Opened is when it was accepted, the zero value when that was not seen.
	Opened time.Time
	// CommonName is that of the client's verified certificate, "" without one or where
	// records have no details. Whoever signs certificates chose it: any bytes, at most
	// MaxCommonName of them, never printed without escaping.
	CommonName string
	// Internal is set of a connection that a cluster made by itself, in the event of
	// type NewConnection only.
	Internal bool
}

// Event is something that happened to a connection.
type Event struct {
	// ID is a GUID. Events with one ID are one event told twice.
	ID   string
	Type Type
	// Time is when it happened, of an audit stream in whole seconds; eventEpochTime of
	// the record.
	Time time.Time
	// Captured is when it became known here, the zero value where that is Time.
	Captured   time.Time
	Connection Connection
	// Status and User are of Authentication only. User is what the client sent, any
	// bytes whatever, at most MaxUser of them; Event is never printed without
	// escaping it.
	Status Status
	User   string
	// Reason says why a connection was closed, "" when it is not known.
	Reason Reason
}

// CapturedAt is when the event became known here: the time of its record, as
// "time" is when an event was captured and "eventEpochTime" when it happened.
func (e Event) CapturedAt() time.Time {
	if e.Captured.IsZero() {
		return e.Time
	}
	return e.Captured
}

// Reason is why a connection was closed.
type Reason string

// The reasons.
const (
	ByClient    Reason = "client"    // it closed or reset
	ByServer    Reason = "server"    // the server closed or reset, QUIT among them
	NoServer    Reason = "noServer"  // the server could not be reached
	Refused     Reason = "refused"   // not let through: TLS, a PROXY header, a limit
	Stopped     Reason = "stopped"   // the node stops
	Interrupted Reason = "restarted" // it was open when the node died
)
