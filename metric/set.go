package metric

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/record"
	"reslog/resource"
)

// Sample is a value of a metric.
type Sample struct {
	Metric int // its place in the names of the Set
	Value  float64
}

// Set is the counters of one resource. Adding takes a lock that is hardly ever
// contended, and allocates nothing.
type Set struct {
	r      *Recorder
	source source
	names  []string
	shards []shard // a power of two
	users  int     // with r.mu: who have called Recorder.Set and not Close
}

// setKey is a Set's name.
type setKey struct {
	id       resource.Key
	category record.Category
	names    string
}

func newSetKey(id resource.ID, c record.Category, names []string) setKey {
	return setKey{id.Key(), c, strings.Join(names, "\x00")}
}

// shard is a part of the values of a Set.
type shard struct {
	mu      sync.Mutex
	closed  int64 // the last minute that was taken
	windows [2]window
	_       [48]byte // so that no two are in one cache line
}

// window is the values of one minute, of the even ones or of the odd ones. At any
// time there are two minutes that still gather: the one that has just ended, and the
// open one.
type window struct {
	minute int64
	cells  []cell // by metric
}

// cell is the samples of a metric in a minute.
type cell struct {
	count              int64
	total, least, most float64
}

// maxShards bounds the shards of a Set, each of which has all its metrics twice.
const maxShards = 8

func newSet(r *Recorder, src source, names []string, closed int64) *Set {
	n := 1
	for n < runtime.GOMAXPROCS(0) && n < maxShards {
		n *= 2
	}
	s := &Set{r: r, source: src, names: names, shards: make([]shard, n)}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.closed = closed
		for j := range sh.windows {
			sh.windows[j].cells = make([]cell, len(names))
		}
	}
	return s
}

// Add adds samples to the minute of a time, or to the open one if that has been
// handed over already. What is not a number is left out.
func (s *Set) Add(at time.Time, samples ...Sample) {
	if len(s.shards) == 0 {
		return
	}
	sh := &s.shards[rand.Uint32()&uint32(len(s.shards)-1)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	cells := sh.window(minuteOf(at)).cells
	for _, v := range samples {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			continue
		}
		cells[v.Metric].add(v.Value)
	}
}

// Close says that who called Recorder.Set adds no more samples. Once all of them have,
// the Set is given up, after what there is of it was handed over.
func (s *Set) Close() {
	if s.r == nil {
		return
	}
	s.r.mu.Lock()
	s.users--
	s.r.mu.Unlock()
}

// window returns where the samples of a minute go. A minute that nobody took in time
// is one with the next but one.
func (sh *shard) window(minute int64) *window {
	minute = max(minute, sh.closed+1)
	w := &sh.windows[minute&1]
	w.minute = max(w.minute, minute)
	return w
}

func (c *cell) add(v float64) {
	c.merge(cell{1, v, v, v})
}

func (c *cell) merge(o cell) {
	switch {
	case o.count == 0:
		return
	case c.count == 0:
		*c = o
		return
	}
	c.count += o.count
	c.total += o.total
	c.least = min(c.least, o.least)
	c.most = max(c.most, o.most)
}

// take empties the minutes up to last and appends what hands them over to work.
func (s *Set) take(ctx context.Context, run uuid.UUID, last int64, work []func() error) []func() error {
	var sums [2]window
	for i := range s.shards {
		s.shards[i].take(last, &sums)
	}
	if sums[0].cells == nil && sums[1].cells == nil || !s.r.c.Emitter.Enabled(s.source.id, s.source.category) {
		return work
	}
	for _, w := range sums {
		for i, c := range w.cells {
			if c.count > 0 {
				rec := s.source.record(run, s.names[i], time.Unix(w.minute*60, 0), time.Minute, c)
				work = append(work, func() error { return s.r.c.Emitter.Emit(ctx, rec) })
			}
		}
	}
	return work
}

// take adds the minutes up to last to sums, and empties them.
func (sh *shard) take(last int64, sums *[2]window) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.closed = max(sh.closed, last)
	for i := range sh.windows {
		w, sum := &sh.windows[i], &sums[i]
		if w.minute == 0 || w.minute > last {
			continue
		}
		if sum.cells == nil {
			sum.cells = make([]cell, len(w.cells))
		}
		sum.minute = max(sum.minute, w.minute)
		for j := range w.cells {
			sum.cells[j].merge(w.cells[j])
		}
		clear(w.cells)
		w.minute = 0
	}
}

// reopen makes the minutes after closed those that gather, the clock having been set
// back.
func (s *Set) reopen(closed int64) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		sh.closed = closed
		for j := range sh.windows {
			if w := &sh.windows[j]; w.minute != 0 {
				w.minute = closed + 1 + (closed+1+int64(j))&1
			}
		}
		sh.mu.Unlock()
	}
}
