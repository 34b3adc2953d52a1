package storage

import (
	"context"

	"reslog/resource"
)

// Kind is one of the services of a storage account, as the logs spell it.
type Kind string

// The services of a storage account.
const (
	Blob  Kind = "blob"
	Queue Kind = "queue"
	Table Kind = "table"
)

// Account is a storage account. Values are immutable: a key rotation makes a
// new one.
type Account struct {
	Name string
	// ID is the resource ID of the account; its services are children of it,
	// see ServiceID.
	ID       resource.ID
	Location string
	// Keys are key1 and key2, decoded. Either signs.
	Keys [2][]byte
}

// ServiceID returns the resource whose logs the service's requests are:
// {account}/blobServices/default and so on.
func (a *Account) ServiceID(k Kind) resource.ID {
	return a.ID.Child(string(k)+"Services", "default")
}

// Accounts finds storage accounts. It is asked once a request and must not block.
type Accounts interface {
	Account(name string) (*Account, bool)
}

// AccessPolicy is a stored access policy of a container, queue or table, as
// Set Container ACL keeps it: times and permissions as the client wrote them.
type AccessPolicy struct {
	ID         string
	Start      string // ISO 8601 or ""
	Expiry     string // ISO 8601 or ""
	Permission string // letters or ""
}

// PublicAccess is what anonymous clients may read of a container.
type PublicAccess string

// Levels of public access, as x-ms-blob-public-access spells them.
const (
	PublicNone      PublicAccess = ""
	PublicBlob      PublicAccess = "blob"
	PublicContainer PublicAccess = "container"
)

// Service is what a front end of the account (blob, queue, table) gives to the
// Front that all of them share.
type Service interface {
	Kind() Kind

	// Route names the operation a request asks for, from method, path, query
	// and headers alone. It must not read the body and must not touch state. An
	// error is answered as it is, usually an *Error.
	Route(c *Call) (*Operation, error)

	// Policies returns the stored access policies of a container, queue or
	// table; a service SAS that names one is checked against them.
	Policies(ctx context.Context, a *Account, name string) ([]AccessPolicy, error)

	// PublicAccess returns what anonymous clients may read of a container. The
	// services without anonymous access return PublicNone.
	PublicAccess(ctx context.Context, a *Account, container string) PublicAccess
}
