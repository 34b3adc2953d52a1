package queuestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// maxGet bounds the messages of one Get or Peek.
const maxGet = 1000

// lookStep is after how many slots a look that has a message is content, and one
// that has none asks whether it is still wanted. Not less than maxGet.
const lookStep = 1024

// found is a slot and where it was found.
type found struct {
	at place
	slot
}

// Get dequeues messages. Should it fail after it hid them they come back when
// their time is over.
func (s *Store) Get(ctx context.Context, account, queue string, n int, now, until time.Time) ([]Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.space.Allow(0, disk.Moving); err != nil {
		return nil, err
	}
	q, err := s.enter(account, queue)
	if err != nil {
		return nil, err
	}
	list, b, err := s.dequeue(ctx, q, n, now, until)
	q.life.RUnlock()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	// Nobody else has these messages now, so their texts are read while the disk
	// works.
	messages, readErr := s.read(q, list, true)
	if err := errors.Join(readErr, s.db.Settle(b)); err != nil {
		return nil, err
	}
	return messages, nil
}

// dequeue chooses messages and moves their slots to where they come back; life
// is read-locked. It returns the slots as they are then.
func (s *Store) dequeue(ctx context.Context, q *queue, n int, now, until time.Time) ([]found, *pebble.Batch, error) {
	q.take.Lock()
	defer q.take.Unlock()
	list, low, err := s.look(ctx, q, n, disk.Ticks(now))
	if err != nil || len(list) == 0 {
		q.marks.endLow(low)
		return nil, nil, err
	}
	b := s.db.NewBatch()
	for i := range list {
		list[i].dequeues++
		if err := s.move(b, q, &list[i], now, until, totals{}); err != nil {
			return nil, nil, fmt.Errorf("dequeue: %w", err)
		}
	}
	if err := s.db.Show(b); err != nil {
		return nil, nil, err
	}
	q.marks.endLow(low)
	for i := range list {
		q.marks.came(list[i].at, list[i].expires)
	}
	return list, b, nil
}

// move gives a slot a new place and a new nonce, and adds to the queue's totals.
// take is held.
func (s *Store) move(b *pebble.Batch, q *queue, f *found, now, until time.Time, t totals) error {
	if err := dropSlot(b, q.id, f.at); err != nil {
		return err
	}
	at, ready := q.placeFor(now, until)
	if at == f.at.time { // a slot is never set twice at one place
		at++
	}
	if ready {
		t.order = q.advance(at)
	}
	f.at.time, f.ready = at, ready
	rand.Read(f.nonce[:]) // never fails
	if t != (totals{}) {
		if err := addTotals(b, q.id, t); err != nil {
			return err
		}
	}
	return setSlot(b, q.id, f.at, &f.slot)
}

// look finds the first messages that can be seen; take is held. It returns too
// the place below which there is none but those.
func (s *Store) look(ctx context.Context, q *queue, n int, now uint64) (list []found, low place, err error) {
	low = q.marks.beginLow()
	// Messages that were visible before the clock was set back still are.
	last := max(now, q.order.Load())
	if n = min(n, maxGet); n <= 0 || low.time > last {
		return nil, low, nil
	}
	lower, upper := slotKey(q.id, low), slotKey(q.id, place{last + 1, 0})
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower[:], UpperBound: upper[:]})
	if err != nil {
		return nil, low, fmt.Errorf("look for messages: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			list, err = nil, fmt.Errorf("look for messages: %w", closeErr)
		}
	}()
	start, hidden := low, nowhere
	for ok, looked := it.First(), 1; ok; ok, looked = it.Next(), looked+1 {
		f, err := decodeFound(it)
		if err != nil {
			return nil, start, err
		}
		switch {
		case f.expires <= now:
		case !f.ready && f.at.time > now:
			hidden = earlier(f.at, hidden)
		default:
			list = append(list, f)
			if len(list) == n {
				return list, earlier(f.at.next(), hidden), nil
			}
		}
		if looked%lookStep > 0 {
			continue
		}
		if len(list) > 0 {
			return list, earlier(f.at.next(), hidden), nil
		}
		if ctx.Err() != nil {
			return nil, earlier(f.at, hidden), ctx.Err()
		}
	}
	if it.Error() != nil {
		return nil, start, nil // which closing it says too
	}
	return list, earlier(place{last + 1, 0}, hidden), nil
}

func earlier(p, q place) place {
	if p.less(q) {
		return p
	}
	return q
}

func decodeFound(it *pebble.Iterator) (f found, err error) {
	if f.at, err = placeOf(it.Key()); err != nil {
		return found{}, err
	}
	v, err := it.ValueAndErr()
	if err != nil {
		return found{}, fmt.Errorf("read slot: %w", err)
	}
	f.slot, err = decodeSlot(v)
	return f, err
}

// read makes messages of slots. Those that were deleted or changed since the
// slots were read are left out.
func (s *Store) read(q *queue, list []found, receipts bool) ([]Message, error) {
	messages := make([]Message, 0, len(list))
	for i := range list {
		f := &list[i]
		m, err := s.readBody(q.id, f.at.seq)
		if err != nil {
			return nil, err
		}
		if m == nil || m.revision != f.revision {
			continue
		}
		messages = append(messages, s.message(q, f, m, receipts))
	}
	return messages, nil
}

func (s *Store) message(q *queue, f *found, m *body, receipt bool) Message {
	msg := Message{
		ID:       s.seal.id(q.id, f.at.seq),
		Text:     m.text,
		Inserted: disk.Time(m.inserted),
		Expires:  disk.Time(m.expires),
		Visible:  disk.Time(f.at.time),
		Dequeues: int(min(f.dequeues, math.MaxInt)),
	}
	if receipt {
		msg.Receipt = formatReceipt(f.at.time, f.nonce)
	}
	return msg
}

// readBody returns nil when there is none.
func (s *Store) readBody(qid, seq uint64) (m *body, err error) {
	k := messageKey(qid, seq)
	err = disk.Get(s.db, k[:], func(v []byte) error {
		if v != nil {
			m, err = decodeBody(v)
		}
		return err
	})
	return m, err
}

// Peek shows messages.
func (s *Store) Peek(ctx context.Context, account, queue string, n int, now time.Time) ([]Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q, err := s.enter(account, queue)
	if err != nil {
		return nil, err
	}
	defer q.life.RUnlock()
	q.take.Lock()
	list, low, err := s.look(ctx, q, n, disk.Ticks(now))
	if len(list) > 0 {
		low = earlier(low, list[0].at)
	}
	q.marks.endLow(low)
	q.take.Unlock()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return s.read(q, list, false)
}
