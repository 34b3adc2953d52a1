package blobstore

import (
	"context"
	"errors"
	"io"
	"time"
)

var errSkeleton = errors.New("not there yet")

type piece struct{}
type contentRef struct{}

// Open opens the store in c.Dir, which is created when missing.
func Open(c Config) (Store, error) { return nil, errSkeleton }

// Txn is a change of one blob, its snapshots and its uncommitted blocks.
// It is valid during the function given to Update.
type Txn struct {
	// Container is the blob's container; not to be changed.
	Container Container
	// Blob is the committed base blob, a private copy; nil when there is none.
	// The methods that replace or delete the base blob set it.
	Blob *Blob
	// Now is LastModified of what the transaction touches.
	Now time.Time
}

// Create replaces the base blob by b with the concatenation of content.
// Uncommitted blocks go, snapshots stay. It sets b's Length (of a page blob
// without content it keeps it), ETag, LastModified and, unless set, Created,
// and makes b the transaction's Blob.
func (t *Txn) Create(b *Blob, content ...*Content) error { return errSkeleton }

// CreateFrom is Create with the content and block list of h, shared and not copied.
func (t *Txn) CreateFrom(b *Blob, h *Handle) error { return errSkeleton }

// Save keeps the changed fields of t.Blob. With touch it gets a new ETag and LastModified.
func (t *Txn) Save(touch bool) error { return errSkeleton }

// DeleteBase deletes the base blob and its uncommitted blocks, not its snapshots.
func (t *Txn) DeleteBase() error { return errSkeleton }

// DeleteSnapshots deletes all snapshots.
func (t *Txn) DeleteSnapshots() error { return errSkeleton }

// DeleteSnapshot deletes one snapshot; ErrBlobNotFound when it is not there.
func (t *Txn) DeleteSnapshot(at time.Time) error { return errSkeleton }

// HasSnapshots reports whether there is a snapshot.
func (t *Txn) HasSnapshots() (bool, error) { return false, errSkeleton }

// Snapshot makes a snapshot of the base blob and returns it. With metadata it
// gets those, its own ETag and LastModified; nil keeps the base blob's. Leases
// do not go along.
func (t *Txn) Snapshot(md Metadata) (*Blob, error) { return nil, errSkeleton }

// LoadSnapshot returns a private copy of a snapshot.
func (t *Txn) LoadSnapshot(at time.Time) (*Blob, error) { return nil, errSkeleton }

// SaveSnapshot keeps the changed fields of a snapshot that LoadSnapshot
// returned, its tier or tags. ETag and LastModified stay.
func (t *Txn) SaveSnapshot(b *Blob) error { return errSkeleton }

// StageBlock keeps c as an uncommitted block, replacing one with the same id.
func (t *Txn) StageBlock(id string, c *Content) error { return errSkeleton }

// CommitBlocks replaces the base blob by b with the blocks listed, in order.
// Uncommitted blocks that are not listed go.
func (t *Txn) CommitBlocks(b *Blob, refs []BlockRef) error { return errSkeleton }

// Append adds c to the end of t.Blob, counts a block and touches the blob.
func (t *Txn) Append(c *Content) error { return errSkeleton }

// WritePages writes c over the pages from offset on and touches the blob.
func (t *Txn) WritePages(offset int64, c *Content) error { return errSkeleton }

// ClearPages makes pages unwritten, which read as zeros, and touches the blob.
func (t *Txn) ClearPages(offset, length int64) error { return errSkeleton }

// Resize sets the length of a page blob and touches it.
func (t *Txn) Resize(length int64) error { return errSkeleton }

// Handle is a blob with its content at the time of Open.
type Handle struct {
	Blob *Blob
}

// WriteError says that the writer given to WriteTo failed, not the store.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return "write content: " + e.Err.Error() }

// Unwrap returns what the writer said.
func (e *WriteError) Unwrap() error { return e.Err }

// WriteTo writes length bytes from offset on to w. What it writes was verified
// against its checksum before. An error of w is wrapped in a *WriteError.
func (h *Handle) WriteTo(w io.Writer, offset, length int64) error { return errSkeleton }

// ReadAt reads as io.ReaderAt wants it, verified too.
func (h *Handle) ReadAt(p []byte, offset int64) (int, error) { return 0, errSkeleton }

// Pages returns the written pages between offset and offset+length.
func (h *Handle) Pages(offset, length int64) ([]Range, error) { return nil, errSkeleton }

// PagesDiff returns the pages that were written or cleared since prev, an
// earlier snapshot of the same blob.
func (h *Handle) PagesDiff(prev *Handle, offset, length int64) ([]Range, error) {
	return nil, errSkeleton
}

// Close lets the content go.
func (h *Handle) Close() error { return nil }

var _ context.Context
