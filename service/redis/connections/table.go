package connections

import (
	"cmp"
	"slices"
	"time"

	"reslog/service/redis/event"
)

// proxy is the source of the connections that end with the process.
const proxy = "proxy"

// key is what a connection is known by.
type key struct {
	source string
	id     int64
}

// entry is a connection in the book.
type entry struct {
	Connection
	// last is the time of its latest event, seq that event.
	last time.Time
	seq  uint64
	// busy says that a Take of it is under way.
	busy bool
}

func (e *entry) key() key { return key{e.Source, e.ID} }

func keyOf(e *event.Event) key { return key{e.Connection.Source, e.Connection.ID} }

// table is the connections that are open.
type table struct {
	open    map[key]*entry
	sources map[string]int // how many of each source
	max     int            // of a source
	peak    int            // how many open has held
}

func newTable(limit int) *table {
	return &table{open: make(map[key]*entry), sources: make(map[string]int), max: limit}
}

// apply takes an event into the book. It returns the entry that is open after it,
// and false for a new connection that there is no place for.
func (t *table) apply(seq uint64, e *event.Event) (*entry, bool) {
	k := keyOf(e)
	c := t.open[k]
	if c != nil && seq <= c.seq {
		return c, true // told before
	}
	switch e.Type {
	case event.NewConnection:
		if c == nil && t.sources[k.source] >= t.max {
			return nil, false
		}
		c = &entry{Connection: Connection{Connection: e.Connection}}
		c.Database = clip(c.Database, maxText)
		t.put(c)
	case event.Authentication:
		if c == nil {
			return nil, true
		}
		switch {
		case e.Status.Succeeded():
			c.User, c.Authenticated = clip(e.User, event.MaxUser), e.Time
		case !e.Status.Pending():
			c.Failures++
		}
	case event.CloseConnection:
		if c != nil {
			t.remove(k)
		}
		return nil, true
	}
	c.seq = seq
	if e.Time.After(c.last) {
		c.last = e.Time
	}
	return c, true
}

// put adds an entry, in place of another of its key.
func (t *table) put(c *entry) {
	if t.open[c.key()] == nil {
		t.sources[c.Source]++
	}
	t.open[c.key()] = c
	t.peak = max(t.peak, len(t.open))
}

func (t *table) remove(k key) {
	delete(t.open, k)
	if t.sources[k.source]--; t.sources[k.source] == 0 {
		delete(t.sources, k.source)
	}
	if len(t.open) == 0 && t.peak > 1000 {
		t.open, t.peak = make(map[key]*entry), 0 // maps do not shrink
	}
}

// list returns copies of the entries of a source, "" for all, in no order.
func (t *table) list(source string) []Connection {
	all := make([]Connection, 0, len(t.open))
	for k, c := range t.open {
		if source == "" || k.source == source {
			all = append(all, c.Connection)
		}
	}
	return all
}

// byAge sorts connections, the oldest first.
func byAge(a, b Connection) int {
	return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
}

// sorted returns the entries of a source in the order of their IDs.
func (t *table) sorted(source string) []*entry {
	var all []*entry
	for k, c := range t.open {
		if k.source == source {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
