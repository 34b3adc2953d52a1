package queue_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"reslog/service/storage/queuestore"
)

// fakeStore is the contract of queuestore.API in memory, without any speed.
type fakeStore struct {
	mu     sync.Mutex
	queues map[string]*fakeQueue // by account/name
	serial uint64
	fail   error // of every call that writes
}

type fakeQueue struct {
	queuestore.Queue
	messages []*fakeMessage
}

type fakeMessage struct {
	queuestore.Message
	serial uint64
}

var _ queuestore.API = (*fakeStore)(nil)

func newFakeStore() *fakeStore { return &fakeStore{queues: map[string]*fakeQueue{}} }

func (s *fakeStore) set(fail error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// with calls fn with a queue.
func (s *fakeStore) with(ctx context.Context, account, name string, writes bool, fn func(*fakeQueue) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if writes && s.fail != nil {
		return fmt.Errorf("write: %w", s.fail)
	}
	q := s.queues[account+"/"+name]
	if q == nil {
		return fmt.Errorf("queue %s: %w", name, queuestore.ErrQueueNotFound)
	}
	return fn(q)
}

func (s *fakeStore) CreateQueue(_ context.Context, account string, q queuestore.Queue) (queuestore.Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.queues[account+"/"+q.Name]; old != nil {
		return old.Queue, queuestore.ErrQueueExists
	}
	s.queues[account+"/"+q.Name] = &fakeQueue{Queue: q}
	return q, s.fail
}

func (s *fakeStore) Queue(ctx context.Context, account, name string) (found queuestore.Queue, err error) {
	err = s.with(ctx, account, name, false, func(q *fakeQueue) error { found = q.Queue; return nil })
	return found, err
}

func (s *fakeStore) UpdateQueue(ctx context.Context, account, name string, fn func(*queuestore.Queue) error) error {
	return s.with(ctx, account, name, true, func(q *fakeQueue) error { return fn(&q.Queue) })
}

func (s *fakeStore) DeleteQueue(ctx context.Context, account, name string) error {
	return s.with(ctx, account, name, true, func(*fakeQueue) error { delete(s.queues, account+"/"+name); return nil })
}

func (s *fakeStore) Queues(_ context.Context, account, prefix, marker string, limit int) (list []queuestore.Queue, next string, err error) {
	if marker != "" && !strings.HasPrefix(marker, "at ") {
		return nil, "", queuestore.ErrInvalidMarker
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, q := range s.queues {
		if of, name, _ := strings.Cut(key, "/"); of == account && strings.HasPrefix(name, prefix) && "at "+name >= marker {
			list = append(list, q.Queue)
		}
	}
	slices.SortFunc(list, func(a, b queuestore.Queue) int { return strings.Compare(a.Name, b.Name) })
	if len(list) > limit {
		list, next = list[:limit], "at "+list[limit].Name
	}
	return list, next, nil
}

func (s *fakeStore) Count(ctx context.Context, account, queue string) (n int64, err error) {
	err = s.with(ctx, account, queue, false, func(q *fakeQueue) error { n = int64(len(q.messages)); return nil })
	return n, err
}

func (s *fakeStore) receipt() string {
	s.serial++
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, s.serial))
}

func (s *fakeStore) Put(ctx context.Context, account, queue, text string, now, visible, expires time.Time) (m queuestore.Message, err error) {
	err = s.with(ctx, account, queue, true, func(q *fakeQueue) error {
		m = queuestore.Message{Text: text, Inserted: now, Expires: expires, Visible: visible, Receipt: s.receipt()}
		m.ID = fmt.Sprintf("00000000-0000-4000-8000-%012x", s.serial)
		q.messages = append(q.messages, &fakeMessage{m, s.serial})
		return nil
	})
	return m, err
}

// visible are the messages that can be dequeued, in order, after those that have
// expired are gone.
func (q *fakeQueue) visible(now time.Time) []*fakeMessage {
	q.messages = slices.DeleteFunc(q.messages, func(m *fakeMessage) bool { return !now.Before(m.Expires) })
	var list []*fakeMessage
	for _, m := range q.messages {
		if !now.Before(m.Visible) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *fakeMessage) int {
		return cmp.Or(a.Visible.Compare(b.Visible), cmp.Compare(a.serial, b.serial))
	})
	return list
}

func (s *fakeStore) Get(ctx context.Context, account, queue string, n int, now, until time.Time) (list []queuestore.Message, err error) {
	err = s.with(ctx, account, queue, true, func(q *fakeQueue) error {
		found := q.visible(now)
		for _, m := range found[:min(n, len(found))] {
			m.Visible, m.Receipt = until, s.receipt()
			m.Dequeues++
			list = append(list, m.Message)
		}
		return nil
	})
	return list, err
}

func (s *fakeStore) Peek(ctx context.Context, account, queue string, n int, now time.Time) (list []queuestore.Message, err error) {
	err = s.with(ctx, account, queue, false, func(q *fakeQueue) error {
		found := q.visible(now)
		for _, m := range found[:min(n, len(found))] {
			seen := m.Message
			seen.Receipt = ""
			list = append(list, seen)
		}
		return nil
	})
	return list, err
}

// find returns the place of the message that the receipt is for.
func (q *fakeQueue) find(id, receipt string, now time.Time) (int, error) {
	i := slices.IndexFunc(q.messages, func(m *fakeMessage) bool { return m.ID == id && now.Before(m.Expires) })
	switch {
	case i < 0:
		return 0, queuestore.ErrMessageNotFound
	case q.messages[i].Receipt != receipt:
		return 0, queuestore.ErrReceiptMismatch
	}
	return i, nil
}

func (s *fakeStore) Update(ctx context.Context, account, queue, id, receipt string, text *string, now, until time.Time) (m queuestore.Message, err error) {
	err = s.with(ctx, account, queue, true, func(q *fakeQueue) error {
		i, err := q.find(id, receipt, now)
		if err != nil {
			return err
		}
		one := q.messages[i]
		one.Visible, one.Receipt = until, s.receipt()
		if text != nil {
			one.Text = *text
		}
		m = one.Message
		return nil
	})
	return m, err
}

func (s *fakeStore) Delete(ctx context.Context, account, queue, id, receipt string, now time.Time) error {
	return s.with(ctx, account, queue, true, func(q *fakeQueue) error {
		i, err := q.find(id, receipt, now)
		if err == nil {
			q.messages = slices.Delete(q.messages, i, i+1)
		}
		return err
	})
}

func (s *fakeStore) Clear(ctx context.Context, account, queue string) error {
	return s.with(ctx, account, queue, true, func(q *fakeQueue) error { q.messages = nil; return nil })
}

func (s *fakeStore) Usage(context.Context, string) (queuestore.Usage, error) {
	return queuestore.Usage{}, nil
}

func (s *fakeStore) Close() error { return nil }
