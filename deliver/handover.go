package deliver

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"reslog/bus"
	"reslog/record"
)

// take delivers what is wanted of batches that follow each other. Items are in
// memory that is used again.
func (w *worker) take(ctx context.Context, dest Destination, batches []bus.Batch) error {
	w.mu.Lock()
	now := w.cfg.Now()
	w.items = w.items[:0]
	for i := range batches {
		w.acceptLocked(&batches[i], now)
	}
	items := w.items
	w.mu.Unlock()

	for len(items) > 0 {
		n := w.batch(items)
		if err := w.deliver(ctx, dest, items[:n]); err != nil {
			return w.cause(ctx, err)
		}
		items = items[n:]
	}
	w.passed(batches[len(batches)-1].Through)
	return nil
}

// acceptLocked adds what is wanted of a batch to the items, and to what is open.
func (w *worker) acceptLocked(b *bus.Batch, now time.Time) {
	if b.Missed > 0 {
		w.missed = append(w.missed, missed{n: b.Missed, until: b.Through.Number})
		w.log.Warn("records left the stream before they could be delivered", slog.Uint64("records", b.Missed))
	}
	w.open.expect(len(b.Entries))
	for i := range b.Entries {
		e := &b.Entries[i]
		if w.limit != nil && e.Number > *w.limit {
			break // for the next destination, or for nobody
		}
		if !e.Redelivered && !w.rules.want(e.Record.Category, e.Number) {
			continue
		}
		w.open.add(e, now)
		w.items = append(w.items, Item{Position: e.Position, Record: e.Record})
	}
}

// batch returns how many of items go together. It ends with a message of the
// bus, unless that alone is too much: so where a destination may divide records
// does not depend on how far the worker had read.
func (w *worker) batch(items []Item) int {
	size, whole := 0, 0
	for n := range items {
		if n > 0 && items[n].Position.Seq != items[n-1].Position.Seq {
			whole = n
		}
		size += sizeOf(&items[n].Record)
		if n > 0 && (n == w.cfg.BatchRecords || size > w.cfg.BatchBytes) {
			return cmp.Or(whole, n)
		}
	}
	return len(items)
}

func sizeOf(r *record.Record) int { return len(r.Line) + len(r.Detail) }

// passed notes that all through m was read and handed over.
func (w *worker) passed(m bus.Mark) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = m
	// Unwanted records behind what is settled are settled, but not those that
	// the next destination may want.
	if w.open.records == 0 && m.After(w.mark.Position) && (w.limit == nil || m.Number <= *w.limit) {
		w.moveLocked(m)
	}
}

// deliver hands items over until they are taken, or are dead letters.
func (w *worker) deliver(ctx context.Context, dest Destination, items []Item) error {
	for attempt := 0; len(items) > 0; {
		settled, err := w.call(ctx, func(ctx context.Context) (bus.Position, error) { return dest.Deliver(ctx, items) })
		switch {
		case err == nil:
			w.settle(settled)
			w.setState(Running)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case MustReopen(err):
			w.failed(err, len(items))
			return errReopen
		}
		dead, rest := condemned(items, err)
		if len(dead) > 0 {
			w.note(err)
			if err = w.bury(ctx, dead, err); err == nil {
				items = rest
				continue
			}
		}
		w.failed(err, len(items))
		if err := w.pause(ctx, &attempt, nil); err != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// condemned divides items by what err says can never be taken.
func condemned(items []Item, err error) (dead, rest []Item) {
	positions := Rejected(err)
	if positions == nil {
		if IsPermanent(err) {
			return items, nil
		}
		return nil, items
	}
	rejected := make(map[bus.Position]bool, len(positions))
	for _, p := range positions {
		rejected[p] = true
	}
	for _, it := range items {
		if rejected[it.Position] {
			dead = append(dead, it)
		} else {
			rest = append(rest, it)
		}
	}
	return dead, rest
}

// bury makes items dead letters.
func (w *worker) bury(ctx context.Context, items []Item, reason error) error {
	w.mu.Lock()
	setting, kind := w.setting, w.dest.Kind
	w.mu.Unlock()
	err := w.router.dead.add(ctx, w.stable, &setting, kind, w.cfg.Now(), items, reason)
	full := errors.Is(err, bus.ErrBucketFull)
	if err != nil && !full {
		return err
	}
	if full {
		w.log.Error("records are lost: there is no room for more dead letters", slog.Int("records", len(items)),
			slog.Any("reason", reason))
	} else {
		w.log.Warn("records became dead letters", slog.Int("records", len(items)), slog.Any("reason", reason))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	fate := deadItem
	if full {
		fate = lostItem
	}
	for i := range items {
		w.open.kill(items[i].Position, fate)
	}
	w.settleLocked(bus.Position{Epoch: w.mark.Epoch})
	return nil
}

func (w *worker) flush(ctx context.Context, dest Destination, force bool) error {
	settled, err := w.call(ctx, func(ctx context.Context) (bus.Position, error) { return dest.Flush(ctx, force) })
	if err == nil {
		w.settle(settled)
		w.setState(Running)
		return nil
	}
	if MustReopen(err) {
		w.failed(err, 0)
		return errReopen
	}
	return err
}

func (w *worker) settle(p bus.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settleLocked(p)
}

func (w *worker) settleLocked(p bus.Position) {
	mark, moved := w.open.settle(p, &w.counts)
	if !moved {
		return
	}
	mark.Epoch = w.read.Epoch
	if mark.Epoch == 0 {
		mark.Epoch = w.cfg.Bus.Last().Epoch
	}
	w.moveLocked(mark)
}

// moveLocked moves the settled mark, and counts what was missed before it.
func (w *worker) moveLocked(m bus.Mark) {
	w.mark, w.dirty = m, true
	rest := w.missed[:0]
	for _, ms := range w.missed {
		if ms.until <= m.Number || w.open.records == 0 {
			w.counts.Dropped += ms.n
		} else {
			rest = append(rest, ms)
		}
	}
	w.missed = rest
	w.rules = w.rules.past(m.Number)
}
