// Package journal keeps lines for good: an append-only file of lines a month, in
// a folder of its own.
//
// Append returns when its line is on disk. What a crash tears off was never
// acknowledged, and is cut off when the journal is opened again. Newest reads
// backwards, from any Position. Files go when all their lines are older than
// Config.Keep; when all of them together reach Config.MaxBytes, Append fails
// rather than forget.
//
// A journal knows nothing of what is in a line but that it has no line feed. One
// process has it open.
package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"reslog/internal/durable"
)

// MaxLine bounds a line, in bytes.
const MaxLine = 64 << 10

// Errors of Append.
var (
	ErrFull   = errors.New("the journal is full")
	ErrClosed = errors.New("the journal is closed")
	ErrLine   = errors.New("not a line of the journal")
)

// Config is what Open needs.
type Config struct {
	// Dir is made when it is not there.
	Dir string
	// Keep is how long lines are kept at least; 0 means 90 days. They may stay
	// a month longer, until their whole file goes.
	Keep time.Duration
	// MaxBytes bounds all files together; 0 means 1 GiB.
	MaxBytes int64
	// Now is the clock that names files and ages them; nil means time.Now.
	Now func() time.Time
}

// Journal is an open journal. Its methods may be called from any goroutine.
type Journal struct {
	cfg Config

	mu     sync.Mutex
	months []string         // there are files of, oldest first
	sizes  map[string]int64 // of what is acknowledged, by month
	total  int64
	file   *os.File // of month, nil before the first line
	month  string
	torn   bool // there may be bytes behind what is acknowledged
	closed bool
}

const (
	suffix  = ".jsonl"
	monthly = "2006-01"
)

// Open reads what is in the folder and cuts off what a crash left torn.
func Open(cfg Config) (*Journal, error) {
	cfg.Keep = cmp.Or(cfg.Keep, 90*24*time.Hour)
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, 1<<30)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's folder: %w", err)
	}
	j := &Journal{cfg: cfg, sizes: make(map[string]int64)}
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("list the journal's folder: %w", err)
	}
	for _, e := range entries {
		month, ok := strings.CutSuffix(e.Name(), suffix)
		if _, err := time.Parse(monthly, month); !ok || err != nil {
			continue // not ours
		}
		size, err := repair(filepath.Join(cfg.Dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("repair journal file %s: %w", e.Name(), err)
		}
		j.months = append(j.months, month)
		j.sizes[month] = size
		j.total += size
	}
	slices.Sort(j.months)
	j.prune()
	return j, nil
}

// repair cuts a torn last line off and returns the file's size.
func repair(path string) (int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	whole := size
	buf := make([]byte, MaxLine)
	for whole > 0 {
		n := min(whole, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], whole-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			whole += int64(i) + 1 - n
			break
		}
		whole -= n
	}
	if whole == size {
		return size, nil
	}
	if err := f.Truncate(whole); err != nil {
		return 0, err
	}
	return whole, f.Sync()
}

// Append keeps a line, without its line feed. When it fails the line is not in
// the journal, and the next one may succeed.
func (j *Journal) Append(line []byte) error {
	if len(line) == 0 || len(line) > MaxLine-1 || bytes.IndexByte(line, '\n') >= 0 {
		return fmt.Errorf("append to the journal: %w: %d bytes, want one line of 1 to %d", ErrLine, len(line), MaxLine-1)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if err := j.turn(); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	size := int64(len(line)) + 1
	if j.total+size > j.cfg.MaxBytes {
		return fmt.Errorf("append to the journal: %w: %d of %d bytes are in use", ErrFull, j.total, j.cfg.MaxBytes)
	}
	if err := j.write(append(bytes.Clone(line), '\n')); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	j.sizes[j.month] += size
	j.total += size
	return nil
}

// write puts a line behind those of the month. What a failure leaves of it must
// not be taken for a line: it is cut off, now or before the next one.
func (j *Journal) write(line []byte) error {
	at := j.sizes[j.month]
	if j.torn {
		if err := j.file.Truncate(at); err != nil {
			return err
		}
		j.torn = false
	}
	_, err := j.file.WriteAt(line, at)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.torn = true
		if j.file.Truncate(at) == nil {
			j.torn = false
		}
	}
	return err
}

// turn opens the file of this month.
func (j *Journal) turn() error {
	month := j.cfg.Now().UTC().Format(monthly)
	if j.file != nil && month == j.month {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(j.cfg.Dir, month+suffix), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := durable.Folder(j.cfg.Dir); err != nil {
		return errors.Join(err, f.Close())
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	j.file, j.month = f, month
	if i, ok := slices.BinarySearch(j.months, month); !ok {
		j.months = slices.Insert(j.months, i, month)
	}
	j.prune()
	return nil
}

// prune removes files whose youngest line is older than Keep. One that cannot be
// removed stays until the next turn.
func (j *Journal) prune() {
	oldest := j.cfg.Now().UTC().Add(-j.cfg.Keep).Format(monthly)
	for len(j.months) > 0 && j.months[0] < oldest && j.months[0] != j.month {
		month := j.months[0]
		if os.Remove(filepath.Join(j.cfg.Dir, month+suffix)) != nil {
			return
		}
		j.total -= j.sizes[month]
		delete(j.sizes, month)
		j.months = j.months[1:]
	}
}

// Use returns which part of MaxBytes is in use, from 0 to 1.
func (j *Journal) Use() float64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return float64(j.total) / float64(j.cfg.MaxBytes)
}

// Close gives the folder up; Append fails from then on.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}
