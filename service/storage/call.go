package storage

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// AuthType is how a request was authenticated.
type AuthType uint8

// Ways to authenticate.
const (
	Anonymous AuthType = iota
	SharedKey          // Shared Key or Shared Key Lite
	AccountSAS
	ServiceSAS
	OAuth         // a bearer token
	DelegationSAS // a SAS made with a user delegation key
	// System is the node itself, writing `$logs` and archives in process. No
	// request that came over a network ever has it, and it is never logged.
	System
)

// Identity is who makes a request, after its signature was verified.
type Identity struct {
	Type AuthType
	// Key is the account key that signed, 1 or 2; 0 when none did.
	Key int
	// KeyHash and SignatureHash are upper-case SHA-256 in hex, for the
	// tokenHash of resource logs: of the account key, and of the sig of a SAS or
	// of a bearer token. Empty where they do not apply.
	KeyHash       string
	SignatureHash string
	// SASPermissions are the letters of the SAS with those of its stored policy.
	SASPermissions string
	// SASResource is the sr of a service SAS: "b", "c", "bs", ….
	SASResource string
	// Table is the table that a service SAS of the table service is for, with the
	// keys it is limited to; else nil. The service sees to it.
	Table *SignedTable
	// Principal is whom the token is about (OAuth) or who delegated
	// (DelegationSAS), else nil.
	Principal *Principal
}

// SignedTable is what a service SAS allows of a table: the rows from the first to
// the last key, in the order of keys. "" is no limit.
type SignedTable struct {
	Name                     string // in lower case
	StartPartition, StartRow string
	EndPartition, EndRow     string
}

// IsSAS reports whether a shared access signature authenticated the request.
func (i Identity) IsSAS() bool {
	return i.Type == AccountSAS || i.Type == ServiceSAS || i.Type == DelegationSAS
}

// Call is one request on its way through a front end. The Front fills in the
// first half; the operation fills in the second, which exists for the logs.
//
// A Call belongs to the goroutine that serves the request.
type Call struct {
	// Set before Route.

	Request  *http.Request
	Response *ResponseWriter
	Account  *Account
	Service  Kind
	// Container is the first segment of the resource path ("" for the account
	// itself); Name is the rest, decoded.
	Container string
	Name      string
	// Path is what follows the account in the path, as it was received: without the
	// first slash and percent-encoded, for a service whose names may hold slashes.
	Path    string
	Query   url.Values
	Version Version
	// RequestID is the x-ms-request-id of the answer.
	RequestID       string
	ClientRequestID string
	Received        time.Time
	// Now is the time of this request for everything it writes or compares.
	Now time.Time
	// PathStyle says that the account was named in the path, not in the host.
	PathStyle bool

	// Set between Route and Run. An operation whose name depends on what it finds,
	// as GetMessageRead and GetMessageWrite, changes Op with Become.

	Identity Identity
	Op       *Operation

	// Set by the operation, for the logs.

	// ObjectKey is "/account/container/blob"; the Front presets it from the path.
	ObjectKey    string
	ETag         string // as sent in the answer, with its quotes
	LastModified time.Time
	// ServerMD5 is the base64 MD5 the service computed over the body.
	ServerMD5  string
	RequestMD5 string
	// Parts are the records of a request that does several operations, after
	// the one for the request itself (operation number 0).
	Parts []Part
	// Source and Destination URIs and tiers, for the resource log.
	SourceURI  string
	AccessTier string

	ctx       context.Context
	secondary bool // the request came to the read-only secondary endpoint
}

// Part is one operation inside a request: the read and the write of a Copy
// Blob, an insert of an entity group transaction. It shares all it does not
// name with its request.
type Part struct {
	Operation string
	// ObjectKey is a path as in Call, or the URL of a copy source.
	ObjectKey    string
	ETag         string
	LastModified time.Time
	// Conditions are those on this part, as the log has them. The Front sets
	// those on a copy source, from the headers that name them.
	Conditions string
}

// Inner returns the configuration of a Front for requests inside this one, such
// as those of a batch: it has the accounts, the Authority and the time of this
// request, takes every version, and keeps no records.
func (c *Call) Inner(s Service) FrontConfig {
	f, now := c.Response.call.front, c.Now
	return FrontConfig{
		Service: s, Accounts: f.Accounts, SkipVersionCheck: true, Logger: f.Logger,
		Authority: f.Authority, AuthorizationURI: f.AuthorizationURI, Audiences: f.Audiences,
		DelegationSecret: f.DelegationSecret,
		Now:              func() time.Time { return now },
	}
}

// Become says which operation of its service the request turned out to be, before
// anything of the answer is written. In audit mode the answer then waits for the
// record of that one too, if nobody had asked for records of the one it was.
func (c *Call) Become(op *Operation) {
	c.Op = op
	if x := c.Response.call; x.front.Audit && !x.rw.begun && x.wanted() {
		x.rw.hold = true
	}
}

// Context ends when the request's time is up or its client has gone.
func (c *Call) Context() context.Context { return c.ctx }

// Header returns a request header's first value.
func (c *Call) Header(name string) string { return c.Request.Header.Get(name) }
