package bus

import (
	"context"
	"sync/atomic"
	"time"
)

// Stats are counters since Open, and gauges.
type Stats struct {
	// Emitted counts records that were taken into memory, Taken those on disk,
	// Dropped those that were lost for want of memory, for their size or because
	// the bus was closed before the disk took them.
	Emitted, Taken, Dropped                uint64
	EmittedBytes, TakenBytes, DroppedBytes uint64
	// Messages counts those published, MessageBytes their size on the stream.
	Messages, MessageBytes uint64
	// Failures counts interruptions of publishing, Damaged messages that a
	// reader found unreadable.
	Failures, Damaged uint64
	// QueueBytes is the memory of records that are not on disk yet.
	QueueBytes int64
	// OpenIntents is the number of operations begun and not ended.
	OpenIntents int
	// Failing says that nothing can be written at the moment.
	Failing bool
	// Sync is the time from publishing a message to its being on disk.
	Sync Histogram
	// StreamMessages, StreamBytes, FirstSeq and LastSeq describe the stream.
	StreamMessages, StreamBytes, FirstSeq, LastSeq uint64
}

// Histogram counts observations by upper bound, in seconds.
type Histogram struct {
	Bounds []float64
	Counts []uint64 // of observations at most Bounds[i], above the bound before
	Over   uint64   // above the last bound
	Sum    float64
}

// syncBounds are the bounds of Stats.Sync, in microseconds.
var syncBounds = [...]int64{250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000}

type counters struct {
	taken, takenBytes     atomic.Uint64
	dropped, droppedBytes atomic.Uint64
	messages              atomic.Uint64
	messageBytes          atomic.Uint64
	failures, damaged     atomic.Uint64
	latency               latency
}

func (c *counters) drop(bytes int64) {
	c.dropped.Add(1)
	c.droppedBytes.Add(uint64(bytes))
}

type latency struct {
	counts [len(syncBounds) + 1]atomic.Uint64
	micros atomic.Int64
}

func (l *latency) observe(d time.Duration) {
	us := d.Microseconds()
	l.micros.Add(us)
	for i, b := range syncBounds {
		if us <= b {
			l.counts[i].Add(1)
			return
		}
	}
	l.counts[len(syncBounds)].Add(1)
}

func (l *latency) snapshot() Histogram {
	h := Histogram{Sum: float64(l.micros.Load()) / 1e6, Over: l.counts[len(syncBounds)].Load()}
	for i, b := range syncBounds {
		h.Bounds = append(h.Bounds, float64(b)/1e6)
		h.Counts = append(h.Counts, l.counts[i].Load())
	}
	return h
}

// Queued returns the bytes of records that were emitted and are not on disk; it
// costs next to nothing.
func (b *Bus) Queued() int64 { return b.queue.held.Load() }

// Stats returns the counters. The stream's own are zero while it cannot be asked.
func (b *Bus) Stats() Stats {
	emitted, bytes := b.queue.counts()
	open, _ := b.intents.size()
	s := Stats{
		Emitted: emitted, EmittedBytes: bytes,
		Taken: b.stats.taken.Load(), TakenBytes: b.stats.takenBytes.Load(),
		Dropped: b.stats.dropped.Load(), DroppedBytes: b.stats.droppedBytes.Load(),
		Messages: b.stats.messages.Load(), MessageBytes: b.stats.messageBytes.Load(),
		Failures: b.stats.failures.Load(), Damaged: b.stats.damaged.Load(),
		QueueBytes: b.queue.held.Load(), OpenIntents: open,
		Failing: b.writer.fault.Load() != nil,
		Sync:    b.stats.latency.snapshot(),
	}
	if b.ctx.Err() != nil {
		return s
	}
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	if st, err := b.host.js.Stream(ctx, streamName); err == nil {
		state := st.CachedInfo().State
		s.StreamMessages, s.StreamBytes = state.Msgs, state.Bytes
		s.FirstSeq, s.LastSeq = state.FirstSeq, state.LastSeq
	}
	return s
}
