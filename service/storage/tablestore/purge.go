package tablestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// purgeStep is how many entities a step of DeleteRange deletes: about a
// millisecond's work, during which nobody else writes to the table.
const purgeStep = 1000

// DeleteRange deletes the entities of a range.
//
// They are read before, for the counters must say what is left.
func (s *Store) DeleteRange(ctx context.Context, account, table string, r Range) error {
	p := purge{s: s, n: tableName{account, fold(table)}, r: r}
	for !p.done {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.step(); err != nil {
			return fmt.Errorf("delete range of table %s: %w", table, err)
		}
	}
	return nil
}

// purge is a DeleteRange under way.
type purge struct {
	s    *Store
	n    tableName
	r    Range
	id   uint64 // of the table
	done bool

	lower, upper []byte // what is left of the range
}

// step deletes some of the range.
func (p *purge) step() error {
	b := p.s.db.NewBatch()
	applied, err := p.apply(b)
	switch {
	case err != nil && applied:
		return err // Pebble may still have the batch
	case err != nil || !applied:
		return errors.Join(err, b.Close())
	}
	return p.s.db.Settle(b)
}

// apply makes a step visible, unless there is nothing to delete.
func (p *purge) apply(b *pebble.Batch) (applied bool, err error) {
	mu := p.s.tableLock(p.n)
	mu.Lock()
	defer mu.Unlock()
	t, err := p.s.table(p.n)
	if err != nil {
		return false, err
	}
	if p.id == 0 {
		p.id = t.id
		p.lower, p.upper = p.r.bounds(t.id)
	}
	if p.id != t.id || bytes.Compare(p.lower, p.upper) >= 0 {
		p.done = true // another table has the name by now, or no key is in the range
		return false, nil
	}
	lower, delta, err := p.read()
	if err != nil || delta.entities == 0 {
		return false, err
	}
	if err := p.s.space.Allow(0, disk.Removing); err != nil {
		return false, err
	}
	err = errors.Join(b.DeleteRange(lower, p.lower, nil), b.Merge(countersKey(t.id), delta.appendTo(nil), nil))
	if err != nil {
		return false, fmt.Errorf("write: %w", err)
	}
	p.s.deleted.raise(delta.deleted)
	if err := p.s.db.Show(b); err != nil {
		return true, err
	}
	p.s.usage.add(p.n.account, p.n.name, Usage{Entities: delta.entities, Bytes: delta.bytes})
	return true, nil
}

// read goes over the next entities, moves the lower bound behind them, and returns
// what it was and what is gone when they are.
func (p *purge) read() (lower []byte, delta counters, err error) {
	lower = p.lower
	it, err := p.s.db.NewIter(&pebble.IterOptions{LowerBound: p.lower, UpperBound: p.upper})
	if err != nil {
		return nil, counters{}, fmt.Errorf("read: %w", err)
	}
	p.done = true
	for ok := it.First(); ok; ok = it.Next() {
		if delta.entities == -purgeStep {
			p.lower, p.done = bytes.Clone(it.Key()), false
			break
		}
		v, valueErr := it.ValueAndErr()
		d := disk.Decode(disk.View(v))
		h := readHead(&d)
		if err = errors.Join(valueErr, d.Err()); err != nil {
			break
		}
		delta.add(counters{-1, -int64(h.size), h.timestamp})
	}
	if p.done {
		p.lower = p.upper
	}
	return lower, delta, errors.Join(err, it.Close())
}
