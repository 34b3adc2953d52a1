package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// writer is the one goroutine that publishes. It cuts the queue, packs entries
// into frames and keeps at most inFlight messages unacknowledged; audit mode has
// one, so that what arrives during its sync becomes the next.
//
// Each message names the sequence it expects to follow. So a message that
// failed cannot be overtaken by the one behind it, and one whose answer was
// lost is found by its sequence instead of being published twice.
type writer struct {
	cfg     Config
	host    *host
	q       *queue
	intents *intents
	pos     *progress
	stats   *counters

	inFlight int
	epoch    uint64
	seq      uint64 // of the next message
	number   uint64 // records before the next message
	bytes    uint64 // published by this process

	enc     encoder
	cut     cut
	retry   [][]entry // to publish before what the cut holds
	flights []*flight
	streak  int       // failures since a message last reached the disk
	dropped uint64    // highest order of the entries that were let go of
	chunks  [][]entry // emptied, to use again
	buffers [][]byte  // of acknowledged messages

	urgent chan struct{}                // somebody waits: do not gather
	fault  atomic.Pointer[publishError] // why publishing fails just now
	broken atomic.Pointer[publishError] // a store of the server needs to be opened again
	abort  context.Context              // ends when Close gives up
	done   chan struct{}
}

// flight is a message that is not acknowledged yet.
type flight struct {
	entries []entry
	data    []byte
	seq     uint64
	before  uint64
	records int
	sent    time.Time
	ack     jetstream.PubAckFuture // nil when it could not be sent
	err     error
}

type publishError struct{ err error }

// ackTimeout is how long a message may take to be synced before its fate is
// asked for.
const ackTimeout = 30 * time.Second

// faultInterval is how often the store is asked while an answer is missing.
const faultInterval = 100 * time.Millisecond

func (w *writer) run() {
	defer close(w.done)
	for w.wait() {
		w.drain()
	}
}

// wait returns true when there is something to publish, and in buffered mode
// the first of it has waited BatchDelay for company; false when the queue is
// closed and everything is done.
func (w *writer) wait() bool {
	for {
		if err := w.broken.Swap(nil); err != nil && len(w.flights) == 0 {
			w.recover(err.err)
		}
		if len(w.retry) > 0 {
			return true
		}
		if !w.q.empty() {
			w.gather()
			return true
		}
		if len(w.flights) > 0 {
			w.reap()
			continue
		}
		if w.q.isClosed() {
			return !w.q.empty()
		}
		w.q.idle.Store(true)
		if !w.q.empty() || w.q.isClosed() || w.broken.Load() != nil {
			w.q.idle.Store(false)
			continue
		}
		<-w.q.wake
		w.q.idle.Store(false)
	}
}

// Under load a message costs more than what is in it: then records wait longer
// for company.
const (
	busyFactor = 4                // times BatchDelay
	busyBytes  = frameTarget / 32 // what has gathered in one BatchDelay then
)

// gather waits for a frame's worth of entries or for BatchDelay, busyFactor
// times as long when much is coming, and takes acknowledgements meanwhile.
func (w *writer) gather() {
	if w.cfg.Durability == Audit || w.q.isClosed() {
		return
	}
	timer := time.NewTimer(w.cfg.BatchDelay)
	defer timer.Stop()
	extended := false
	for w.q.ready.Load() < frameTarget {
		var ok <-chan *jetstream.PubAck
		var failed <-chan error
		if len(w.flights) > 0 {
			ok, failed = w.flights[0].ack.Ok(), w.flights[0].ack.Err()
		}
		select {
		case <-timer.C:
			if extended || w.q.ready.Load() < busyBytes {
				return
			}
			extended = true
			timer.Reset((busyFactor - 1) * w.cfg.BatchDelay)
		case <-w.urgent:
			return
		case <-w.q.full: // or closed; an old signal only ends the wait early
			return
		case <-ok:
			w.land(nil)
		case err := <-failed:
			w.land(err)
			return
		}
	}
}

// drain publishes until nothing worth a message is left.
func (w *writer) drain() {
	for first := true; ; first = false {
		if len(w.flights) >= w.inFlight {
			w.reap()
			continue
		}
		if len(w.retry) == 0 && w.cut.left == 0 {
			w.q.recycle(&w.cut)
			if w.q.empty() {
				return
			}
			if !first && w.cfg.Durability == Buffered && w.q.ready.Load() < frameTarget && !w.q.isClosed() {
				return
			}
			w.q.cut(&w.cut)
		}
		w.carry()
		if chunk := w.next(); len(chunk) > 0 {
			w.publish(chunk)
		}
	}
}

// next returns the entries of the next message.
func (w *writer) next() []entry {
	if len(w.retry) > 0 {
		chunk := w.retry[0]
		w.retry = w.retry[1:]
		return chunk
	}
	var chunk []entry
	if n := len(w.chunks); n > 0 {
		chunk, w.chunks = w.chunks[n-1], w.chunks[:n-1]
	}
	return w.cut.take(chunk)
}

// carry publishes again the intents that have been open for so long that the
// stream's limits would soon reach them. In audit mode nothing is in flight
// here, so an intent that is open now is settled only by what comes after.
func (w *writer) carry() {
	limit := uint64(w.cfg.MaxBytes / 4)
	if w.cfg.Durability != Audit || w.bytes < limit {
		return
	}
	recs := w.intents.before(w.bytes - limit)
	if len(recs) == 0 {
		return
	}
	var chunk []entry
	var size int64
	var chunks [][]entry
	for _, r := range recs {
		chunk = append(chunk, entry{kind: kindIntent, rec: r})
		if size += sizeOf(&r); size >= frameTarget || len(chunk) == maxFrameEntries {
			chunks, chunk, size = append(chunks, chunk), nil, 0
		}
	}
	if len(chunk) > 0 {
		chunks = append(chunks, chunk)
	}
	for _, c := range chunks {
		w.publish(c)
		w.reap()
	}
}

// publish sends one message. A failure is handled before it returns.
func (w *writer) publish(chunk []entry) {
	f := &flight{entries: chunk, seq: w.seq, before: w.number}
	for i := range chunk {
		if chunk[i].kind == kindRecord {
			f.records++
		}
	}
	var buf []byte
	if n := len(w.buffers); n > 0 {
		buf, w.buffers = w.buffers[n-1], w.buffers[:n-1]
	}
	f.data = w.enc.encode(buf[:0], chunk, f.before, w.intents.floor(f.seq))
	w.flights = append(w.flights, f)
	w.seq++
	w.number += uint64(f.records)

	f.sent = time.Now()
	if f.err = w.room(int64(len(f.data))); f.err == nil {
		f.ack, f.err = w.host.js.PublishMsgAsync(
			&nats.Msg{Subject: streamSubject, Data: f.data},
			jetstream.WithExpectLastSequence(f.seq-1))
	}
	if f.err != nil {
		w.recover(f.err)
	}
}

// room reports ErrNoSpace when the disk has less than MinFree left.
func (w *writer) room(n int64) error {
	if w.cfg.MinFree < 0 {
		return nil
	}
	// A disk that cannot be asked is found out by writing.
	if free, err := w.cfg.FreeSpace(w.cfg.Dir); err == nil && free-n < w.cfg.MinFree {
		return fmt.Errorf("%w: %d bytes are free, %d are kept free", ErrNoSpace, free, w.cfg.MinFree)
	}
	return nil
}

// reap waits for the oldest message in flight.
func (w *writer) reap() {
	if len(w.flights) == 0 {
		return
	}
	w.land(w.outcome(w.flights[0]))
}

// outcome waits for what became of a message. A message that could not be
// written is never answered, so the store is asked as well.
func (w *writer) outcome(f *flight) error {
	if f.ack == nil {
		return f.err
	}
	ticker := time.NewTicker(faultInterval)
	defer ticker.Stop()
	for {
		select {
		case <-f.ack.Ok():
			return nil
		case err := <-f.ack.Err():
			return err
		case <-ticker.C:
			if err := w.host.fault(streamName); err != nil {
				return err
			}
			if time.Since(f.sent) > ackTimeout {
				return errAckTimeout
			}
		}
	}
}

var errAckTimeout = errors.New("the server did not confirm the message in time")

// land takes the oldest message in flight off the list: it is on disk, or it
// failed and all in flight are looked into.
func (w *writer) land(err error) {
	if err != nil {
		w.flights[0].err = err
		w.recover(err)
		return
	}
	f := w.flights[0]
	w.flights = w.flights[1:]
	w.stats.latency.observe(time.Since(f.sent))
	w.complete(f)
}

// complete does what is due once a message is on disk.
func (w *writer) complete(f *flight) {
	open, _ := w.intents.size()
	var order uint64
	var size int64
	for i := range f.entries {
		e := &f.entries[i]
		switch {
		case e.kind == kindIntent:
			w.intents.add(e.rec, f.seq, w.bytes)
			open++
		case open > 0:
			w.intents.settle(e.rec.ID)
		}
		if e.kind == kindRecord {
			size += e.size - entryOverhead
		}
		order = max(order, e.order)
	}
	w.streak = 0
	w.bytes += uint64(len(f.data))
	w.stats.taken.Add(uint64(f.records))
	w.stats.takenBytes.Add(uint64(size))
	w.stats.messages.Add(1)
	w.stats.messageBytes.Add(uint64(len(f.data)))
	w.pos.advance(Mark{
		Position: Position{Epoch: w.epoch, Seq: f.seq, Index: uint32(max(f.records, 1) - 1)},
		Number:   f.before + uint64(f.records),
	}, order)
	w.q.release(f.entries)
	for i := range f.entries {
		f.entries[i].ticket.settle(nil)
	}
	w.reuse(f)
	w.passDropped()
}

func (w *writer) reuse(f *flight) {
	const keep = 4
	if len(w.chunks) < keep && cap(f.entries) <= 1<<14 {
		clear(f.entries)
		w.chunks = append(w.chunks, f.entries[:0])
	}
	if len(w.buffers) < keep && cap(f.data) <= 2*frameTarget {
		w.buffers = append(w.buffers, f.data)
	}
	f.entries, f.data = nil, nil
}

// mend makes the writer open the server again although it has published nothing
// that failed: a bucket has met a write error.
func (w *writer) mend(err error) {
	w.broken.Store(&publishError{err})
	signal(w.q.wake)
}

func (w *writer) logFault(err error) {
	if w.fault.Swap(&publishError{err}) == nil {
		w.cfg.Logger.Error("records cannot be written, trying again",
			slog.Any("error", err), slog.String("dir", w.cfg.Dir))
	}
}
