package queuestore

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// clone copies what others might write to.
func (q Queue) clone() Queue {
	q.Metadata = slices.Clone(q.Metadata)
	q.Policies = slices.Clone(q.Policies)
	return q
}

// CreateQueue makes a queue, or returns the one there is with ErrQueueExists.
// Created is now unless set.
func (s *Store) CreateQueue(ctx context.Context, account string, q Queue) (Queue, error) {
	if err := ctx.Err(); err != nil {
		return Queue{}, err
	}
	if err := s.space.Allow(0, disk.Adding); err != nil {
		return Queue{}, err
	}
	r := &record{q: q.clone()}
	if q.Created.IsZero() {
		r.q.Created = s.now()
	}
	r.q.Created = disk.Time(disk.Ticks(r.q.Created))
	b, err := s.create(queueName{account, q.Name}, r)
	if errors.Is(err, ErrQueueExists) {
		return r.q, errors.Join(err, s.created())
	}
	if err != nil {
		return Queue{}, err
	}
	defer s.creating.Add(-1)
	return r.q, s.db.Settle(b)
}

// create makes r visible, or makes it what there is.
func (s *Store) create(n queueName, r *record) (*pebble.Batch, error) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	switch old, err := s.readRecord(n); {
	case err == nil:
		*r = *old
		return nil, fmt.Errorf("queue %s: %w", n.name, ErrQueueExists)
	case !errors.Is(err, ErrQueueNotFound):
		return nil, err
	}
	var err error
	if r.id, err = s.ids.Next(0); err != nil {
		return nil, err
	}
	b := s.db.NewBatch()
	if err := b.Set(queueKey(n.account, n.name), r.encode(), nil); err != nil {
		return nil, fmt.Errorf("queue %s: %w", n.name, err)
	}
	s.creating.Add(1)
	if err := s.db.Show(b); err != nil {
		s.creating.Add(-1)
		return nil, err
	}
	q := s.newQueue(r.id, n, totals{})
	q.marks.clear()
	q.account.queues.Add(1)
	s.keep(q)
	return b, nil
}

// created waits until the queues that others made are on disk: that there is one
// is not said before.
func (s *Store) created() error {
	if s.creating.Load() == 0 {
		return nil
	}
	b, err := s.barrier()
	if err != nil {
		return err
	}
	return s.db.Settle(b)
}

// barrier is a change of nothing: when it is on disk, so is all before it.
func (s *Store) barrier() (*pebble.Batch, error) {
	b := s.db.NewBatch()
	if err := b.LogData([]byte{version}, nil); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	return b, s.db.Show(b)
}

// Queue returns a queue's properties.
func (s *Store) Queue(ctx context.Context, account, name string) (Queue, error) {
	if err := ctx.Err(); err != nil {
		return Queue{}, err
	}
	r, err := s.readRecord(queueName{account, name})
	if err != nil {
		return Queue{}, err
	}
	return r.q, nil
}

// UpdateQueue changes a queue by fn, which must not call the store. Name and
// Created stay.
func (s *Store) UpdateQueue(ctx context.Context, account, name string, fn func(*Queue) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.space.Allow(0, disk.Adding); err != nil {
		return err
	}
	q, err := s.enterAlone(account, name)
	if err != nil {
		return err
	}
	b, err := func() (*pebble.Batch, error) {
		defer q.life.Unlock()
		r, err := s.readRecord(q.name)
		if err != nil {
			return nil, err
		}
		created := r.q.Created
		if err := fn(&r.q); err != nil {
			return nil, err
		}
		r.q.Created = created
		b := s.db.NewBatch()
		if err := b.Set(queueKey(account, name), r.encode(), nil); err != nil {
			return nil, fmt.Errorf("queue %s: %w", name, err)
		}
		return b, s.db.Show(b)
	}()
	if err != nil {
		return err
	}
	return s.db.Settle(b)
}

// DeleteQueue deletes a queue. All that belongs to it goes in the same batch, by
// ranges of keys.
func (s *Store) DeleteQueue(ctx context.Context, account, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.space.Allow(0, disk.Removing); err != nil {
		return err
	}
	b, err := s.remove(queueName{account, name})
	if err != nil {
		return err
	}
	return s.db.Settle(b)
}

func (s *Store) remove(n queueName) (*pebble.Batch, error) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	q, err := s.load(n)
	if err != nil {
		return nil, err
	}
	q.life.Lock()
	defer q.life.Unlock()
	b := s.db.NewBatch()
	total := totalsKey(q.id)
	err = errors.Join(
		b.Delete(queueKey(n.account, n.name), nil),
		b.Delete(total[:], nil),
		deleteMessages(b, q.id),
	)
	if err != nil {
		return nil, fmt.Errorf("queue %s: %w", n.name, err)
	}
	if err := s.db.Show(b); err != nil {
		return nil, err
	}
	q.gone = true
	delete(s.open.named, n)
	q.account.queues.Add(-1)
	q.add(-q.messages.Load(), -q.bytes.Load())
	return b, nil
}

func deleteMessages(b *pebble.Batch, qid uint64) error {
	for _, kind := range []byte{kindSlot, kindMessage} {
		lower, upper := bounds(kind, qid)
		if err := b.DeleteRange(lower, upper, nil); err != nil {
			return err
		}
	}
	return nil
}

// Clear deletes all messages of a queue, by ranges of keys.
func (s *Store) Clear(ctx context.Context, account, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.space.Allow(0, disk.Removing); err != nil {
		return err
	}
	q, err := s.enterAlone(account, name)
	if err != nil {
		return err
	}
	b, err := s.clear(q)
	q.life.Unlock()
	if err != nil {
		return err
	}
	return s.db.Settle(b)
}

func (s *Store) clear(q *queue) (*pebble.Batch, error) {
	if q.messages.Load() == 0 {
		return s.barrier() // others may have deleted them just now
	}
	b := s.db.NewBatch()
	total, none := totalsKey(q.id), totals{order: q.order.Load()}.encode()
	if err := errors.Join(b.Set(total[:], none[:], nil), deleteMessages(b, q.id)); err != nil {
		return nil, fmt.Errorf("queue %s: %w", q.name.name, err)
	}
	if err := s.db.Show(b); err != nil {
		return nil, err
	}
	q.add(-q.messages.Load(), -q.bytes.Load())
	q.marks.clear()
	return b, nil
}

// maxList is the page size when none is asked for, and the largest there is.
const maxList = 5000

// Queues lists the queues of an account whose names begin with prefix.
func (s *Store) Queues(ctx context.Context, account, prefix, marker string, limit int) (list []Queue, next string, err error) {
	if limit <= 0 || limit > maxList {
		limit = maxList
	}
	first := prefix
	if marker != "" {
		name, err := parseMarker(marker)
		if err != nil {
			return nil, "", err
		}
		first = max(first, name)
	}
	lower, upper := queueKey(account, first), disk.Successor(queueKey(account, prefix))
	if bytes.Compare(lower, upper) >= 0 {
		return nil, "", nil
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, "", fmt.Errorf("list queues: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("list queues: %w", closeErr)
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		n, err := splitQueueKey(it.Key())
		if err != nil {
			return nil, "", err
		}
		if len(list) == limit {
			return list, formatMarker(n.name), nil
		}
		r, err := decodeRecord(it.Value(), n.name)
		if err != nil {
			return nil, "", err
		}
		list = append(list, r.q)
	}
	return list, "", nil
}

// A marker is the first name of the next page, behind a version.
func formatMarker(name string) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{version}, name...))
}

func parseMarker(marker string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(marker)
	if err != nil || len(b) < 2 || b[0] != version {
		return "", ErrInvalidMarker
	}
	return string(b[1:]), nil
}

// Count is how many messages a queue has, with those that expired and are still
// there.
func (s *Store) Count(ctx context.Context, account, queue string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	q, err := s.enter(account, queue)
	if err != nil {
		return 0, err
	}
	defer q.life.RUnlock()
	return q.messages.Load(), nil
}

// Usage is what an account has. Bytes are those of the texts.
func (s *Store) Usage(ctx context.Context, account string) (Usage, error) {
	if err := ctx.Err(); err != nil {
		return Usage{}, err
	}
	s.open.mu.RLock()
	a := s.open.accounts[account]
	s.open.mu.RUnlock()
	if a == nil {
		return Usage{}, nil
	}
	return Usage{Queues: a.queues.Load(), Messages: a.messages.Load(), Bytes: a.bytes.Load()}, nil
}

// loadUsage sums up the queues at start.
func (s *Store) loadUsage() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindQueue}, UpperBound: []byte{kindQueue + 1}})
	if err != nil {
		return fmt.Errorf("read queues: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		n, err := splitQueueKey(it.Key())
		if err != nil {
			return err
		}
		r, err := decodeRecord(it.Value(), n.name)
		if err != nil {
			return err
		}
		t, err := s.readTotals(r.id)
		if err != nil {
			return err
		}
		a := s.open.account(n.account)
		a.queues.Add(1)
		a.messages.Add(t.messages)
		a.bytes.Add(t.bytes)
	}
	return it.Error()
}
