package queuestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// format is the version of what is on disk.
const format = 1

// Store keeps queues. It implements API.
type Store struct {
	c     Config
	log   *slog.Logger
	now   func() time.Time
	db    *disk.DB
	space disk.Space
	// ids number queues and messages, so messages in the order in which they came.
	ids  disk.IDs
	seal seal
	open queues

	creating atomic.Int64 // queues that were made and are not yet on disk

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
	s := &Store{c: c, log: c.Logger, now: c.Now, space: disk.Space{FS: c.FS, Dir: c.Dir, Min: c.MinFree, Now: c.Now}}
	s.open.named, s.open.max = map[queueName]*queue{}, maxOpen
	s.open.accounts = map[string]*account{}
	s.ids.Key, s.ids.Ahead, s.ids.Max = keyIDs, 1<<24, maxSeq
	s.db, err = disk.Open(disk.Config{
		Settings: disk.Settings{
			Name:   "queues",
			Logger: c.Logger,
			Space:  &s.space,
			// What is not yet written to tables counts as cached, two of them as a rule: a
			// message that goes sooner is never written but to the log.
			CacheBytes: c.CacheBytes + 2*disk.MemTable,
			Merger:     &pebble.Merger{Name: "reslog.totals", Merge: newSum},
		},
		Dir:       c.Dir,
		Format:    format,
		FormatKey: keyFormat,
		Prepare:   func(b *pebble.Batch) error { return b.Set([]byte(keySeal), newSealKey(), nil) },
	})
	if err != nil {
		return nil, err
	}
	if err := s.loadAll(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// loadAll reads what is kept in memory.
func (s *Store) loadAll() error {
	if err := disk.Get(s.db, []byte(keySeal), s.seal.open); err != nil {
		return err
	}
	if err := s.ids.Open(s.db.DB); err != nil {
		return err
	}
	return s.loadUsage()
}

// Close stops the sweep and closes the files. Nothing may be in use.
func (s *Store) Close() error {
	if s.stop != nil {
		s.stop()
		s.done.Wait()
	}
	return s.db.Close()
}
