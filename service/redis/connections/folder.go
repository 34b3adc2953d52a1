package connections

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/internal/durable"
)

// folder holds the files of a journal: one, or two after a crash in a compaction. The
// one with the greatest number that is complete counts.
type folder struct {
	path    string
	current uint64
	in      internals
}

const (
	prefix  = "journal-"
	damaged = "damaged"
	locked  = "lock"
)

func (d *folder) name(n uint64) string {
	return filepath.Join(d.path, fmt.Sprintf("%s%08d", prefix, n))
}

// list returns the numbers of the files, the greatest first.
func (d *folder) list() ([]uint64, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var all []uint64
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), prefix); ok {
			if n, err := strconv.ParseUint(digits, 10, 64); err == nil && n > 0 && d.name(n) == filepath.Join(d.path, e.Name()) {
				all = append(all, n)
			}
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all, nil
}

func (d *folder) create(n uint64) (file, error) {
	return d.open(n, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (d *folder) open(n uint64, flag int) (file, error) {
	f, err := os.OpenFile(d.name(n), flag, 0o600)
	if err != nil {
		return nil, err
	}
	return d.in.wrap(f), nil
}

func (d *folder) remove(n uint64) error {
	if err := os.Remove(d.name(n)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// keep puts a damaged file aside, in place of an earlier one.
func (d *folder) keep(n uint64) error {
	return os.Rename(d.name(n), filepath.Join(d.path, damaged))
}

func (d *folder) sync() error { return d.in.folder(d.path) }

// internals are what tests set.
type internals struct {
	// at is called before and after whatever a crash may come between.
	at func(step string)
	// wrap makes the file of a journal.
	wrap func(*os.File) file
	// folder makes the names in a folder durable.
	folder func(path string) error
	// patience is how long a Take waits for the journal.
	patience time.Duration
	// maxPending bounds what is not written yet, and what comes in a compaction, in
	// bytes, maxTail what comes behind a mark. Files smaller than minSize are not
	// compacted.
	maxPending int
	maxTail    int64
	minSize    int64
	// maxOwed bounds the events that Out refused and is still to take.
	maxOwed int
}

func defaults() internals {
	return internals{
		at:         func(string) {},
		wrap:       func(f *os.File) file { return f },
		folder:     durable.Folder,
		patience:   100 * time.Millisecond,
		maxPending: 8 << 20,
		maxTail:    256 << 20,
		minSize:    8 << 20,
		maxOwed:    10_000,
	}
}
