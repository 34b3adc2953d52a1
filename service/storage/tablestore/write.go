package tablestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// Write makes changes of one table.
//
// The entities are locked from before they are looked at until the change is
// visible, not until it is on disk.
func (s *Store) Write(ctx context.Context, account, table string, now time.Time, writes []Write) ([]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := changes.Get().(*change)
	defer c.release()
	c.s = s
	times := make([]time.Time, len(writes))
	if err := c.run(tableName{account, fold(table)}, disk.Ticks(now), writes, times); err != nil {
		return nil, err
	}
	if len(writes) > 0 {
		if err := s.db.Settle(c.batch); err != nil {
			return nil, err
		}
	}
	return times, nil
}

// change is a Write under way.
type change struct {
	s     *Store
	batch *pebble.Batch
	delta counters // of the table

	// Scratch space. The keys of the writes stand in keys one behind the other.
	keys    []byte
	ends    []int
	order   []int // of the writes by their keys
	stripes []uint64
	record  disk.Enc
}

var changes = sync.Pool{New: func() any { return new(change) }}

func (c *change) release() {
	if cap(c.record) > maxKept {
		c.record = nil
	}
	*c = change{keys: c.keys, ends: c.ends, order: c.order, stripes: c.stripes, record: c.record}
	changes.Put(c)
}

func (c *change) run(n tableName, now uint64, writes []Write, times []time.Time) error {
	s := c.s
	mu := s.tableLock(n)
	mu.RLock()
	defer mu.RUnlock()
	t, err := s.table(n)
	if err != nil || len(writes) == 0 {
		return err
	}
	if err := c.encodeKeys(t.id, writes); err != nil {
		return err
	}
	for _, stripe := range c.stripes {
		s.entities[stripe].Lock()
	}
	defer func() {
		for _, stripe := range c.stripes {
			s.entities[stripe].Unlock()
		}
	}()
	c.batch = s.db.NewBatch()
	if err := c.prepare(t.id, now, writes, times); err != nil {
		return errors.Join(err, c.batch.Close())
	}
	s.deleted.raise(c.delta.deleted)
	if err := s.db.Show(c.batch); err != nil {
		return err
	}
	s.usage.add(n.account, n.name, Usage{Entities: c.delta.entities, Bytes: c.delta.bytes})
	return nil
}

func (c *change) key(i int) []byte {
	from := 0
	if i > 0 {
		from = c.ends[i-1]
	}
	return c.keys[from:c.ends[i]]
}

// encodeKeys fills keys and finds the stripes to lock, in the order in which
// everybody locks them.
func (c *change) encodeKeys(tid uint64, writes []Write) error {
	c.keys, c.ends, c.order, c.stripes = c.keys[:0], c.ends[:0], c.order[:0], c.stripes[:0]
	for i := range writes {
		c.keys = appendEntityKey(c.keys, tid, &writes[i].Entity.Key)
		c.ends = append(c.ends, len(c.keys))
		c.order = append(c.order, i)
		c.stripes = append(c.stripes, maphash.Bytes(c.s.seed, c.key(i))%stripes)
	}
	if len(writes) == 1 {
		return nil
	}
	slices.Sort(c.stripes)
	c.stripes = slices.Compact(c.stripes)
	slices.SortFunc(c.order, func(a, b int) int { return bytes.Compare(c.key(a), c.key(b)) })
	for i, n := range c.order[1:] {
		if bytes.Equal(c.key(c.order[i]), c.key(n)) {
			return &WriteError{max(c.order[i], n), ErrTwice}
		}
	}
	return nil
}

// prepare fills the batch. The entities are locked.
func (c *change) prepare(tid, now uint64, writes []Write, times []time.Time) error {
	need := disk.Removing
	for i := range writes {
		at, err := c.write(c.key(i), now, &writes[i])
		if err != nil {
			return &WriteError{i, err}
		}
		times[i] = disk.Time(at)
		if writes[i].Kind != Delete {
			need = disk.Adding
		}
	}
	c.record = c.delta.appendTo(c.record[:0])
	if err := c.batch.Merge(countersKey(tid), c.record, nil); err != nil {
		return fmt.Errorf("write counters: %w", err)
	}
	return c.s.space.Allow(c.batch.Len(), need)
}

// existing is the entity that a write finds.
type existing struct {
	head
	there      bool
	properties []Property // when they are asked for
}

// write puts one change into the batch and returns the new Timestamp.
func (c *change) write(key []byte, now uint64, w *Write) (uint64, error) {
	old, err := c.find(key, w.Kind == Merge || w.Kind == InsertOrMerge)
	if err != nil {
		return 0, err
	}
	if err := w.allowed(&old); err != nil {
		return 0, err
	}
	if w.Kind == Delete {
		c.delta.add(counters{-1, -int64(old.size), old.timestamp})
		if err := c.batch.Delete(key, nil); err != nil {
			return 0, fmt.Errorf("delete entity: %w", err)
		}
		return 0, nil
	}
	e := Entity{Key: w.Entity.Key, Properties: w.Entity.Properties}
	if len(old.properties) > 0 {
		e.Properties = merge(old.properties, e.Properties)
	}
	size, err := e.check()
	if err != nil {
		return 0, err
	}
	at := max(now, 1, c.s.deleted.n.Load()+1)
	if old.there {
		at = max(now, old.timestamp+1)
		c.delta.add(counters{bytes: int64(size - old.size)})
	} else {
		c.delta.add(counters{entities: 1, bytes: int64(size)})
	}
	c.record = c.record[:0]
	appendEntity(&c.record, head{timestamp: at, size: size}, e.Properties)
	if err := c.batch.Set(key, c.record, nil); err != nil {
		return 0, fmt.Errorf("write entity: %w", err)
	}
	return at, nil
}

// allowed says whether a write fits what there is.
func (w *Write) allowed(old *existing) error {
	switch w.Kind {
	case Insert:
		if old.there {
			return ErrEntityExists
		}
	case Replace, Merge, Delete:
		if !old.there {
			return ErrEntityNotFound
		}
		if !w.Match.IsZero() && disk.Ticks(w.Match) != old.timestamp {
			return ErrCondition
		}
	case InsertOrReplace, InsertOrMerge:
	default:
		return fmt.Errorf("there is no write of kind %d", w.Kind)
	}
	return nil
}

// find reads what there is under a key.
func (c *change) find(key []byte, properties bool) (old existing, err error) {
	err = disk.Get(c.s.db, key, func(v []byte) error {
		if v == nil {
			return nil
		}
		old.there = true
		record := disk.View(v)
		if properties {
			record = string(v)
		}
		d := disk.Decode(record)
		if old.head = readHead(&d); properties {
			old.properties = readProperties(&d, make([]Property, 0, old.count), old.count)
		}
		return d.Err()
	})
	return old, err
}
