package bus

import (
	"sync"

	"reslog/record"
)

// intents knows the operations that have begun and not ended, by ID, with the
// message that holds each intent.
type intents struct {
	mu    sync.Mutex
	open  map[string]*intent
	queue []*intent // by seq; those settled are dropped when they reach the front
	bytes int64
}

type intent struct {
	rec     record.Record
	seq     uint64 // message that holds it
	at      uint64 // bytes published before that message, in this process
	settled bool
}

func newIntents() *intents { return &intents{open: make(map[string]*intent)} }

// add notes an intent that is on disk in message seq. A second one with the same
// ID replaces the first.
func (t *intents) add(rec record.Record, seq, at uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(rec.ID)
	in := &intent{rec: rec, seq: seq, at: at}
	t.open[rec.ID] = in
	t.queue = append(t.queue, in)
	t.bytes += sizeOf(&rec)
}

// settle notes that the operation is over and its end is on disk.
func (t *intents) settle(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(id)
}

func (t *intents) remove(id string) {
	in, ok := t.open[id]
	if !ok {
		return
	}
	in.settled = true
	delete(t.open, id)
	t.bytes -= sizeOf(&in.rec)
	in.rec = record.Record{}
	n := 0
	for n < len(t.queue) && t.queue[n].settled {
		t.queue[n] = nil
		n++
	}
	t.queue = t.queue[n:]
}

func (t *intents) has(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.open[id]
	return ok
}

// floor returns the lowest message that holds an open intent, or next when none
// is open.
func (t *intents) floor(next uint64) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return next
	}
	return t.queue[0].seq
}

// before returns the records of open intents whose messages came before the
// given count of published bytes.
func (t *intents) before(at uint64) []record.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	var recs []record.Record
	for _, in := range t.queue {
		if in.settled {
			continue
		}
		if in.at >= at {
			break
		}
		recs = append(recs, in.rec)
	}
	return recs
}

// all returns the records of all open intents, oldest first.
func (t *intents) all() []record.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	var recs []record.Record
	for _, in := range t.queue {
		if !in.settled {
			recs = append(recs, in.rec)
		}
	}
	return recs
}

func (t *intents) size() (n int, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open), t.bytes
}
