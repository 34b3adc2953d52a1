package analytics

import (
	"errors"
	"sync"
)

// heads counts what the engine keeps of the heads of files, see engine.DB.Keeping,
// so that it is bounded. The engine forgets none of it: files for which there is no
// room any more are read by queries that keep nothing.
type heads struct {
	mu   sync.Mutex
	age  int // of the engine that it is about
	size int64
	kept map[*part]bool
}

const (
	// rowGroup is how many rows a row group of a file has.
	rowGroup = 30_720
	// headOfColumn is about what the engine has in memory for a column of a row
	// group.
	headOfColumn = 2 << 10
)

// errHeads says that there is no room for the heads of a query's files.
var errHeads = errors.New("the files of the query are too many to keep their heads")

// keep takes room for the head of a file, and reports whether there is.
func (h *heads) keep(p *part, age int, limit int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.age != age || h.kept == nil {
		h.age, h.size, h.kept = age, 0, make(map[*part]bool)
	}
	if h.kept[p] {
		return true
	}
	size := (p.rows/rowGroup + 1) * int64(len(p.layout)) * headOfColumn
	if h.size+size > limit {
		return false
	}
	h.size += size
	h.kept[p] = true
	return true
}
