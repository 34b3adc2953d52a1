package analytics

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"reslog/internal/durable"
)

// part is some rows of one table and one day. It is either a table of the
// workspace's database, hot as long as rows are added and frozen when its file is
// being written, or a file, which never changes. A part that is replaced or
// dropped goes when the last query that reads it has ended.
type part struct {
	id  int64
	day int

	// Guarded by the workspace's mu.
	state       partState
	columns     map[int]bool // of a table of the database: the ids that it has
	rows        int64
	bytes       float64
	first, last int64 // TimeGenerated, ticks
	lastItem    int64

	// Guarded by the workspace's write: resting says that a hot part gets no rows, and
	// logged is how many of its rows are not in a checkpoint, about.
	resting bool
	logged  int64

	// Of files.
	file   string
	size   int64
	sum    string // SHA-256 of the file
	layout layout
	// indexSum is the SHA-256 of the index; empty: there is none.
	indexSum  string
	indexSize int64 // on disk
	indexOnce sync.Once
	index     *opened

	refs refs
	// broken is why the file cannot be read; nil: it can.
	broken atomic.Pointer[damage]
}

// damage is why a file cannot be read.
type damage struct{ error }

// seen is the part as it is now, for a query. A file is itself.
func (p *part) seen() *part {
	if p.state == filed {
		p.refs.hold()
		return p
	}
	return &part{
		id: p.id, day: p.day, state: p.state, columns: maps.Clone(p.columns),
		rows: p.rows, bytes: p.bytes, first: p.first, last: p.last, lastItem: p.lastItem,
	}
}

type partState string

const (
	hot    partState = "hot"
	frozen partState = "frozen"
	filed  partState = "file"
)

// table is the name of the part's table in the workspace's database.
func (p *part) table() string { return "h" + strconv.FormatInt(p.id, 10) }

// note adds rows to what is known of a hot part.
func (p *part) note(rows int64, bytes float64, first, last, item int64) {
	if p.rows == 0 || first < p.first {
		p.first = first
	}
	if p.rows == 0 || last > p.last {
		p.last = last
	}
	p.rows += rows
	p.bytes += bytes
	p.lastItem = max(p.lastItem, item)
}

// within reports whether rows of the part can be in a range of ticks.
func (p *part) within(from, to int64, hasFrom, hasTo bool) bool {
	return p.rows > 0 && (!hasFrom || p.last >= from) && (!hasTo || p.first < to)
}

// refs counts the queries that read a file, so that it is removed behind them.
type refs struct {
	mu   sync.Mutex
	n    int
	gone func()
}

func (r *refs) hold() {
	r.mu.Lock()
	r.n++
	r.mu.Unlock()
}

func (r *refs) release() {
	r.mu.Lock()
	r.n--
	run := r.gone
	if r.n > 0 {
		run = nil
	}
	if run != nil {
		r.gone = nil
	}
	r.mu.Unlock()
	if run != nil {
		run()
	}
}

// then runs f when nobody reads any more, which may be now.
func (r *refs) then(f func()) {
	r.mu.Lock()
	if r.n > 0 {
		r.gone = f
		f = nil
	}
	r.mu.Unlock()
	if f != nil {
		f()
	}
}

// syncFile makes a file and its name durable.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return durable.Folder(filepath.Dir(path))
}

// removeFile removes a file that may be gone already.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
