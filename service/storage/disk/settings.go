package disk

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// indexBlock is how long the index of a table may become before it gets one of its
// own: a look at a key then reads one block of index and not two. That is so of
// tables of about 8 MiB; of longer ones the blocks are still short enough to be read
// when they are not in the cache.
const indexBlock = 64 << 10

// MemTable is how much is gathered in memory before it is written to a table.
const MemTable = 32 << 20

// Settings are what differs between the databases of stores.
type Settings struct {
	// Name begins what is logged.
	Name   string
	Logger *slog.Logger
	Space  *Space
	// CacheBytes bounds the cache of blocks, with what is not yet in tables.
	CacheBytes int64
	Merger     *pebble.Merger
}

// options are Pebble's, with a new cache that the caller gives back by Unref.
func (s Settings) options() *pebble.Options {
	o := &pebble.Options{
		FS:                          guard{s.Space.FS, s.Space},
		Cache:                       pebble.NewCache(s.CacheBytes),
		Logger:                      logger{s.Logger, s.Name, s.Space},
		Merger:                      s.Merger,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                MemTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       32,
		MaxOpenFiles:                512,
		FlushDelayDeleteRange:       10 * time.Second, // gives space back soon
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].IndexBlockSize = indexBlock
	}
	return o
}
