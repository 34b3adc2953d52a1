package archive

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Defaults and limits of append blobs (Append Block): a blob takes 50,000
// blocks; a block of 4 MiB is taken by every version of the service and by every
// emulator.
const (
	DefaultBlockSize = 4 << 20
	// DefaultMaxBlocks leaves a margin for blocks that somebody else appends.
	DefaultMaxBlocks = 50_000 - 500
	DefaultParallel  = 4
)

// State keeps what an Archive must not forget, a few kilobytes. It belongs to
// this one destination, for as long as its cursor lives: a destination with a new
// cursor begins with nothing saved.
type State interface {
	// Load returns what was last saved, nil when nothing ever was.
	Load(ctx context.Context) ([]byte, error)
	// Save returns when data is durable. After an error either the old or the
	// new data is there.
	Save(ctx context.Context, data []byte) error
}

// Config says where an Archive writes and how.
type Config struct {
	// Container returns the client of a container of the account; the method
	// NewContainerClient of a service.Client is one. Credential and transport
	// are the caller's. Its retries must be off (policy.RetryOptions with
	// MaxRetries -1): whoever delivers retries, and a try that a client makes on
	// its own is one more whose answer can be lost. Required.
	Container func(name string) *container.Client

	// State keeps the plan of the batch that is being written. Required.
	State State

	// BlockSize is the most that is appended at once, in bytes, and bounds the
	// memory of an Archive. A batch whose lines and their breaks are larger is
	// written in several steps, a single larger line goes alone. Zero means 4 MiB.
	BlockSize int

	// MaxBlocks is the number of blocks from which on an hour goes on in its
	// next blob. Zero means 49,500.
	MaxBlocks int

	// Parallel is how many blobs are appended to at once. Zero means 4.
	Parallel int

	// Logger is told what an operator might wonder about: an hour that goes on
	// in another blob, somebody else who writes. Nil discards.
	Logger *slog.Logger
}

// withDefaults returns c with its zero fields filled in.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Container == nil:
		return c, errors.New("archive: no container clients")
	case c.State == nil:
		return c, errors.New("archive: no place for its state")
	case c.BlockSize < 0 || c.MaxBlocks < 0 || c.Parallel < 0:
		return c, errors.New("archive: a limit is negative")
	}
	c.BlockSize = cmp.Or(c.BlockSize, DefaultBlockSize)
	c.MaxBlocks = cmp.Or(c.MaxBlocks, DefaultMaxBlocks)
	c.Parallel = cmp.Or(c.Parallel, DefaultParallel)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
