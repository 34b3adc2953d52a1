package queuestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// Update moves a message to where it is visible again. What empties a queue
// may begin with it, so without a text it goes on when the disk is nearly full.
func (s *Store) Update(ctx context.Context, account, queue, id, receipt string, text *string, now, until time.Time) (Message, error) {
	if err := ctx.Err(); err != nil {
		return Message{}, err
	}
	size, urgency := 0, disk.Moving
	if text != nil {
		size, urgency = len(*text), disk.Adding
	}
	if err := s.space.Allow(size, urgency); err != nil {
		return Message{}, err
	}
	q, err := s.enter(account, queue)
	if err != nil {
		return Message{}, err
	}
	f, m, b, err := s.update(q, id, receipt, text, now, until)
	q.life.RUnlock()
	if err != nil {
		return Message{}, err
	}
	if err := s.db.Settle(b); err != nil {
		return Message{}, err
	}
	return s.message(q, &f, m, true), nil
}

func (s *Store) update(q *queue, id, receipt string, text *string, now, until time.Time) (f found, m *body, b *pebble.Batch, err error) {
	q.take.Lock()
	defer q.take.Unlock()
	if f, err = s.claim(q, id, receipt, now); err != nil {
		return f, nil, nil, err
	}
	if m, err = s.readBody(q.id, f.at.seq); err != nil {
		return f, nil, nil, err
	}
	if m == nil {
		return f, nil, nil, fmt.Errorf("text of message: %w", disk.ErrDamaged)
	}
	var t totals
	b = s.db.NewBatchWithSize(putOverhead)
	if text != nil {
		t.bytes = int64(len(*text)) - int64(f.size)
		f.revision++
		f.size = uint64(len(*text))
		m.revision, m.text = f.revision, *text
		err = setBody(b, q.id, f.at.seq, m)
	}
	if err := errors.Join(err, s.move(b, q, &f, now, until, t)); err != nil {
		return f, nil, nil, fmt.Errorf("update message: %w", err)
	}
	if err := s.db.Show(b); err != nil {
		return f, nil, nil, err
	}
	q.marks.came(f.at, f.expires)
	q.add(0, t.bytes)
	return f, m, b, nil
}

// Delete deletes a message.
func (s *Store) Delete(ctx context.Context, account, queue, id, receipt string, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.space.Allow(0, disk.Removing); err != nil {
		return err
	}
	q, err := s.enter(account, queue)
	if err != nil {
		return err
	}
	b, err := s.delete(q, id, receipt, now)
	q.life.RUnlock()
	if err != nil {
		return err
	}
	return s.db.Settle(b)
}

func (s *Store) delete(q *queue, id, receipt string, now time.Time) (*pebble.Batch, error) {
	q.take.Lock()
	defer q.take.Unlock()
	f, err := s.claim(q, id, receipt, now)
	if err != nil {
		return nil, err
	}
	b := s.db.NewBatch()
	if err := drop(b, q.id, &f); err != nil {
		return nil, fmt.Errorf("delete message: %w", err)
	}
	if err := s.db.Show(b); err != nil {
		return nil, err
	}
	q.add(-1, -int64(f.size))
	return b, nil
}

// drop deletes a message.
func drop(b *pebble.Batch, qid uint64, f *found) error {
	return errors.Join(
		dropSlot(b, qid, f.at),
		dropBody(b, qid, f.at.seq, &f.slot),
		addTotals(b, qid, totals{messages: -1, bytes: -int64(f.size)}),
	)
}

// claim finds the slot that a receipt is of; take is held. It looks at two keys
// at most, whatever id and receipt are.
func (s *Store) claim(q *queue, id, receipt string, now time.Time) (found, error) {
	seq, ok := s.seal.seq(q.id, id)
	if !ok {
		return found{}, fmt.Errorf("message %.40q: %w", id, ErrMessageNotFound)
	}
	time, nonce, ok := parseReceipt(receipt)
	if ok {
		f, err := s.readSlot(q.id, place{time, seq})
		switch {
		case err != nil:
			return found{}, err
		case f == nil || f.nonce != nonce:
		case f.expires <= disk.Ticks(now):
			return found{}, fmt.Errorf("message %s has expired: %w", id, ErrMessageNotFound)
		default:
			return *f, nil
		}
	}
	m, err := s.readBody(q.id, seq)
	switch {
	case err != nil:
		return found{}, err
	case m == nil || m.expires <= disk.Ticks(now):
		return found{}, fmt.Errorf("message %s: %w", id, ErrMessageNotFound)
	}
	return found{}, fmt.Errorf("message %s: %w", id, ErrReceiptMismatch)
}

// readSlot returns nil when there is none.
func (s *Store) readSlot(qid uint64, at place) (f *found, err error) {
	k := slotKey(qid, at)
	err = disk.Get(s.db, k[:], func(v []byte) error {
		if v == nil {
			return nil
		}
		f = &found{at: at}
		f.slot, err = decodeSlot(v)
		return err
	})
	return f, err
}
