package blobstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
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
	db      *pebble.DB
	cache   *pebble.Cache
	extents *extents
	ids     ids
	eras    eras
	space   space
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
	if err := c.FS.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s := &store{c: c, log: c.Logger, now: c.Now, seed: maphash.MakeSeed()}
	s.space.fs, s.space.dir, s.space.min = c.FS, c.Dir, c.MinFree
	s.garbage.wanted = make(chan struct{}, 1)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFiles())
		}
	}()
	s.cache = pebble.NewCache(c.CacheBytes)
	if s.db, err = pebble.Open(c.FS.PathJoin(c.Dir, "metadata"), s.pebbleOptions()); err != nil {
		return nil, fmt.Errorf("open metadata: %w", err)
	}
	if err := s.checkFormat(); err != nil {
		return nil, err
	}
	if err := syncDir(c.FS, c.FS.PathDir(c.Dir)); err != nil {
		return nil, err
	}
	if s.extents, err = openExtents(c.FS, s.db, c.FS.PathJoin(c.Dir, "extents"), c.ExtentBytes); err != nil {
		return nil, err
	}
	mark, err := getUint(s.db, keyIDs)
	if err != nil {
		return nil, err
	}
	s.ids.now, s.ids.db = s.now, s.db
	s.ids.last.Store(mark)
	s.ids.mark.Store(mark)
	s.eras.advance()
	if err := s.loadNames(); err != nil {
		return nil, err
	}
	return s, s.loadUsage()
}

func (s *store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          s.c.FS,
		Cache:                       s.cache,
		Logger:                      pebbleLogger{s},
		Merger:                      &pebble.Merger{Name: "reslog.sum", Merge: newSum},
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                32 << 20,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       32,
		MaxOpenFiles:                512,
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

func (s *store) checkFormat() error {
	v, err := getUint(s.db, keyFormat)
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
	if s.cache != nil {
		s.cache.Unref()
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

// get returns a copy-free view of a value for as long as fn runs; fn gets nil
// when the key is not there.
func get(r pebble.Reader, key []byte, fn func(value []byte) error) error {
	v, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return fn(nil)
	}
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	err = fn(v)
	if closeErr := closer.Close(); err == nil && closeErr != nil {
		return fmt.Errorf("read metadata: %w", closeErr)
	}
	return err
}

// apply makes a batch visible and returns what waits until it is on disk. The
// log of the metadata is in order: once a change is on disk, so is all it saw.
func (s *store) apply(b *pebble.Batch) (wait func() error, err error) {
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		return nil, s.diskError(fmt.Errorf("write metadata: %w", err))
	}
	if err := s.space.failed(); err != nil {
		return nil, err // the log is broken: there is nothing to wait for
	}
	return func() error {
		err := b.SyncWait()
		if err != nil {
			s.space.fail(err)
			return s.diskError(fmt.Errorf("sync metadata: %w", err))
		}
		return b.Close()
	}, nil
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

// space decides whether the disk takes writes.
type space struct {
	fs     vfs.FS
	dir    string
	min    int64
	budget atomic.Int64 // bytes to write before the disk is asked again
	until  atomic.Int64 // when it is asked in any case, in Unix ns
	broken atomic.Pointer[error]
}

// writable returns an error when n more bytes must not be written.
func (s *store) writable(n int) error {
	sp := &s.space
	if err := sp.failed(); err != nil {
		return err
	}
	const overhead = 512 // of metadata, a change
	if sp.min < 0 {
		return nil
	}
	now := s.now().UnixNano()
	if sp.budget.Add(-int64(n)-overhead) >= 0 && now < sp.until.Load() {
		return nil
	}
	// What the budget allows must fit above the reserve, or there is none. Others
	// write to the disk too, so it does not last.
	budget := max(sp.min/16, 1<<20)
	err := sp.check(int64(n)+budget, sp.min)
	if errors.Is(err, ErrReadOnly) {
		budget = 0
		err = sp.check(int64(n), sp.min)
	}
	switch {
	case err == nil:
		sp.budget.Store(budget)
		sp.until.Store(now + int64(askEvery))
		s.garbage.full.Store(false)
	case errors.Is(err, ErrReadOnly):
		s.garbage.refused()
	}
	return err
}

// askEvery is how long the disk's free space is taken for what it was.
const askEvery = 100 * time.Millisecond

// check returns ErrReadOnly unless n bytes fit and leave reserve bytes free.
func (sp *space) check(n, reserve int64) error {
	if sp.min < 0 {
		return nil
	}
	u, err := sp.fs.GetDiskUsage(sp.dir)
	if err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	if left := int64(min(u.AvailBytes, 1<<62)); left-n < reserve {
		return fmt.Errorf("%w: %d bytes free, %d must remain", ErrReadOnly, left, reserve)
	}
	return nil
}

// fail makes the store refuse writes until it is opened anew.
func (sp *space) fail(cause error) {
	err := fmt.Errorf("%w: %w", ErrReadOnly, cause)
	sp.broken.CompareAndSwap(nil, &err)
}

func (sp *space) failed() error {
	if p := sp.broken.Load(); p != nil {
		return *p
	}
	return nil
}

// diskError marks an error of a write to a full disk as ErrReadOnly too.
func (s *store) diskError(err error) error {
	if err != nil && !errors.Is(err, ErrReadOnly) && vfs.IsNoSpaceError(err) {
		s.garbage.refused()
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// pebbleLogger passes on what the metadata store says. What it calls fatal, a
// log that cannot be written, ends writing and not the process.
type pebbleLogger struct{ s *store }

func (l pebbleLogger) Infof(format string, args ...any) {
	l.s.log.Debug("metadata: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.s.log.Error("metadata: " + fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("metadata: "+format, args...)
	l.s.log.Error("blob store takes no more writes", "error", err)
	l.s.space.fail(err)
}
