package queuestore

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
	// CacheBytes bounds the cache of blocks; 0 is 32 MiB.
	CacheBytes int64
	// MinFree is the free space of the disk below which writes that add are
	// refused with ErrReadOnly; 0 is 128 MiB, negative is none. Dequeuing goes on
	// down to half of it and deleting down to an eighth.
	MinFree int64
	// SweepEvery is the pause between two looks for expired messages; 0 is a
	// minute, negative never looks.
	SweepEvery time.Duration
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
		c.CacheBytes = 32 << 20
	}
	if c.MinFree == 0 {
		c.MinFree = 128 << 20
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = time.Minute
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	return c
}
