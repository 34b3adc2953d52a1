package engine

import "errors"

// Config is how a database is opened.
type Config struct {
	// File is the database, created when it is missing. Empty: in memory.
	File string
	// ReadOnly opens File without the right to change it.
	ReadOnly bool
	// Folders are where SQL may read and write files. That of File needs not be
	// among them.
	Folders []string
	// MemoryLimit bounds the memory of all queries together, in bytes; zero: 1 GiB.
	MemoryLimit int64
	// Threads is how many run at once; zero: as many as there are processors.
	Threads int
	// TempFolder takes what does not fit into memory, up to TempLimit bytes. Empty,
	// or a limit of zero: such queries fail.
	TempFolder string
	TempLimit  int64
	// CheckpointThreshold is the size of the write-ahead log, in bytes, from which
	// it is moved into the file; zero: 256 MiB.
	CheckpointThreshold int64
	// KeepLog leaves the write-ahead log as it is when the database is closed or
	// detached: what is in memory may be wrong. Who closes it in order says
	// CHECKPOINT before.
	KeepLog bool
	// Keeping is how many connections there are beside the others which keep what
	// they have read of the ends of Parquet files, see DB.Keeping; zero: none.
	Keeping int
}

// ErrNoCgo is returned by Open in a build without cgo.
var ErrNoCgo = errors.New("workspaces need a build with cgo: build with CGO_ENABLED=1 and a C compiler")

// ErrMemory is wrapped by the error of a statement that needs more memory, or
// temporary space, than Config allows. The database goes on.
var ErrMemory = errors.New("the query needs more memory than there is")

// ErrBroken is wrapped by an error after which the database cannot be used: close
// it and open it again.
var ErrBroken = errors.New("the database has failed and must be opened again")

// defaultMemory and defaultCheckpoint are what zero means.
const (
	defaultMemory     = 1 << 30
	defaultCheckpoint = 256 << 20
)
