package queuestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// Put adds a message. Its receipt is good until it is dequeued.
func (s *Store) Put(ctx context.Context, account, queue, text string, now, visible, expires time.Time) (Message, error) {
	if err := ctx.Err(); err != nil {
		return Message{}, err
	}
	if err := s.space.Allow(len(text), disk.Adding); err != nil {
		return Message{}, err
	}
	q, err := s.enter(account, queue)
	if err != nil {
		return Message{}, err
	}
	m := body{inserted: disk.Ticks(now), expires: disk.Ticks(expires), text: text}
	sl := slot{expires: m.expires, size: uint64(len(text))}
	rand.Read(sl.nonce[:]) // never fails
	at, b, err := s.put(q, &m, &sl, now, visible)
	q.life.RUnlock()
	if err != nil {
		return Message{}, err
	}
	if err := s.db.Settle(b); err != nil {
		return Message{}, err
	}
	return Message{
		ID:       s.seal.id(q.id, at.seq),
		Text:     text,
		Inserted: disk.Time(m.inserted),
		Expires:  disk.Time(m.expires),
		Visible:  disk.Time(disk.Ticks(visible)),
		Receipt:  formatReceipt(at.time, sl.nonce),
	}, nil
}

// put makes a message visible; life is read-locked.
func (s *Store) put(q *queue, m *body, sl *slot, now, visible time.Time) (at place, b *pebble.Batch, err error) {
	if at.seq, err = s.ids.Next(0); err != nil {
		return at, nil, err
	}
	t := totals{messages: 1, bytes: int64(len(m.text))}
	if at.time, sl.ready = q.placeFor(now, visible); sl.ready {
		t.order = at.time
	}
	b = s.db.NewBatchWithSize(len(m.text) + putOverhead)
	err = errors.Join(
		setSlot(b, q.id, at, sl),
		setBody(b, q.id, at.seq, m),
		addTotals(b, q.id, t),
	)
	if err != nil {
		return at, nil, fmt.Errorf("put message: %w", err)
	}
	if err := s.db.Show(b); err != nil {
		return at, nil, err
	}
	q.marks.came(at, sl.expires)
	q.add(1, t.bytes)
	return at, b, nil
}

// putOverhead is more than what a batch that adds a message has beside its text.
const putOverhead = 256

func setSlot(b *pebble.Batch, qid uint64, at place, sl *slot) error {
	k := slotKey(qid, at)
	var v [maxSlot]byte
	return b.Set(k[:], appendSlot(v[:0], sl), nil)
}

// dropSlot deletes a slot. A slot is set once at a place before it is deleted
// there, so that the two can vanish together, before they get to disk even.
func dropSlot(b *pebble.Batch, qid uint64, at place) error {
	k := slotKey(qid, at)
	return b.SingleDelete(k[:], nil)
}

func setBody(b *pebble.Batch, qid, seq uint64, m *body) error {
	k := messageKey(qid, seq)
	var head [maxBodyHead]byte
	h := appendBodyHead(head[:0], m)
	op := b.SetDeferred(len(k), len(h)+len(m.text))
	copy(op.Key, k[:])
	copy(op.Value[copy(op.Value, h):], m.text)
	return op.Finish()
}

// dropBody deletes what setBody wrote: once, or again with a new text.
func dropBody(b *pebble.Batch, qid, seq uint64, sl *slot) error {
	k := messageKey(qid, seq)
	if sl.revision == 0 {
		return b.SingleDelete(k[:], nil)
	}
	return b.Delete(k[:], nil)
}

func addTotals(b *pebble.Batch, qid uint64, t totals) error {
	k, v := totalsKey(qid), t.encode()
	return b.Merge(k[:], v[:], nil)
}
