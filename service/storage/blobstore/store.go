package blobstore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reslog/service/storage/disk"
)

// format is the version of what is on disk.
const format = 1

// stripes is how many locks blobs share.
const stripes = 1024

// store is the Store.
type store struct {
	c       Config
	log     *slog.Logger
	now     func() time.Time
	db      *disk.DB
	extents *extents
	ids     ids
	eras    eras
	space   disk.Space
	buffers buffers

	containers containers
	seed       maphash.Seed
	blobs      [stripes]sync.Mutex // held to change a blob
	names      names
	usage      usage
	garbage    garbage

	stop context.CancelFunc // of the collector
	done sync.WaitGroup
}

// Open opens the store in c.Dir, which is created when missing. It looks after
// its garbage by itself until Close.
func Open(c Config) (Store, error) {
	s, err := open(c)
	if err != nil {
		return nil, fmt.Errorf("open blob store in %s: %w", c.Dir, err)
	}
	if s.c.CollectEvery > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		s.stop = cancel
		s.done.Go(func() { s.collectLoop(ctx) })
	}
	return s, nil
}

func open(c Config) (_ *store, err error) {
	c = c.withDefaults()
	s := &store{c: c, log: c.Logger, now: c.Now, seed: maphash.MakeSeed()}
	s.space.FS, s.space.Dir, s.space.Min, s.space.Now, s.space.Asked = c.FS, c.Dir, c.MinFree, c.Now, s.asked
	s.garbage.wanted = make(chan struct{}, 1)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFiles())
		}
	}()
	s.db, err = disk.Open(disk.Config{
		Settings: disk.Settings{
			Name:       "metadata",
			Logger:     c.Logger,
			Space:      &s.space,
			CacheBytes: c.CacheBytes,
			Merger:     &pebble.Merger{Name: "reslog.sum", Merge: newSum},
		},
		Dir:       c.FS.PathJoin(c.Dir, "metadata"),
		Format:    format,
		FormatKey: keyFormat,
	})
	if err != nil {
		return nil, err
	}
	if err := disk.SyncDir(c.FS, c.FS.PathDir(c.Dir)); err != nil {
		return nil, err
	}
	if s.extents, err = openExtents(c.FS, s.db.DB, c.FS.PathJoin(c.Dir, "extents"), c.ExtentBytes); err != nil {
		return nil, err
	}
	s.ids.now, s.ids.Key, s.ids.Ahead = s.now, keyIDs, idReserve
	if err := s.ids.Open(s.db.DB); err != nil {
		return nil, err
	}
	s.eras.advance()
	if err := s.loadNames(); err != nil {
		return nil, err
	}
	return s, s.loadUsage()
}

// Close stops the collector and closes the files. Nothing may be in use.
func (s *store) Close() error {
	if s.stop != nil {
		s.stop()
		s.done.Wait()
	}
	return s.closeFiles()
}

func (s *store) closeFiles() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.extents != nil {
		errs = append(errs, s.extents.close())
	}
	return errors.Join(errs...)
}

// lockBlob locks a blob against other changes and returns how to unlock it.
func (s *store) lockBlob(cid uint64, name string) *sync.Mutex {
	return s.lockHash(s.hashName(cid, name))
}

func (s *store) lockHash(hash uint64) *sync.Mutex {
	m := &s.blobs[hash%stripes]
	m.Lock()
	return m
}

// apply makes a batch visible and returns what waits until it is on disk. The
// log of the metadata is in order: once a change is on disk, so is all it saw.
func (s *store) apply(b *pebble.Batch) (wait func() error, err error) {
	if err := s.db.Show(b); err != nil {
		return nil, err
	}
	return func() error { return s.db.Settle(b) }, nil
}

// buffers is a pool of pieces.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, pieceBytes)
	return &p
}

func (b *buffers) put(p *[]byte) { b.pool.Put(p) }

// writable returns an error when n more bytes must not be written.
func (s *store) writable(ctx context.Context, n int) error {
	if s.c.Own != nil && s.c.Own(ctx) {
		return s.space.Allow(n, disk.Moving)
	}
	return s.space.Allow(n, disk.Adding)
}

// asked takes note of what the disk said.
func (s *store) asked(full bool) {
	if full {
		s.garbage.refused()
	} else {
		s.garbage.full.Store(false)
	}
}

// diskError marks an error of a write to a full disk as ErrReadOnly too.
func (s *store) diskError(err error) error {
	if err != nil && vfs.IsNoSpaceError(err) && !errors.Is(err, ErrReadOnly) {
		s.garbage.refused()
	}
	return disk.Full(err)
}
