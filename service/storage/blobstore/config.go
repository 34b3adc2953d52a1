package blobstore

import (
	"context"
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
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	// CacheBytes bounds the cache of metadata blocks; 0 is 64 MiB.
	CacheBytes int64
	// ExtentBytes is how large a data file grows; 0 is 256 MiB.
	ExtentBytes int64
	// MinFree is the free space of the disk below which writes are refused with
	// ErrReadOnly, so that the metadata never meets a full disk; 0 is
	// 128 MiB, negative is none. It is more than the bus of records keeps free:
	// what changes a blob is to be refused before its record is.
	MinFree int64
	// Own reports whether a call is made for a write of the node itself, which may
	// use half of what MinFree keeps: what was refused is still logged. Nil is none.
	Own func(ctx context.Context) bool

	// CollectEvery is the pause between two looks for garbage; 0 is a minute,
	// negative never looks.
	CollectEvery time.Duration
	// CollectBytes bounds how fast live data is moved out of files that are
	// mostly dead, in bytes a second; 0 is 32 MiB.
	CollectBytes int64

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
		c.CacheBytes = 64 << 20
	}
	if c.ExtentBytes == 0 {
		c.ExtentBytes = 256 << 20
	}
	c.ExtentBytes = max(c.ExtentBytes, pieceBytes)
	if c.MinFree == 0 {
		c.MinFree = 128 << 20
	}
	if c.CollectEvery == 0 {
		c.CollectEvery = time.Minute
	}
	if c.CollectBytes == 0 {
		c.CollectBytes = 32 << 20
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	return c
}
