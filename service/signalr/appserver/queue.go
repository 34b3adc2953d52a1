package appserver

import (
	"sync"

	"reslog/service/signalr/serviceprotocol"
)

// keep is how large a buffer may be that is not given back.
const keep = 256 << 10

// queue is what a server has not been sent yet.
type queue struct {
	// soft is how many bytes there may be before clients wait, hard how many at all.
	soft, hard int
	// wake is told when there is something to do for the writer, who is one.
	wake chan struct{}

	mu      sync.Mutex
	buf     []byte
	writing int  // bytes that were taken and are not written
	last    bool // nothing is put any more, what is there is still written
	closed  bool
	room    chan struct{} // somebody waits for room
}

func newQueue(soft int) *queue {
	return &queue{soft: soft, hard: 16 * soft, wake: make(chan struct{}, 1)}
}

// put appends a message, without waiting. full says that there is no room for it.
func (q *queue) put(m serviceprotocol.Message) (full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last || q.closed {
		return false
	}
	if len(q.buf)+q.writing >= q.hard {
		return true
	}
	q.append(m)
	return false
}

// putWaiting appends a message once there is room. It reports false if the queue is
// closed, or gone is, before that.
func (q *queue) putWaiting(m serviceprotocol.Message, gone <-chan struct{}) bool {
	for {
		q.mu.Lock()
		if q.last || q.closed {
			q.mu.Unlock()
			return false
		}
		if len(q.buf)+q.writing < q.soft {
			q.append(m)
			q.mu.Unlock()
			return true
		}
		if q.room == nil {
			q.room = make(chan struct{})
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-gone:
			return false
		}
	}
}

func (q *queue) append(m serviceprotocol.Message) {
	q.buf = m.Append(q.buf)
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns what there is to be written, in exchange for the buffer of the last time.
// last says that there will be no more.
func (q *queue) take(used []byte) (b []byte, last bool) {
	if cap(used) > keep {
		used = nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	b, q.buf = q.buf, used[:0]
	q.writing = len(b)
	return b, q.last
}

// written says that what was taken has been written.
func (q *queue) written() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing = 0
	q.release()
}

// finish lets what is there be written, and nothing more be put.
func (q *queue) finish() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = true
	q.release()
	q.signal()
}

// close drops what is there.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.buf = true, nil
	q.release()
}

func (q *queue) release() {
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}
