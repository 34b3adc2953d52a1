package tablestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// tables finds tables without asking the disk and keeps changes of a table apart
// from changes in it.
type tables struct {
	// locks are read-locked while an entity of a table changes and locked while the
	// table itself does.
	locks [256]sync.RWMutex

	mu    sync.RWMutex // of cache
	cache map[tableName]*tableState

	// fill is held to move a table from disk to cache, and to change one. A leaf
	// but for mu.
	fill   sync.Mutex
	lastID uint64 // with fill
}

// tableName is an account and a folded name.
type tableName struct{ account, name string }

// tableState is a table as it is, immutable.
type tableState struct {
	id uint64
	t  Table
}

// maxCached bounds the tables held in memory.
const maxCached = 1 << 16

func (s *Store) tableLock(n tableName) *sync.RWMutex {
	h := maphash.String(s.seed, n.account) ^ maphash.String(s.seed, n.name)*31
	return &s.tables.locks[h%uint64(len(s.tables.locks))]
}

// table returns a table, which the caller must not change.
func (s *Store) table(n tableName) (*tableState, error) {
	ts := &s.tables
	ts.mu.RLock()
	t := ts.cache[n]
	ts.mu.RUnlock()
	if t != nil {
		return t, nil
	}
	ts.fill.Lock()
	defer ts.fill.Unlock()
	t, err := s.readTable(n)
	if err == nil {
		ts.keep(n, t)
	}
	return t, err
}

// keep puts a table into the cache, or takes it out; fill is held.
func (ts *tables) keep(n tableName, t *tableState) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t == nil {
		delete(ts.cache, n)
		return
	}
	if len(ts.cache) >= maxCached {
		clear(ts.cache)
	}
	ts.cache[n] = t
}

func (s *Store) readTable(n tableName) (t *tableState, err error) {
	err = disk.Get(s.db, tableKey(n.account, n.name), func(v []byte) error {
		if v == nil {
			return ErrTableNotFound
		}
		t, err = decodeTable(v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", n.name, err)
	}
	return t, nil
}

// still reports whether a table is the one it was. What was read before this is
// then of that table: one that is deleted is out of the cache before it is empty,
// and whoever misses it there waits until it is gone.
func (s *Store) still(n tableName, t *tableState) error {
	now, err := s.table(n)
	if err == nil && now.id != t.id {
		err = fmt.Errorf("table %s: %w", n.name, ErrTableNotFound)
	}
	return err
}

// putTable applies a batch that may hold more than the table, nil to delete it.
// The table's lock is held. A table without an id gets one.
func (s *Store) putTable(n tableName, t *tableState, b *pebble.Batch) error {
	ts := &s.tables
	ts.fill.Lock()
	defer ts.fill.Unlock()
	ts.keep(n, nil)
	key := tableKey(n.account, n.name)
	var err error
	if t == nil {
		err = b.Delete(key, nil)
	} else {
		if t.id == 0 {
			ts.lastID++
			t.id = ts.lastID
			if err := b.Set([]byte(keyID), binary.BigEndian.AppendUint64(nil, t.id), nil); err != nil {
				return fmt.Errorf("table %s: %w", n.name, err)
			}
		}
		err = b.Set(key, t.encode(), nil)
	}
	if err == nil {
		err = s.db.Show(b)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", n.name, err)
	}
	if t != nil {
		ts.keep(n, t)
	}
	return nil
}

// tableChange is what becomes of a table.
type tableChange struct {
	is    *tableState // nil to delete it
	delta Usage       // of the account
}

// changeTable runs fn with the table locked, nil when there is none, and makes
// durable what it says and what it put into its batch.
func (s *Store) changeTable(ctx context.Context, account, name string, fn func(was *tableState, b *pebble.Batch) (tableChange, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b := s.db.NewBatch()
	n := tableName{account, fold(name)}
	mu := s.tableLock(n)
	mu.Lock()
	c, err := s.prepareTable(n, b, fn)
	if err != nil {
		mu.Unlock()
		return errors.Join(err, b.Close())
	}
	err = s.putTable(n, c.is, b)
	if err == nil {
		s.usage.add(account, name, c.delta)
	}
	mu.Unlock()
	if err != nil {
		return err // Pebble may still have the batch
	}
	return s.db.Settle(b)
}

func (s *Store) prepareTable(n tableName, b *pebble.Batch, fn func(was *tableState, b *pebble.Batch) (tableChange, error)) (tableChange, error) {
	was, err := s.readTable(n)
	if err != nil && !errors.Is(err, ErrTableNotFound) {
		return tableChange{}, err
	}
	c, err := fn(was, b)
	if err != nil {
		err = fmt.Errorf("table %s: %w", n.name, err)
	}
	return c, err
}

// tableOverhead is about what a change of a table writes.
const tableOverhead = 4 << 10

// CreateTable makes a table.
func (s *Store) CreateTable(ctx context.Context, account string, t Table) error {
	return s.changeTable(ctx, account, t.Name, func(was *tableState, _ *pebble.Batch) (tableChange, error) {
		if was != nil {
			return tableChange{}, ErrTableExists
		}
		is := &tableState{t: t}
		is.t = is.copy()
		return tableChange{is, Usage{Tables: 1}}, s.space.Allow(tableOverhead, disk.Adding)
	})
}

// Table returns a table.
func (s *Store) Table(ctx context.Context, account, name string) (Table, error) {
	if err := ctx.Err(); err != nil {
		return Table{}, err
	}
	t, err := s.table(tableName{account, fold(name)})
	if err != nil {
		return Table{}, err
	}
	return t.copy(), nil
}

func (t *tableState) copy() Table {
	c := t.t
	c.Policies = slices.Clone(c.Policies)
	return c
}

// UpdateTable changes a table's policies.
func (s *Store) UpdateTable(ctx context.Context, account, name string, fn func(*Table) error) error {
	return s.changeTable(ctx, account, name, func(was *tableState, _ *pebble.Batch) (tableChange, error) {
		if was == nil {
			return tableChange{}, ErrTableNotFound
		}
		t := was.copy()
		if err := fn(&t); err != nil {
			return tableChange{}, err
		}
		is := &tableState{id: was.id, t: was.t}
		is.t.Policies = slices.Clone(t.Policies)
		return tableChange{is: is}, s.space.Allow(tableOverhead, disk.Adding)
	})
}

// DeleteTable deletes a table with its entities.
func (s *Store) DeleteTable(ctx context.Context, account, name string) error {
	return s.changeTable(ctx, account, name, func(was *tableState, b *pebble.Batch) (tableChange, error) {
		if was == nil {
			return tableChange{}, ErrTableNotFound
		}
		c, err := s.counters(was.id)
		if err != nil {
			return tableChange{}, err
		}
		lower, upper := Range{}.bounds(was.id)
		rest := counters{deleted: c.deleted}.appendTo(nil)
		for _, err := range []error{
			b.DeleteRange(lower, upper, nil),
			b.Delete(countersKey(was.id), nil),
			b.Merge(countersKey(0), rest, nil),
		} {
			if err != nil {
				return tableChange{}, fmt.Errorf("delete: %w", err)
			}
		}
		return tableChange{delta: Usage{-1, -c.entities, -c.bytes}}, s.space.Allow(0, disk.Removing)
	})
}

// Tables lists tables.
func (s *Store) Tables(ctx context.Context, account, after string, limit int) (list []Table, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if limit <= 0 {
		limit = 1000
	}
	all := tableKey(account, "")
	lower := append(tableKey(account, fold(after)), 0) // nothing is between them
	if users := append(bytes.Clone(all), '$'+1); bytes.Compare(lower, users) < 0 {
		lower = users
	}
	upper := all
	upper[len(upper)-1]++
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, false, fmt.Errorf("list tables: %w", err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if more = len(list) == limit; more {
			break
		}
		var t *tableState
		if t, err = decodeTable(it.Value()); err == nil {
			list = append(list, t.t)
		}
	}
	if err := errors.Join(err, it.Close()); err != nil {
		return nil, false, fmt.Errorf("list tables: %w", err)
	}
	return list, more, nil
}

const tableVersion = 1

func (t *tableState) encode() []byte {
	var e disk.Enc
	e.Byte(tableVersion)
	e.Uint(t.id)
	e.Strings(t.t.Name)
	e.Fixed64(disk.Ticks(t.t.Created))
	e.Uint(uint64(len(t.t.Policies)))
	for _, p := range t.t.Policies {
		e.Strings(p.ID, p.Start, p.Expiry, p.Permission)
	}
	return e
}

func decodeTable(v []byte) (*tableState, error) {
	d := disk.Decode(string(v))
	d.Version(tableVersion)
	t := &tableState{id: d.Uint(), t: Table{Name: d.String(), Created: disk.Time(d.Ticks())}}
	for range d.Count(4) {
		t.t.Policies = append(t.t.Policies, Policy{d.String(), d.String(), d.String(), d.String()})
	}
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return t, nil
}
