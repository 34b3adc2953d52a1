package tablestore

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// counters say what is in a table. They are changed in the batch of the change
// itself, by the merge operator, so they are right after a crash.
type counters struct {
	entities, bytes int64
	// deleted is the greatest Timestamp of the entities that were deleted, in
	// ticks. The most of several counts.
	deleted uint64
}

func (c *counters) add(o counters) {
	c.entities += o.entities
	c.bytes += o.bytes
	c.deleted = max(c.deleted, o.deleted)
}

// appendTo writes to e what decodeCounters reads.
func (c counters) appendTo(e disk.Enc) disk.Enc {
	e.Int(c.entities)
	e.Int(c.bytes)
	e.Uint(c.deleted)
	return e
}

func decodeCounters(v []byte) (counters, error) {
	d := disk.Decode(disk.View(v))
	c := counters{entities: d.Int(), bytes: d.Int(), deleted: d.Uint()}
	return c, d.End()
}

// adder is the merge operator.
type adder struct{ c counters }

func newAdder(_, value []byte) (pebble.ValueMerger, error) {
	a := new(adder)
	return a, a.MergeNewer(value)
}

func (a *adder) MergeNewer(value []byte) error {
	c, err := decodeCounters(value)
	a.c.add(c)
	return err
}

func (a *adder) MergeOlder(value []byte) error { return a.MergeNewer(value) }

func (a *adder) Finish(bool) ([]byte, io.Closer, error) {
	return a.c.appendTo(nil), nil, nil
}

// counters reads those of a table.
func (s *Store) counters(tid uint64) (c counters, err error) {
	err = disk.Get(s.db, countersKey(tid), func(v []byte) error {
		if v != nil {
			c, err = decodeCounters(v)
		}
		return err
	})
	return c, err
}

// usage is what accounts have, as it comes and goes.
type usage struct{ accounts sync.Map } // string -> *accountUsage

type accountUsage struct{ tables, entities, bytes atomic.Int64 }

// isOwn reports whether a table is the node's.
func isOwn(name string) bool { return strings.HasPrefix(name, "$") }

func (u *usage) add(account, table string, delta Usage) {
	if isOwn(table) {
		return
	}
	v, ok := u.accounts.Load(account)
	if !ok {
		v, _ = u.accounts.LoadOrStore(account, new(accountUsage))
	}
	a := v.(*accountUsage)
	a.tables.Add(delta.Tables)
	a.entities.Add(delta.Entities)
	a.bytes.Add(delta.Bytes)
}

// Usage returns what an account has in its tables.
func (s *Store) Usage(ctx context.Context, account string) (Usage, error) {
	v, ok := s.usage.accounts.Load(account)
	if !ok {
		return Usage{}, ctx.Err()
	}
	a := v.(*accountUsage)
	return Usage{a.tables.Load(), a.entities.Load(), a.bytes.Load()}, ctx.Err()
}

// load sums up the tables at start.
func (s *Store) load() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindTable}, UpperBound: []byte{kindTable + 1}})
	if err != nil {
		return fmt.Errorf("read tables: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		account, name, ok := cutTableKey(it.Key())
		if !ok {
			return fmt.Errorf("%w: key of a table", ErrCorrupt)
		}
		t, err := decodeTable(it.Value())
		if err != nil {
			return fmt.Errorf("table %s of %s: %w", name, account, err)
		}
		c, err := s.counters(t.id)
		if err != nil {
			return fmt.Errorf("table %s of %s: %w", name, account, err)
		}
		s.usage.add(account, name, Usage{1, c.entities, c.bytes})
		s.deleted.raise(c.deleted)
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("read tables: %w", err)
	}
	c, err := s.counters(0)
	s.deleted.raise(c.deleted)
	return err
}

// highest is a number that only grows.
type highest struct{ n atomic.Uint64 }

func (h *highest) raise(to uint64) {
	for {
		n := h.n.Load()
		if n >= to || h.n.CompareAndSwap(n, to) {
			return
		}
	}
}
