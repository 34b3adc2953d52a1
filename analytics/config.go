package analytics

import (
	"log/slog"
	"runtime"
	"time"

	"reslog/kql"
)

// Config says where workspaces are and what they may use.
type Config struct {
	// Folder holds a folder for each workspace. One process may have it open.
	Folder string
	// Known finds tables that have a documented schema: they can be read before
	// they have rows. Nil: there are none.
	Known func(name string) (kql.Table, bool)
	// Retention is how many days a workspace keeps rows for which it was told
	// nothing else; zero: 30, as the real service.
	Retention int
	// CloseAfter is how long after the end of a day it is closed; zero: an hour.
	CloseAfter time.Duration
	// FileRows is how many rows a file of a closed day has at most, which bounds
	// the work and the memory of writing one; zero: 4 million.
	FileRows int64
	// Maintain is how often days are closed and retention is enforced; zero: a
	// minute. Negative: only when Maintain of the store is called.
	Maintain time.Duration
	// Queries is how many queries run at once, and Waiting how many more may wait
	// for their turn; zero: as many as there are processors, and 200.
	Queries, Waiting int
	// Memory bounds the memory of all queries and of closing days together, in
	// bytes, and Temp the disk that what does not fit may use; zero: 1 GiB, and
	// eight times Memory.
	Memory, Temp int64
	// Threads is how many processors are used; zero: all.
	Threads int
	// segmentRows is how many rows a segment of an index has; zero: as many as a row
	// group of a file has, of which a search reads the whole column.
	segmentRows int64
	// logBytes is the size of a log from which a checkpoint is made, and restRows how
	// many of its rows a table has that rests meanwhile; zero: 128 MiB, and 20,000.
	logBytes, restRows int64
	// heads bounds what is kept of the heads of files, bytes; zero: an eighth of Memory.
	heads int64
	// Observer is told what was done; nil: nobody.
	Observer Observer
	// Logger gets what is repaired, missing or late; nil: nobody.
	Logger *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// maxWorkspaces bounds how many workspaces a query reads, and maxDays how many
// days of one table a batch may be about.
const (
	maxWorkspaces = 100
	maxDays       = 1000
	maxColumns    = 600
	maxTables     = 2000
	maxName       = 100
)

func (c Config) withDefaults() Config {
	if c.Known == nil {
		c.Known = func(string) (kql.Table, bool) { return kql.Table{}, false }
	}
	if c.Retention <= 0 {
		c.Retention = 30
	}
	if c.CloseAfter <= 0 {
		c.CloseAfter = time.Hour
	}
	if c.FileRows <= 0 {
		c.FileRows = 4_000_000
	}
	if c.segmentRows <= 0 {
		c.segmentRows = rowGroup
	}
	if c.logBytes <= 0 {
		c.logBytes = 128 << 20
	}
	if c.restRows <= 0 {
		c.restRows = 20_000
	}
	if c.Maintain == 0 {
		c.Maintain = time.Minute
	}
	if c.Threads <= 0 {
		c.Threads = runtime.NumCPU()
	}
	if c.Queries <= 0 {
		c.Queries = c.Threads
	}
	if c.Waiting <= 0 {
		c.Waiting = 200
	}
	if c.Memory <= 0 {
		c.Memory = 1 << 30
	}
	if c.heads <= 0 {
		c.heads = c.Memory / 8
	}
	if c.Temp <= 0 {
		c.Temp = 8 * c.Memory
	}
	if c.Observer == nil {
		c.Observer = nobody{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
