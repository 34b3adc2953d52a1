package tablestore

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config is what a store needs to know.
type Config struct {
	// Dir is where it lives; created when missing. One process at a time.
	Dir string
	// Logger gets what the store does by itself; nil discards.
	Logger *slog.Logger
	// Now is the clock of what the store does by itself; nil is time.Now.
	Now func() time.Time
	// CacheBytes bounds the cache of blocks and what is not written to files yet, of
	// which there are 32 MiB at most times; 0 is 128 MiB.
	CacheBytes int64
	// MinFree is the free space of the disk below which writes are refused with
	// ErrReadOnly; 0 is 128 MiB, negative is none.
	MinFree int64
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 128 << 20
	}
	if c.MinFree == 0 {
		c.MinFree = 128 << 20
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	return c
}
