package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config is what a database needs to know.
type Config struct {
	Settings
	// Dir is its folder, on the file system of Settings.Space; created when missing.
	Dir string
	// Format is the version of what is on disk, under FormatKey in 8 bytes. A
	// later one is not opened.
	Format    uint64
	FormatKey string
	// Prepare, unless nil, adds to the first change of a new database.
	Prepare func(*pebble.Batch) error
}

// DB is a database whose log may fail: see guard. So what is written to it must
// be asked about with Show and Settle, but for what nobody waits for.
type DB struct {
	*pebble.DB
	Space   *Space
	waiting atomic.Int64 // batches that were shown and are not settled
}

// Open opens a database.
func Open(c Config) (_ *DB, err error) {
	fs, dir := c.Space.FS, c.Dir
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	o := c.options()
	d := &DB{Space: c.Space}
	o.WALMinSyncInterval = d.pause
	d.DB, err = pebble.Open(dir, o)
	o.Cache.Unref() // the database has its own reference
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := errors.Join(c.Space.Failed(), d.prepare(c), SyncDir(fs, fs.PathDir(dir))); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// prepare checks the format, and makes what a new database needs.
func (d *DB) prepare(c Config) error {
	v, err := Number(d, c.FormatKey)
	if err != nil {
		return err
	}
	if v > c.Format {
		return fmt.Errorf("the folder has format %d, this program knows up to %d", v, c.Format)
	}
	if v > 0 {
		return nil
	}
	b := d.NewBatch()
	err = b.Set([]byte(c.FormatKey), binary.BigEndian.AppendUint64(nil, c.Format), nil)
	if err == nil && c.Prepare != nil {
		err = c.Prepare(b)
	}
	if err == nil {
		err = d.Show(b)
	}
	if err == nil {
		err = d.Settle(b)
	}
	if err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return nil
}

// SyncDir makes sure that what a folder has is there after a crash.
func SyncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

// Show makes a batch visible. After an error it must not be closed: the database
// may still have it; else Settle must follow.
func (d *DB) Show(b *pebble.Batch) error {
	if err := d.Space.Failed(); err != nil {
		return err
	}
	d.waiting.Add(1)
	if err := d.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		d.waiting.Add(-1)
		return Full(fmt.Errorf("write: %w", err))
	}
	return nil
}

// Settle waits until a batch is on disk. No lock may be held: this is what takes
// time.
func (d *DB) Settle(b *pebble.Batch) error {
	err := b.SyncWait()
	d.waiting.Add(-1)
	if err == nil {
		err = d.Space.Failed()
	}
	if err != nil {
		return Full(fmt.Errorf("sync: %w", err))
	}
	return b.Close()
}

// pause is the time between two syncs of the log. Whom a sync let go makes its
// next change a little later: without a pause it would miss the sync that begins
// at once for those who waited meanwhile, and each would carry half of them. A
// few alone do better without.
func (d *DB) pause() time.Duration {
	if d.waiting.Load() < 4 {
		return 0
	}
	return 100 * time.Microsecond
}

// Get returns a copy-free view of a value for as long as fn runs; fn gets nil
// when the key is not there.
func Get(r pebble.Reader, key []byte, fn func(value []byte) error) error {
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

// Number reads a number of 8 bytes, 0 when it is not there.
func Number(r pebble.Reader, key string) (n uint64, err error) {
	err = Get(r, []byte(key), func(v []byte) error {
		if v != nil && len(v) != 8 {
			return fmt.Errorf("%w: %s", ErrDamaged, key)
		}
		if v != nil {
			n = binary.BigEndian.Uint64(v)
		}
		return nil
	})
	return n, err
}

// logger passes on what Pebble says. What it calls fatal, a log that cannot be
// written, ends writing and not the process.
type logger struct {
	log   *slog.Logger
	name  string
	space *Space
}

func (l logger) Infof(format string, args ...any) {
	l.log.Debug(l.name + ": " + fmt.Sprintf(format, args...))
}

func (l logger) Errorf(format string, args ...any) {
	l.log.Error(l.name + ": " + fmt.Sprintf(format, args...))
}

func (l logger) Fatalf(format string, args ...any) {
	err := fmt.Errorf(l.name+": "+format, args...)
	l.log.Error("store takes no more writes", "error", err)
	l.space.Fail(err)
}
