package tablestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// format is the version of what is on disk.
const format = 1

// stripes is how many locks entities share.
const stripes = 1024

// Store is the API on Pebble.
type Store struct {
	log   *slog.Logger
	db    *pebble.DB
	cache *pebble.Cache
	space space

	tables   tables
	seed     maphash.Seed
	entities [stripes]sync.Mutex // held to change an entity
	usage    usage
	deleted  highest // Timestamp of what was deleted, in ticks
}

var _ API = (*Store)(nil)

// Open opens the store in c.Dir, which is created when missing.
func Open(c Config) (*Store, error) {
	s, err := open(c.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open table store in %s: %w", c.Dir, err)
	}
	return s, nil
}

func open(c Config) (_ *Store, err error) {
	if err := c.FS.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s := &Store{log: c.Logger, seed: maphash.MakeSeed()}
	s.space.fs, s.space.dir, s.space.min, s.space.now = c.FS, c.Dir, c.MinFree, c.Now
	s.tables.cache = map[tableName]*tableState{}
	s.cache = pebble.NewCache(c.CacheBytes)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.db, err = pebble.Open(c.Dir, s.options(c)); err != nil {
		return nil, err
	}
	if err := s.checkFormat(); err != nil {
		return nil, err
	}
	if err := syncDir(c); err != nil {
		return nil, err
	}
	if s.tables.lastID, err = s.number(keyID); err != nil {
		return nil, err
	}
	return s, s.load()
}

func (s *Store) options(c Config) *pebble.Options {
	o := &pebble.Options{
		FS:                          c.FS,
		Cache:                       s.cache,
		Logger:                      pebbleLogger{s},
		Merger:                      &pebble.Merger{Name: "reslog.counters", Merge: newAdder},
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                32 << 20,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       32,
		MaxOpenFiles:                512,
		// Deleted tables give their space back soon after.
		FlushDelayDeleteRange: 10 * time.Second,
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// syncDir makes sure that the folder itself is there after a crash.
func syncDir(c Config) error {
	d, err := c.FS.OpenDir(c.FS.PathDir(c.Dir))
	if err != nil {
		return fmt.Errorf("open parent folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync parent folder: %w", err)
	}
	return nil
}

func (s *Store) checkFormat() error {
	v, err := s.number(keyFormat)
	switch {
	case err != nil:
		return err
	case v > format:
		return fmt.Errorf("the folder has format %d, this program knows up to %d", v, format)
	case v == 0:
		return s.db.Set([]byte(keyFormat), binary.BigEndian.AppendUint64(nil, format), pebble.Sync)
	}
	return nil
}

// Close closes the store. Nothing may be in use.
func (s *Store) Close() error {
	var err error
	if s.db != nil {
		if err = s.db.Close(); err != nil {
			err = fmt.Errorf("close table store: %w", err)
		}
	}
	s.cache.Unref()
	return err
}

// get returns a copy-free view of a value for as long as fn runs; fn gets nil
// when the key is not there.
func (s *Store) get(key []byte, fn func(value []byte) error) error {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return fn(nil)
	}
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	err = fn(v)
	if closeErr := closer.Close(); err == nil && closeErr != nil {
		return fmt.Errorf("read: %w", closeErr)
	}
	return err
}

// number reads a number of the store's own, 0 when it is not there.
func (s *Store) number(key string) (n uint64, err error) {
	err = s.get([]byte(key), func(v []byte) error {
		if v != nil && len(v) != 8 {
			return fmt.Errorf("%w: %s", ErrCorrupt, key)
		}
		if v != nil {
			n = binary.BigEndian.Uint64(v)
		}
		return nil
	})
	return n, err
}

// apply makes a batch visible; sync waits until it is on disk. The log is in
// order: once a change is on disk, so is all it saw.
func (s *Store) apply(b *pebble.Batch) error {
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		return diskError(fmt.Errorf("write: %w", err))
	}
	return s.space.failed() // the log is broken: there is nothing to wait for
}

// sync waits for a batch that was applied.
func (s *Store) sync(b *pebble.Batch) error {
	if err := b.SyncWait(); err != nil {
		s.space.fail(err)
		return diskError(fmt.Errorf("sync: %w", err))
	}
	return b.Close()
}

// view is b as a string, for as long as b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// pebbleLogger passes on what Pebble says. What it calls fatal, a log that cannot
// be written, ends writing and not the process.
type pebbleLogger struct{ s *Store }

func (l pebbleLogger) Infof(format string, args ...any) {
	l.s.log.Debug("tables: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.s.log.Error("tables: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("tables: "+format, args...)
	l.s.log.Error("table store takes no more writes", "error", err)
	l.s.space.fail(err)
}
