package classic

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/record"
	"reslog/storagelog"
)

// Limits of the service's own log writer (Windows Azure Storage Logging, 2011)
// and of the analytics data of an account.
const (
	DefaultFlushInterval = 5 * time.Minute
	DefaultBlockSize     = 4 << 20
	DefaultLogSize       = 150 << 20
	DefaultCapacity      = 20 << 40
)

// Config says what a Log writes and where.
type Config struct {
	// Service is the service whose requests are logged: the first segment of
	// the names of its logs. Required.
	Service storagelog.Service

	// Version is the format that Append is asked for. Zero means V1.
	Version storagelog.Version

	// Container is the client of `$logs`. Its credential and transport are the
	// caller's: a node writes its own accounts in process, as the system
	// identity. Required.
	Container *container.Client

	// Append appends the lines of a record to dst, in order, and says how many
	// they are. Their version is the one given, the time their request started
	// the Time of the record. An error means that the record can never be
	// rendered. Required.
	Append func(dst []byte, r *record.Record, v storagelog.Version) (lines []byte, n int, err error)

	// FlushInterval is how long a line may wait for its block, and a block for
	// its commit. Zero means 5 minutes.
	FlushInterval time.Duration

	// BlockSize is the size at which a block is put, in bytes. It bounds the
	// memory of a Log. Zero means 4 MiB.
	BlockSize int

	// LogSize is the size at which a log blob is committed, in bytes. Zero
	// means 150 MiB.
	LogSize int64

	// Used returns the bytes of analytics data in the account. Nil means that
	// the account looks after its capacity itself.
	Used func(context.Context) (int64, error)

	// Capacity is the value of Used at which writing stops. Zero means 20 TiB.
	Capacity int64

	// Logger is told when writing stops and goes on. Nil discards.
	Logger *slog.Logger

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// withDefaults returns c with its zero fields filled in.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Service == "":
		return c, errors.New("classic log: no service")
	case c.Container == nil:
		return c, errors.New("classic log: no container client")
	case c.Append == nil:
		return c, errors.New("classic log: no append function")
	}
	if c.Version == "" {
		c.Version = storagelog.V1
	}
	if c.FlushInterval <= 0 {
		c.FlushInterval = DefaultFlushInterval
	}
	if c.BlockSize <= 0 {
		c.BlockSize = DefaultBlockSize
	}
	if c.LogSize <= 0 {
		c.LogSize = DefaultLogSize
	}
	if c.Capacity <= 0 {
		c.Capacity = DefaultCapacity
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
