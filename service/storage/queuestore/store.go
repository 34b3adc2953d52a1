package queuestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// format is the version of what is on disk.
const format = 1

// memTable is how much is gathered in memory before it is written to a table: a
// message that goes sooner is never written but to the log.
const memTable = 32 << 20

// Store keeps queues. It implements API.
type Store struct {
	c     Config
	log   *slog.Logger
	now   func() time.Time
	db    *pebble.DB
	cache *pebble.Cache
	space space
	ids   ids
	seal  seal
	open  queues

	creating atomic.Int64 // queues that were made and are not yet on disk
	waiting  atomic.Int64 // changes that were made, likewise

	stop context.CancelFunc // of the sweep
	done sync.WaitGroup
}

var _ API = (*Store)(nil)

// Open opens the store in c.Dir, which is created when missing. It looks for
// expired messages by itself until Close.
func Open(c Config) (*Store, error) {
	s, err := open(c)
	if err != nil {
		return nil, fmt.Errorf("open queue store in %s: %w", c.Dir, err)
	}
	if s.c.SweepEvery > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		s.stop = cancel
		s.done.Go(func() { s.sweepLoop(ctx) })
	}
	return s, nil
}

func open(c Config) (_ *Store, err error) {
	c = c.withDefaults()
	if err := c.FS.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s := &Store{c: c, log: c.Logger, now: c.Now}
	s.space.fs, s.space.dir, s.space.min, s.space.now = c.FS, c.Dir, c.MinFree, c.Now
	s.open.named, s.open.max = map[queueName]*queue{}, maxOpen
	s.open.accounts = map[string]*account{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFiles())
		}
	}()
	// What is not yet written to tables counts as cached, two of them as a rule.
	s.cache = pebble.NewCache(c.CacheBytes + 2*memTable)
	if s.db, err = pebble.Open(c.Dir, s.pebbleOptions()); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.space.failed(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	// The folder's own name is to survive too.
	parent, err := c.FS.OpenDir(c.FS.PathDir(c.Dir))
	if err != nil {
		return nil, fmt.Errorf("open parent folder: %w", err)
	}
	if err := errors.Join(parent.Sync(), parent.Close()); err != nil {
		return nil, fmt.Errorf("sync parent folder: %w", err)
	}
	if err := s.ids.open(s.db); err != nil {
		return nil, err
	}
	return s, s.loadUsage()
}

func (s *Store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          guard{s.c.FS, &s.space},
		Cache:                       s.cache,
		Logger:                      pebbleLogger{s},
		Merger:                      &pebble.Merger{Name: "reslog.totals", Merge: newSum},
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       32,
		MaxOpenFiles:                512,
		WALMinSyncInterval:          s.pause,
		// What is deleted by ranges gives its space back soon.
		FlushDelayDeleteRange: 10 * time.Second,
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// prepare checks the format, and makes what a new store needs.
func (s *Store) prepare() error {
	v, err := getUint(s.db, keyFormat)
	if err != nil {
		return err
	}
	if v > format {
		return fmt.Errorf("the folder has format %d, this program knows up to %d", v, format)
	}
	if v == 0 {
		b := s.db.NewBatch()
		err := errors.Join(
			b.Set([]byte(keyFormat), binary.BigEndian.AppendUint64(nil, format), nil),
			b.Set([]byte(keySeal), newSealKey(), nil),
		)
		if err == nil {
			err = s.apply(b)
		}
		if err == nil {
			err = s.settle(b)
		}
		if err != nil {
			return fmt.Errorf("make store: %w", err)
		}
	}
	return get(s.db, []byte(keySeal), s.seal.open)
}

// Close stops the sweep and closes the files. Nothing may be in use.
func (s *Store) Close() error {
	if s.stop != nil {
		s.stop()
		s.done.Wait()
	}
	return s.closeFiles()
}

func (s *Store) closeFiles() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	if s.cache != nil {
		s.cache.Unref()
	}
	return err
}

// apply makes a batch visible. The log is in order: once a change is on disk, so
// is all that was visible to who made it.
func (s *Store) apply(b *pebble.Batch) error {
	if err := s.space.failed(); err != nil {
		return err
	}
	s.waiting.Add(1)
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		s.waiting.Add(-1)
		return diskError(fmt.Errorf("write: %w", err))
	}
	return nil
}

// settle waits until a batch is on disk. No lock may be held: this is what
// takes time.
func (s *Store) settle(b *pebble.Batch) error {
	err := b.SyncWait()
	s.waiting.Add(-1)
	if err == nil {
		err = s.space.failed()
	}
	if err != nil {
		return diskError(fmt.Errorf("sync: %w", err))
	}
	return b.Close()
}

// pause is the time between two syncs of the log. Whom a sync let go makes its
// next change a little later: without a pause it would miss the sync that begins
// at once for those who waited meanwhile, and each would carry half of them. A
// few alone do better without.
func (s *Store) pause() time.Duration {
	if s.waiting.Load() < 4 {
		return 0
	}
	return 100 * time.Microsecond
}

// get returns a copy-free view of a value for as long as fn runs; fn gets nil
// when the key is not there.
func get(r pebble.Reader, key []byte, fn func(value []byte) error) error {
	v, closer, err := r.Get(key)
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

// pebbleLogger passes on what the database says. What it calls fatal ends
// writing and not the process.
type pebbleLogger struct{ s *Store }

func (l pebbleLogger) Infof(format string, args ...any) {
	l.s.log.Debug("queues: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.s.log.Error("queues: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	l.s.log.Error("queue store takes no more writes", "error", err)
	l.s.space.fail(err)
}
