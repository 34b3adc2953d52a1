package blobstore

import (
	"context"
	"errors"
	"io"
	"time"

	"reslog/service/storage/disk"
)

// Errors that callers branch on. Everything else is a failure of the disk.
var (
	ErrContainerExists   = errors.New("container exists")
	ErrContainerNotFound = errors.New("container not found")
	ErrBlobNotFound      = errors.New("blob not found")
	ErrInvalidBlockList  = errors.New("block list names a block that is not there")
	ErrTooManyBlocks     = errors.New("too many uncommitted blocks")
	ErrBlockIDLength     = errors.New("block id differs in length from the others")
	ErrInvalidMarker     = errors.New("marker was not made by a listing")
	ErrReadOnly          = disk.ErrReadOnly
	ErrCorrupt           = disk.ErrDamaged // also what does not match its checksum
)

// Ref names a blob: account, container and name. Name "" names the container.
type Ref struct{ Account, Container, Name string }

// Container is a container's properties. Lease and ETag rules are the front
// end's; the store keeps what it is given.
type Container struct {
	Name         string
	ETag         string // without quotes, "0x8D…"; unique, set by the store at each change
	LastModified time.Time
	Metadata     Metadata
	PublicAccess string // "", "blob", "container"
	Policies     []Policy
	Lease        Lease
}

// Metadata are name and value pairs in the order and case the client sent.
type Metadata []Pair

// Pair is one name and its value.
type Pair struct{ Name, Value string }

// Policy is a stored access policy, kept as the client wrote it.
type Policy struct{ ID, Start, Expiry, Permission string }

// Lease is the stored part of a lease; what it means at a given time is
// decided by the front end.
type Lease struct {
	ID string // "" when never leased or released
	// Duration is how long the lease lasts once acquired or renewed; 0 with an
	// ID means infinite.
	Duration time.Duration
	// Expires is when a fixed lease runs out unless renewed.
	Expires time.Time
	// Breaks is when a lease that is being broken is broken; zero when it is not.
	Breaks time.Time
	// Released says that ID was released or broken: it only names the last lease.
	Released bool
}

// BlobType is the kind of a blob, as x-ms-blob-type spells it.
type BlobType string

// Kinds of blobs.
const (
	BlockBlob  BlobType = "BlockBlob"
	AppendBlob BlobType = "AppendBlob"
	PageBlob   BlobType = "PageBlob"
)

// Blob is a blob's or a snapshot's properties.
type Blob struct {
	Name     string
	Snapshot time.Time // zero for the base blob; unique per blob, to 100 ns
	Type     BlobType
	Length   int64 // set by the store; of a new page blob, by who makes it
	// ETag and LastModified are set by the store at each change of content,
	// properties or metadata (not of lease, tier or tags).
	ETag         string
	LastModified time.Time
	Created      time.Time

	ContentType        string
	ContentEncoding    string
	ContentLanguage    string
	ContentDisposition string
	CacheControl       string
	ContentMD5         []byte

	Metadata Metadata
	Tags     Metadata
	Lease    Lease
	Copy     *Copy

	Tier        string // "" when inferred from the account
	TierChanged time.Time
	Archive     string // x-ms-archive-status
	Rehydrate   string // x-ms-rehydrate-priority

	SequenceNumber  int64 // page blobs
	AppendBlocks    int   // append blobs: x-ms-blob-committed-block-count, set by the store
	Sealed          bool
	LastAccessed    time.Time
	IncrementalCopy bool

	content contentRef
}

// Copy is the state of the last copy into a blob.
type Copy struct {
	ID          string
	Source      string
	Status      string // pending, success, aborted, failed
	Description string
	Copied      int64
	Total       int64
	Completed   time.Time
}

// Content is bytes that Stage has written but no blob refers to yet. It becomes
// part of a blob in a Txn, or is garbage. A Content may be used in one Txn only,
// unless that fails.
//
// The bytes are on disk when Stage returns: what remains for a Txn is to refer
// to them. A Content that is not used needs no cleaning up.
type Content struct {
	Length int64

	pieces []piece
	used   bool
	era    *era
}

// Block is a block of a block blob.
type Block struct {
	ID     string // as the client sent it, base64
	Length int64
}

// BlockSource says where Put Block List looks for a block.
type BlockSource uint8

// Block sources.
const (
	Latest BlockSource = iota // uncommitted, else committed
	Committed
	Uncommitted
)

// BlockRef is an entry of a block list.
type BlockRef struct {
	Source BlockSource
	ID     string
}

// Range is a half-open run of bytes.
type Range struct {
	Offset int64
	Length int64
	// Cleared marks, in a difference of page ranges, pages that are no longer
	// there.
	Cleared bool
}

// ListOptions select and page a listing.
type ListOptions struct {
	Prefix    string
	Delimiter string
	// Marker is the Next of the page before, or "".
	Marker string
	// Max is the most items, blobs and prefixes together; 0 means 5000.
	Max         int
	Snapshots   bool
	Uncommitted bool // blobs of which only uncommitted blocks exist
	// StartFrom skips names before it.
	StartFrom string
}

// BlobPage is a page of List, in the order of names, base blob after its
// snapshots as the service lists them.
type BlobPage struct {
	Items []BlobItem
	Next  string // "" at the end
}

// BlobItem is a blob or, with Prefix set, a common prefix.
type BlobItem struct {
	Prefix string
	Blob   *Blob
	// Uncommitted: no content was ever committed.
	Uncommitted bool
}

// Store is the embedded store of containers and blobs of all accounts.
//
// Every mutation is atomic and durable when its call returns: data is synced
// before the metadata that refers to it, and concurrent mutations share their
// syncs. All methods may be called from any goroutine. Mutations of one blob
// are serialised; those of different blobs are not.
type Store interface {
	CreateContainer(ctx context.Context, account string, c Container) (Container, error)
	Container(ctx context.Context, account, name string) (Container, error)
	// UpdateContainer changes a container: fn gets a private copy and may
	// refuse. touch says that ETag and LastModified change too.
	UpdateContainer(ctx context.Context, account, name string, touch bool, fn func(*Container) error) (Container, error)
	// DeleteContainer deletes a container with all in it, after check agreed.
	// The name is free when it returns; space is given back in the background.
	DeleteContainer(ctx context.Context, account, name string, check func(*Container) error) error
	// ListContainers lists by name; system includes names that start with "$".
	ListContainers(ctx context.Context, account string, o ListOptions, system bool) (items []Container, next string, err error)

	// Stage streams r to disk. The caller computes digests of what passes.
	Stage(ctx context.Context, r io.Reader) (*Content, error)
	// Update runs fn with the blob locked and then makes what fn did durable,
	// all of it or, when fn fails, nothing. fn must not block on the network.
	Update(ctx context.Context, ref Ref, fn func(*Txn) error) error

	// Blob returns the properties of a blob, or of a snapshot unless zero.
	Blob(ctx context.Context, ref Ref, snapshot time.Time) (*Blob, error)
	// Open returns a blob with its content as of now: later changes do not show.
	Open(ctx context.Context, ref Ref, snapshot time.Time) (*Handle, error)
	// Blocks returns the block lists of a block blob, which may have only
	// uncommitted blocks.
	Blocks(ctx context.Context, ref Ref, snapshot time.Time) (committed, uncommitted []Block, blob *Blob, err error)
	// List lists the blobs of a container.
	List(ctx context.Context, account, container string, o ListOptions) (BlobPage, error)
	// Scan calls fn for each base blob of a container, or of all containers of
	// the account when container is "", until fn returns false.
	Scan(ctx context.Context, account, container string, fn func(container string, b *Blob) bool) error

	// Usage returns the bytes stored in an account: in `$` containers and in all others.
	Usage(ctx context.Context, account string) (system, user int64, err error)

	Close() error
}
