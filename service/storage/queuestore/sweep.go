package queuestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// The sweep gives back the space of messages that have expired. It looks at all
// slots of a queue in which one may have expired, a step at a time.
const (
	// sweepLook is how many slots are looked at in a step, and sweepDrop how many
	// messages are deleted.
	sweepLook = 2000
	sweepDrop = 200
	// sweepPause is the time between two steps.
	sweepPause = 5 * time.Millisecond
	// sweepRest is the time until a queue is looked at again, for each slot that
	// there was: a hundred times what it took.
	sweepRest = 100 * time.Microsecond
)

func (s *Store) sweepLoop(ctx context.Context) {
	t := time.NewTicker(s.c.SweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("cannot delete expired messages, will try again", "error", err)
		}
	}
}

// sweep looks once at every queue. One that cannot be swept does not keep the
// others from it; the first error is returned.
func (s *Store) sweep(ctx context.Context) error {
	from := []byte{kindQueue}
	var failed error
	for from != nil {
		page, next, err := s.sweepPage(from)
		if err != nil {
			return err
		}
		for _, n := range page {
			err := s.sweepQueue(ctx, n)
			if err := ctx.Err(); err != nil {
				return err
			}
			if err != nil && failed == nil {
				failed = fmt.Errorf("sweep queue %s: %w", n.name, err)
			}
		}
		from = next
	}
	return failed
}

// sweepPage returns those of the next queues that have messages, and where to
// go on, nil at the end.
func (s *Store) sweepPage(from []byte) (page []queueName, next []byte, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: []byte{kindQueue + 1}})
	if err != nil {
		return nil, nil, fmt.Errorf("read queues: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read queues: %w", closeErr)
		}
	}()
	looked := 0
	for ok := it.First(); ok; ok = it.Next() {
		if looked++; looked > sweepLook {
			return page, bytes.Clone(it.Key()), nil
		}
		n, err := splitQueueKey(it.Key())
		if err != nil {
			return nil, nil, err
		}
		r, err := decodeRecord(it.Value(), n.name)
		if err != nil {
			return nil, nil, err
		}
		if empty, err := s.empty(n, r.id); err != nil {
			return nil, nil, err
		} else if !empty {
			page = append(page, n)
		}
	}
	return page, nil, nil
}

// empty reports whether a queue has no messages, without taking it in.
func (s *Store) empty(n queueName, id uint64) (bool, error) {
	s.open.mu.RLock()
	q := s.open.named[n]
	s.open.mu.RUnlock()
	if q != nil {
		return q.messages.Load() == 0, nil
	}
	t, err := s.readTotals(id)
	return t.messages == 0, err
}

// sweepQueue looks at all slots of a queue, if it is time.
func (s *Store) sweepQueue(ctx context.Context, n queueName) error {
	w := sweeper{s: s, name: n, expiry: never}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := w.step()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(sweepPause):
		}
	}
}

// sweeper is a walk over the slots of a queue. Slots move while it goes on: what
// comes behind it is noted in the queue's marks.
type sweeper struct {
	s      *Store
	name   queueName
	id     uint64 // of the queue; 0 before the first step
	from   place
	expiry uint64 // the earliest of what is not deleted
	looked int
}

func (w *sweeper) step() (done bool, err error) {
	q, err := w.s.enter(w.name.account, w.name.name)
	if errors.Is(err, ErrQueueNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer q.life.RUnlock()
	now := w.s.now()
	if w.id == 0 {
		if !q.marks.due(disk.Ticks(now)) || now.UnixNano() < q.rest.Load() {
			return true, nil
		}
		w.id = q.id
		q.marks.beginExpiry()
	}
	if q.id != w.id { // another queue of that name
		return true, nil
	}
	expired, done, err := w.walk(q, disk.Ticks(now))
	if err != nil {
		return false, err
	}
	if err := w.s.dropExpired(q, expired); err != nil {
		return false, err
	}
	if done {
		q.marks.endExpiry(w.expiry)
		q.rest.Store(now.Add(time.Duration(w.looked) * sweepRest).UnixNano())
	}
	return done, nil
}

// walk looks at the next slots and returns where those lie that have expired.
func (w *sweeper) walk(q *queue, now uint64) (expired []place, done bool, err error) {
	lower := slotKey(q.id, w.from)
	_, upper := bounds(kindSlot, q.id)
	it, err := w.s.db.NewIter(&pebble.IterOptions{LowerBound: lower[:], UpperBound: upper})
	if err != nil {
		return nil, false, fmt.Errorf("look for expired messages: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("look for expired messages: %w", closeErr)
		}
	}()
	looked := 0
	for ok := it.First(); ok; ok = it.Next() {
		f, err := decodeFound(it)
		if err != nil {
			return nil, false, err
		}
		if looked == sweepLook || len(expired) == sweepDrop {
			w.from = f.at
			return expired, false, nil
		}
		looked++
		w.looked++
		if f.expires <= now {
			expired = append(expired, f.at)
		} else {
			w.expiry = min(w.expiry, f.expires)
		}
	}
	return expired, true, nil
}

// dropExpired deletes messages, unless they moved since they were seen: then
// they are met again. Nobody waits for it, so it does not wait for the disk. life
// is read-locked.
func (s *Store) dropExpired(q *queue, list []place) error {
	if len(list) == 0 {
		return nil
	}
	if err := s.space.Allow(0, disk.Removing); err != nil {
		return err
	}
	q.take.Lock()
	defer q.take.Unlock()
	b := s.db.NewBatch()
	var n, size int64
	for _, at := range list {
		f, err := s.readSlot(q.id, at)
		if err != nil {
			return errors.Join(err, b.Close())
		}
		if f == nil {
			continue
		}
		if err := drop(b, q.id, f); err != nil {
			return fmt.Errorf("delete expired message: %w", errors.Join(err, b.Close()))
		}
		n++
		size += int64(f.size)
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return disk.Full(fmt.Errorf("write: %w", err))
	}
	q.add(-n, -size)
	return b.Close()
}
