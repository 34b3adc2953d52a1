package classic

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/storagelog"
)

// maxOpen is how many hours are written at once.
const maxOpen = 2

// Log is the `$logs` of one service of one account: a deliver.Destination.
type Log struct {
	cfg     Config
	open    []*openLog // in the order they were opened
	folders folders
	// taken is the last position that is in an open log, or needs no more doing.
	// order counts what was taken, because positions of two epochs do not compare.
	taken    bus.Position
	order    uint64
	reported bus.Position
	// rejected are the records that the last call of Deliver has rejected: they
	// are rejected again until they are no longer delivered.
	rejected map[bus.Position]error
	scratch  []byte
	spare    []byte // a block's worth of memory, when no open log has it
	capacity capacity
	stats    stats
}

// Stats counts what a Log did since it was opened. It may be read at any time.
type Stats struct {
	Records uint64 // records rendered into logs
	Lines   uint64
	Bytes   uint64 // of blocks put
	Blocks  uint64
	Logs    uint64 // committed
	Known   uint64 // records passed over because a committed log holds them
	Dropped uint64 // records not written because the capacity was reached
}

type stats struct{ records, lines, bytes, blocks, logs, known, dropped atomic.Uint64 }

// New returns a Log. It asks the account nothing until the first record.
func New(cfg Config) (*Log, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Log{cfg: cfg, rejected: make(map[bus.Position]error)}
	l.folders.cfg = &l.cfg
	l.capacity.cfg = &l.cfg
	return l, nil
}

// Stats returns what the Log did so far.
func (l *Log) Stats() Stats {
	return Stats{
		Records: l.stats.records.Load(), Lines: l.stats.lines.Load(), Bytes: l.stats.bytes.Load(),
		Blocks: l.stats.blocks.Load(), Logs: l.stats.logs.Load(),
		Known: l.stats.known.Load(), Dropped: l.stats.dropped.Load(),
	}
}

// Deliver implements deliver.Destination.
//
// Delivering a batch again after an error goes on where the error was: what was
// taken stays taken.
func (l *Log) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	rejected := make(map[bus.Position]error)
	for i := range batch {
		it := &batch[i]
		if !l.taken.IsZero() && !it.Position.After(l.taken) {
			if err := l.rejected[it.Position]; err != nil {
				rejected[it.Position] = err
			}
			continue
		}
		if err := l.take(ctx, it); err != nil {
			if !deliver.IsPermanent(err) {
				maps.Copy(l.rejected, rejected)
				return bus.Position{}, err
			}
			rejected[it.Position] = err
		}
		l.taken = it.Position
		l.order++
	}
	l.rejected = rejected
	if len(rejected) == 0 {
		return l.settled(), nil
	}
	positions := slices.SortedFunc(maps.Keys(rejected), func(a, b bus.Position) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Index, b.Index))
	})
	return bus.Position{}, deliver.Reject(rejected[positions[0]], positions...)
}

// take puts one record where it belongs. A permanent error is about the record;
// after any other it was not taken.
func (l *Log) take(ctx context.Context, it *deliver.Item) error {
	if err := l.finishCommits(ctx); err != nil {
		return err
	}
	hour, err := hourOf(&it.Record)
	if err != nil {
		return deliver.Permanent(err)
	}
	dir, err := l.folders.get(ctx, hour)
	if err != nil {
		return err
	}
	if dir.covers(it.Position) {
		l.stats.known.Add(1)
		return nil
	}
	var lines int
	l.scratch, lines, err = l.cfg.Append(l.scratch[:0], &it.Record, l.cfg.Version)
	if err != nil {
		return deliver.Permanent(fmt.Errorf("render record %s: %w", it.Record.ID, err))
	}
	if lines == 0 {
		return nil
	}
	o, err := l.roomFor(ctx, hour, it.Position)
	if err != nil {
		return err
	}
	if o == nil {
		l.stats.dropped.Add(1)
		return nil
	}
	l.add(o, it)
	l.stats.records.Add(1)
	l.stats.lines.Add(uint64(lines))
	return nil
}

// roomFor returns the open log of an hour with room for what is in scratch, or
// nil when the account has no capacity for another log.
func (l *Log) roomFor(ctx context.Context, hour time.Time, at bus.Position) (*openLog, error) {
	for {
		o, err := l.logFor(ctx, hour)
		if o == nil || err != nil {
			return nil, err
		}
		// A block holds positions of one epoch.
		if len(o.pending) > 0 && o.first.Epoch != at.Epoch {
			err = l.stage(ctx, o)
		}
		if err == nil {
			err = l.makeRoom(ctx, len(l.scratch))
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(l.open, o) {
			return o, nil
		}
		// With that block the log had its size and was committed.
	}
}

// logFor returns the open log of an hour, opening one if need be, or nil when
// the account has no capacity for another.
func (l *Log) logFor(ctx context.Context, hour time.Time) (*openLog, error) {
	for _, o := range l.open {
		if o.name.Hour.Equal(hour) {
			return o, nil
		}
	}
	full, err := l.capacity.reached(ctx)
	if full || err != nil {
		return nil, err
	}
	for len(l.open) >= maxOpen {
		oldest := slices.MinFunc(l.open, func(a, b *openLog) int { return a.name.Hour.Compare(b.name.Hour) })
		if err := l.finish(ctx, oldest); err != nil {
			return nil, err
		}
	}
	dir, err := l.folders.get(ctx, hour)
	if err != nil {
		return nil, err
	}
	o := &openLog{
		name:   storagelog.LogName{Service: l.cfg.Service, Hour: hour, Counter: dir.next},
		before: l.taken,
		order:  l.order,
		meta:   storagelog.Metadata{Version: l.cfg.Version},
	}
	l.open = append(l.open, o)
	return o, nil
}

// makeRoom puts blocks until n more bytes can be pending.
func (l *Log) makeRoom(ctx context.Context, n int) error {
	for {
		var largest *openLog
		total := 0
		for _, o := range l.open {
			total += len(o.pending)
			if largest == nil || len(o.pending) > len(largest.pending) {
				largest = o
			}
		}
		if total == 0 || total+n <= l.cfg.BlockSize {
			return nil
		}
		if err := l.stage(ctx, largest); err != nil {
			return err
		}
	}
}

// Flush implements deliver.Destination.
func (l *Log) Flush(ctx context.Context, force bool) (bus.Position, error) {
	now := l.cfg.Now()
	for i := 0; i < len(l.open); {
		o := l.open[i]
		wait := l.cfg.FlushInterval
		over := now.After(o.name.Hour.Add(time.Hour))
		if over {
			wait = min(wait, lateInterval)
		}
		var err error
		switch {
		case o.committing, force, over && o.waiting(now) >= wait:
			err = l.finish(ctx, o)
		case len(o.blocks) > 0 && now.Sub(o.staged) >= wait:
			err = l.finish(ctx, o)
		case len(o.pending) > 0 && now.Sub(o.since) >= wait:
			err = l.stage(ctx, o)
		}
		if err != nil {
			return bus.Position{}, err
		}
		if i < len(l.open) && l.open[i] == o {
			i++
		}
	}
	return l.settled(), nil
}

// lateInterval is how long the lines of an hour that is over wait at most.
const lateInterval = 10 * time.Second

// Close implements deliver.Destination. What is not committed is dropped from
// memory, and delivered again to whoever opens the same logs next.
func (l *Log) Close(context.Context) error {
	l.open, l.scratch, l.spare = nil, nil, nil
	return nil
}

// settled returns the position through which everything is committed, or the
// zero Position when it is the one returned before.
func (l *Log) settled() bus.Position {
	at, order := l.taken, l.order
	for _, o := range l.open {
		if o.order < order {
			at, order = o.before, o.order
		}
	}
	if at == l.reported {
		return bus.Position{}
	}
	l.reported = at
	return at
}

// hourOf returns the hour whose folder a record belongs to.
func hourOf(r *record.Record) (time.Time, error) {
	ended := r.Ended
	if ended.IsZero() {
		ended = r.Time
	}
	ended = ended.UTC()
	if ended.IsZero() || ended.Year() < 1 || ended.Year() > 9999 {
		return time.Time{}, fmt.Errorf("record %s has no time that a log could be named by", r.ID)
	}
	return ended.Truncate(time.Hour), nil
}

// typeOf returns the log type of a category: those of storage are named for it,
// StorageRead, StorageWrite and StorageDelete.
func typeOf(c record.Category) storagelog.LogTypes {
	switch {
	case strings.HasSuffix(string(c), "Read"):
		return storagelog.LogRead
	case strings.HasSuffix(string(c), "Delete"):
		return storagelog.LogDelete
	}
	return storagelog.LogWrite
}
