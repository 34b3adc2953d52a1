package tablestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Get returns an entity.
func (s *Store) Get(ctx context.Context, account, table string, k Key) (Entity, error) {
	if err := ctx.Err(); err != nil {
		return Entity{}, err
	}
	n := tableName{account, fold(table)}
	t, err := s.table(n)
	if err != nil {
		return Entity{}, err
	}
	buf := keys.Get().(*[]byte)
	defer keys.Put(buf)
	*buf = appendEntityKey((*buf)[:0], t.id, &k)
	v, closer, err := s.db.Get(*buf)
	if errors.Is(err, pebble.ErrNotFound) {
		if err := s.still(n, t); err != nil {
			return Entity{}, err
		}
		return Entity{}, ErrEntityNotFound
	}
	if err != nil {
		return Entity{}, fmt.Errorf("read entity: %w", err)
	}
	record := string(v)
	if err := closer.Close(); err != nil {
		return Entity{}, fmt.Errorf("read entity: %w", err)
	}
	return decodeEntity(record, k)
}

// keys are buffers for keys that are needed for one look only.
var keys = sync.Pool{New: func() any { k := make([]byte, 0, 256); return &k }}

// Bounds of a query that does not say.
const (
	defaultLimit = 1000
	defaultScan  = 100_000
	defaultBytes = 8 << 20
)

// Query selects entities.
func (s *Store) Query(ctx context.Context, account, table string, q Query) (Page, error) {
	if err := ctx.Err(); err != nil {
		return Page{}, err
	}
	if q.Ranges == nil {
		q.Ranges = []Range{{}}
	}
	q.Limit, q.Scan, q.Bytes = or(q.Limit, defaultLimit), or(q.Scan, defaultScan), or(q.Bytes, defaultBytes)
	n := tableName{account, fold(table)}
	t, err := s.table(n)
	if err != nil {
		return Page{}, err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{})
	if err != nil {
		return Page{}, fmt.Errorf("query: %w", err)
	}
	r := scans.Get().(*scan)
	defer r.release()
	r.q, r.it, r.clock = &q, it, newClock(ctx)
	err = s.still(n, t)
	if err == nil {
		err = r.run(t.id)
	}
	if err = errors.Join(err, it.Close()); err != nil {
		return Page{}, fmt.Errorf("query: %w", err)
	}
	return r.page()
}

func or(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// scan is a Query under way. What matches is copied, as it is, behind one another
// into found and becomes entities at the end, when it is known how many there are.
type scan struct {
	q      *Query
	it     *pebble.Iterator
	clock  clock
	looked int
	next   []byte // key to go on with

	entity Entity // the filter's
	text   []byte // decoded keys of it

	found []byte
	spans []span
	count int // of properties
}

// span is an entity in found: the lengths of its keys and its record.
type span struct{ partition, row, record int }

var scans = sync.Pool{New: func() any { return new(scan) }}

// maxKept is the largest buffer that is kept for the next call.
const maxKept = 256 << 10

func (r *scan) release() {
	// Its strings are in blocks that may be anything by now.
	clear(r.entity.Properties[:cap(r.entity.Properties)])
	*r = scan{entity: Entity{Properties: r.entity.Properties[:0]}, text: r.text[:0], found: r.found[:0], spans: r.spans[:0]}
	if cap(r.found) > maxKept {
		r.found = nil
	}
	scans.Put(r)
}

// run goes over the ranges until they or something else ends.
func (r *scan) run(tid uint64) error {
	var at []byte // where we are: before it nothing is left to see
	if r.q.Next != nil {
		at = appendEntityKey(nil, tid, r.q.Next)
	}
	for _, one := range r.q.Ranges {
		lower, upper := one.bounds(tid)
		if bytes.Compare(lower, at) < 0 {
			lower = at
		}
		if bytes.Compare(lower, upper) >= 0 {
			continue
		}
		if r.tired() {
			r.next = lower
			return nil
		}
		at = upper
		if done, err := r.runOne(lower, upper); done || err != nil {
			return err
		}
		r.looked++ // a range costs as much as an entity, or more
		r.clock.spend(0)
	}
	return nil
}

// runOne goes over a range; done says that the page ends within it.
func (r *scan) runOne(lower, upper []byte) (done bool, err error) {
	r.it.SetBounds(lower, upper)
	for ok := r.it.First(); ok; ok = r.it.Next() {
		if len(r.spans) >= r.q.Limit || len(r.found) >= r.q.Bytes || r.tired() {
			r.next = bytes.Clone(r.it.Key())
			return true, nil
		}
		if err := r.look(); err != nil {
			return false, err
		}
	}
	return false, r.it.Error()
}

// tired reports whether no more is to be looked at.
func (r *scan) tired() bool { return r.looked >= r.q.Scan || r.clock.over() }

// look takes the entity at hand if it is wanted.
func (r *scan) look() error {
	r.looked++
	partition, row, ok := cutEntityKey(r.it.Key())
	if !ok {
		return fmt.Errorf("%w: key of an entity", ErrCorrupt)
	}
	record, err := r.it.ValueAndErr()
	if err != nil {
		return err
	}
	r.clock.spend(len(record))
	r.text = appendDecoded(r.text[:0], partition, true)
	n := len(r.text)
	r.text = appendDecoded(r.text, row, false)
	d := dec{s: view(record)}
	h := d.head()
	if r.q.Filter != nil {
		text := view(r.text)
		r.entity.Key = Key{text[:n], text[n:]}
		r.entity.Timestamp = fromTicks(h.timestamp)
		r.entity.Properties = d.properties(r.entity.Properties[:0], h.count)
		if err := d.end(); err != nil {
			return err
		}
		if !r.q.Filter(&r.entity) {
			return nil
		}
	}
	r.spans = append(r.spans, span{n, len(r.text) - n, len(record)})
	r.found = append(append(r.found, r.text...), record...)
	r.count += h.count
	return d.err
}

// page makes entities of what was found.
func (r *scan) page() (Page, error) {
	var p Page
	if r.next != nil {
		next, ok := decodeKey(r.next)
		if !ok {
			return Page{}, fmt.Errorf("query: %w: key of an entity", ErrCorrupt)
		}
		p.Next = &next
	}
	if len(r.spans) == 0 {
		return p, nil
	}
	text := string(r.found)
	cut := func(n int) (s string) {
		s, text = text[:n], text[n:]
		return s
	}
	p.Entities = make([]Entity, len(r.spans))
	all := make([]Property, 0, r.count)
	for i, s := range r.spans {
		e := &p.Entities[i]
		e.Key = Key{cut(s.partition), cut(s.row)}
		d := dec{s: cut(s.record)}
		h := d.head()
		e.Timestamp = fromTicks(h.timestamp)
		if h.count > 0 {
			from := len(all)
			all = d.properties(all, h.count)
			e.Properties = all[from:len(all):len(all)]
		}
		if err := d.end(); err != nil {
			return Page{}, fmt.Errorf("query: %w", err)
		}
	}
	return p, nil
}

// clock says when a query has to come back: before the deadline of its context,
// by a quarter of its time or a second.
type clock struct {
	ctx   context.Context
	end   time.Time // zero is never
	spent int
}

func newClock(ctx context.Context) clock {
	c := clock{ctx: ctx}
	if deadline, ok := ctx.Deadline(); ok {
		c.end = deadline.Add(-min(time.Until(deadline)/4, time.Second))
	}
	return c
}

// spend counts work, an entity or range with so many bytes.
func (c *clock) spend(bytes int) { c.spent += 1 + bytes>>12 }

// over looks at the time when there was some work since it last did.
func (c *clock) over() bool {
	if c.spent < 128 {
		return false
	}
	c.spent = 0
	return c.ctx.Err() != nil || !c.end.IsZero() && !time.Now().Before(c.end)
}
