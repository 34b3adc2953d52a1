package storage

import "time"

// Class is how Storage Analytics classifies an operation: <Read>, <Write> and
// <Delete> of the Logging element switch the classes on separately.
type Class uint8

// Classes of operations.
const (
	Read Class = iota
	Write
	Delete
)

// Scope is the kind of thing an operation works on: the signed resource types
// (srt) of an account SAS.
type Scope byte

// Scopes, as the srt parameter spells them.
const (
	ScopeService   Scope = 's'
	ScopeContainer Scope = 'c'
	ScopeObject    Scope = 'o'
)

// Operation is one REST operation of a service: its name in the logs, who may
// call it, and the code that does it. Operations are built once, when the
// service is; Route picks one.
type Operation struct {
	// Name is the operation type in the logs, "PutBlob".
	Name  string
	Class Class
	Scope Scope

	// SAS lists the permission letters of which a SAS needs one, "cw" for an
	// operation that create or write allows. Empty: no SAS may call it.
	SAS string
	// AccountSAS is like SAS for account SAS; empty means the same letters.
	AccountSAS string
	// ServiceSAS says that a service SAS may call it too, not only an account SAS.
	ServiceSAS bool
	// Actions are what the roles of the holder of a bearer token must allow, and
	// those of the one who delegated a user delegation SAS. Empty: neither may
	// call it.
	Actions Actions
	// Late says that only the body tells what the roles must allow, as of a batch:
	// any bearer token may begin, and Run asks TokenAllows.
	Late bool
	// BearerOnly says that nothing but a bearer token opens it, not even the
	// account's key.
	BearerOnly bool
	// Public is the public access level that lets anonymous clients call it:
	// PublicBlob, PublicContainer, or PublicNone for never.
	Public PublicAccess

	// Timeout is the longest a request may take, the client's timeout parameter
	// can only shorten it. Zero means 30 s.
	Timeout time.Duration
	// PerMiB is added to Timeout for each MiB of the body, for operations whose
	// documented limit grows with size.
	PerMiB time.Duration
	// MaxBody bounds Content-Length, in bytes; zero means no body is read.
	MaxBody int64

	// Run does the work and writes the answer; an error is answered in its
	// place, provided nothing was written. It is called with the caller
	// authenticated and authorized.
	Run func(c *Call) error
}
