package bus

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"reslog/record"
)

// entryOverhead is what an entry costs in memory besides its bytes.
const entryOverhead = 256

// entry is a record, intent or settle on its way to the stream.
type entry struct {
	kind   kind
	to     string // addressee of a redelivered record
	rec    record.Record
	size   int64
	order  uint64  // grows in the order of put
	ticket *ticket // who waits for it, if anybody
}

func sizeOf(r *record.Record) int64 {
	return int64(len(r.Line)+len(r.Detail)+len(r.ID)) + entryOverhead
}

// ticket is how an entry's fate is told to the one who waits.
type ticket struct{ done chan error }

func newTicket() *ticket { return &ticket{done: make(chan error, 1)} }

func (t *ticket) settle(err error) {
	if t != nil {
		t.done <- err
	}
}

// queue is what many goroutines put entries into and one, the writer, takes
// them from. It is cut into shards so that putting rarely waits; every entry
// carries its order, and a cut takes all shards at one moment, so that the
// writer restores the order in which puts happened.
type queue struct {
	shards []shard
	mask   uint32
	max    int64

	order atomic.Uint64
	held  atomic.Int64 // bytes put and not released
	ready atomic.Int64 // bytes put and not cut
	idle  atomic.Bool  // the writer sleeps until woken
	shut  atomic.Bool  // no put succeeds any more

	wake chan struct{} // the first entry after idle
	full chan struct{} // ready has reached a frame's worth
}

type shard struct {
	mu     sync.Mutex
	items  []entry
	spare  []entry // an emptied slice to use next
	closed bool
	count  uint64 // records ever put
	bytes  uint64
	_      [16]byte // keeps neighbours off one cache line
}

func newQueue(limit int64) *queue {
	n := 1
	for n < 2*runtime.GOMAXPROCS(0) && n < 32 {
		n *= 2
	}
	return &queue{
		shards: make([]shard, n), mask: uint32(n - 1), max: limit,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1),
	}
}

// put adds an entry, unless the bound is reached and force is not set.
func (q *queue) put(e *entry, force bool) error {
	if q.held.Add(e.size) > q.max && !force {
		q.held.Add(-e.size)
		return ErrFull
	}
	s := &q.shards[rand.Uint32()&q.mask]
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		q.held.Add(-e.size)
		return ErrClosed
	}
	e.order = q.order.Add(1)
	s.items = append(s.items, *e)
	if e.kind == kindRecord {
		s.count++
		s.bytes += uint64(e.size - entryOverhead)
	}
	s.mu.Unlock()

	if n := q.ready.Add(e.size); n >= frameTarget && n-e.size < frameTarget {
		signal(q.full)
	}
	if q.idle.Load() && q.idle.CompareAndSwap(true, false) {
		signal(q.wake)
	}
	return nil
}

// release gives back the room of entries that are on disk or given up.
func (q *queue) release(entries []entry) {
	var n int64
	for i := range entries {
		n += entries[i].size
	}
	q.held.Add(-n)
}

// close makes every later put fail.
func (q *queue) close() {
	for i := range q.shards {
		s := &q.shards[i]
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
	}
	q.shut.Store(true)
	signal(q.wake)
	signal(q.full)
}

func (q *queue) isClosed() bool { return q.shut.Load() }

func (q *queue) counts() (records, bytes uint64) {
	for i := range q.shards {
		s := &q.shards[i]
		s.mu.Lock()
		records += s.count
		bytes += s.bytes
		s.mu.Unlock()
	}
	return records, bytes
}

// empty reports whether nothing is there to cut.
func (q *queue) empty() bool {
	for i := range q.shards {
		s := &q.shards[i]
		s.mu.Lock()
		n := len(s.items)
		s.mu.Unlock()
		if n > 0 {
			return false
		}
	}
	return true
}

// cut moves all entries of all shards, as of one moment, into c, which must be
// empty: every put that returned before is in it.
func (q *queue) cut(c *cut) {
	if c.parts == nil {
		c.parts = make([]part, len(q.shards))
	}
	for i := range q.shards {
		q.shards[i].mu.Lock()
	}
	var taken int64
	for i := range q.shards {
		s := &q.shards[i]
		c.parts[i], s.items, s.spare = part{items: s.items}, s.spare, nil
		s.mu.Unlock()
	}
	for i := range c.parts {
		for j := range c.parts[i].items {
			taken += c.parts[i].items[j].size
		}
	}
	q.ready.Add(-taken)
	c.left = taken
}

// recycle hands the slices of an emptied cut back to the shards.
func (q *queue) recycle(c *cut) {
	const keep = 1 << 14 // entries; a slice grown past it by a burst is let go
	for i := range c.parts {
		items := c.parts[i].items
		c.parts[i] = part{}
		clear(items)
		if cap(items) == 0 || cap(items) > keep {
			continue
		}
		s := &q.shards[i]
		s.mu.Lock()
		if s.spare == nil {
			s.spare = items[:0]
		}
		s.mu.Unlock()
	}
}

// cut is the content of a queue at one moment, taken out in order.
type cut struct {
	parts []part
	left  int64 // bytes
}

type part struct {
	items []entry
	next  int
}

// take appends entries in order to dst until they fill a frame.
func (c *cut) take(dst []entry) []entry {
	var size int64
	for c.left > 0 && size < frameTarget && len(dst) < maxFrameEntries {
		first := -1
		var order uint64
		for i := range c.parts {
			p := &c.parts[i]
			if p.next < len(p.items) && (first < 0 || p.items[p.next].order < order) {
				first, order = i, p.items[p.next].order
			}
		}
		p := &c.parts[first]
		e := &p.items[p.next]
		p.next++
		dst = append(dst, *e)
		size += e.size
		c.left -= e.size
	}
	return dst
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
