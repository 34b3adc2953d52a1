package queuestore

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"reslog/service/storage/disk"
)

type queueName struct{ account, name string }

// queues are the queues in use, and the sums of all accounts.
type queues struct {
	mu       sync.RWMutex // held to make a queue, to delete one, to take one in
	named    map[queueName]*queue
	accounts map[string]*account
	max      int // of named
}

// maxOpen bounds the queues held in memory.
const maxOpen = 1 << 16

// account is what an account has.
type account struct{ queues, messages, bytes atomic.Int64 }

// queue is a queue in use. It has nothing for each message.
type queue struct {
	id      uint64
	name    queueName
	account *account

	// life is read-locked from a look at gone until what is done is visible, and
	// locked to change, clear or delete the queue. Nobody waits for the disk with it.
	life sync.RWMutex
	gone bool

	// take is held from choosing a slot until its move is visible, so that nobody
	// else chooses it. Putting needs no such lock.
	take sync.Mutex

	messages, bytes atomic.Int64
	// order is the latest place of a message that was visible when it came there:
	// messages keep their order when the clock is set back.
	order atomic.Uint64

	marks marks
	rest  atomic.Int64 // not to be swept before, in Unix ns
}

// enter finds a queue and read-locks its life.
func (s *Store) enter(account, name string) (*queue, error) {
	for {
		q, err := s.find(queueName{account, name})
		if err != nil {
			return nil, err
		}
		q.life.RLock()
		if !q.gone {
			return q, nil
		}
		q.life.RUnlock()
	}
}

// enterAlone is enter with the lock for one.
func (s *Store) enterAlone(account, name string) (*queue, error) {
	for {
		q, err := s.find(queueName{account, name})
		if err != nil {
			return nil, err
		}
		q.life.Lock()
		if !q.gone {
			return q, nil
		}
		q.life.Unlock()
	}
}

func (s *Store) find(n queueName) (*queue, error) {
	s.open.mu.RLock()
	q := s.open.named[n]
	s.open.mu.RUnlock()
	if q != nil {
		return q, nil
	}
	if _, err := s.readRecord(n); err != nil {
		return nil, err // the many that are not there disturb nobody
	}
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	return s.load(n)
}

// load takes a queue in; open.mu is held.
func (s *Store) load(n queueName) (*queue, error) {
	if q := s.open.named[n]; q != nil {
		return q, nil
	}
	r, err := s.readRecord(n)
	if err != nil {
		return nil, err
	}
	t, err := s.readTotals(r.id)
	if err != nil {
		return nil, err
	}
	q := s.newQueue(r.id, n, t)
	s.keep(q)
	return q, nil
}

func (s *Store) newQueue(id uint64, n queueName, t totals) *queue {
	q := &queue{id: id, name: n, account: s.open.account(n.account)}
	q.messages.Store(t.messages)
	q.bytes.Store(t.bytes)
	q.order.Store(t.order)
	return q
}

// keep puts a queue among those in use, and another out when there are too
// many; open.mu is held.
func (s *Store) keep(q *queue) {
	for n, old := range s.open.named {
		if len(s.open.named) < s.open.max {
			break
		}
		old.life.Lock()
		old.gone = true
		old.life.Unlock()
		delete(s.open.named, n)
	}
	s.open.named[q.name] = q
}

// account is an account's sums; mu is held.
func (o *queues) account(name string) *account {
	a := o.accounts[name]
	if a == nil {
		a = new(account)
		o.accounts[name] = a
	}
	return a
}

func (s *Store) readRecord(n queueName) (r *record, err error) {
	err = disk.Get(s.db, queueKey(n.account, n.name), func(v []byte) error {
		if v == nil {
			return fmt.Errorf("queue %s: %w", n.name, ErrQueueNotFound)
		}
		r, err = decodeRecord(v, n.name)
		return err
	})
	return r, err
}

func (s *Store) readTotals(qid uint64) (t totals, err error) {
	k := totalsKey(qid)
	err = disk.Get(s.db, k[:], func(v []byte) error {
		if v != nil {
			t, err = decodeTotals(v)
		}
		return err
	})
	return t, err
}

// add counts messages and bytes that came, or went.
func (q *queue) add(messages, bytes int64) {
	q.messages.Add(messages)
	q.bytes.Add(bytes)
	q.account.messages.Add(messages)
	q.account.bytes.Add(bytes)
}

// placeFor returns when a message that is to be visible from a time on is so in
// the order of the queue, and whether it is already.
func (q *queue) placeFor(now, visible time.Time) (at uint64, ready bool) {
	n, v := disk.Ticks(now), disk.Ticks(visible)
	if v > n {
		return v, false
	}
	return q.advance(n), true
}

// advance moves order up to at least n and returns what it is.
func (q *queue) advance(n uint64) uint64 {
	for {
		last := q.order.Load()
		if n <= last {
			return last
		}
		if q.order.CompareAndSwap(last, n) {
			return n
		}
	}
}
