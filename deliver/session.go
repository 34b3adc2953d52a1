package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// run works until ctx ends or the worker has ended.
func (w *worker) run(ctx context.Context) {
	defer close(w.done)
	defer w.setState(Stopped)
	for _, done := range w.after {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
	for attempt := 0; ; {
		err := w.openCursor(ctx)
		if err == nil {
			break
		}
		if w.pause(ctx, &attempt, err) != nil {
			return
		}
	}
	for attempt := 0; ctx.Err() == nil; {
		moved := w.mark
		err := w.session(ctx)
		w.save(ctx, true)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errLimit), errors.Is(err, errExpired):
			if w.closeLimit(ctx, err) {
				return
			}
			attempt = 0
		default:
			if w.mark != moved {
				attempt = 0
			}
			if w.pause(ctx, &attempt, err) != nil {
				return
			}
		}
	}
}

// session delivers with one instance of the destination.
func (w *worker) session(parent context.Context) error {
	ctx, abandon := context.WithCancelCause(parent)
	defer abandon(nil)
	w.mu.Lock()
	w.abandon = abandon
	w.open, w.missed, w.read = unsettled{}, nil, w.mark
	if w.limit != nil {
		w.expireLocked()
	}
	w.state = Starting
	w.mu.Unlock()

	dest, err := w.openDestination(ctx)
	if err != nil {
		return err
	}
	defer w.closeDestination(dest)
	reader, err := w.cfg.Bus.Read(ctx, bus.ReadConfig{After: w.mark, Want: w.wants, Name: w.stable})
	if err != nil {
		return err
	}
	batches := make(chan bus.Batch, 1)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer reader.Close()
		pump(ctx, reader, batches)
	}()
	defer func() { abandon(nil); <-stopped }()
	w.setState(Running)
	return w.loop(ctx, dest, batches)
}

// pump reads ahead, at most two batches.
func pump(ctx context.Context, r *bus.Reader, batches chan<- bus.Batch) {
	defer close(batches)
	for {
		b, err := r.Next(ctx)
		if err != nil {
			return // the bus is closed or the session over
		}
		select {
		case batches <- b:
		case <-ctx.Done():
			return
		}
	}
}

func (w *worker) loop(ctx context.Context, dest Destination, batches <-chan bus.Batch) error {
	tick := time.NewTicker(w.cfg.FlushInterval)
	defer tick.Stop()
	for attempt := 0; ; {
		due, last := w.due()
		if due {
			settled, err := w.finish(ctx, dest)
			switch {
			case errors.Is(err, errReopen) || ctx.Err() != nil:
				return w.cause(ctx, err)
			case err != nil || !settled:
				if err := w.pause(ctx, &attempt, err); err != nil {
					return w.cause(ctx, err)
				}
				continue
			case last:
				return errLimit
			}
			attempt = 0
		}
		select {
		case <-ctx.Done():
			return w.cause(ctx, nil)
		case b, ok := <-batches:
			if !ok {
				<-ctx.Done() // the bus is closed: only the end of the worker is left
				return w.cause(ctx, nil)
			}
			if err := w.take(ctx, dest, b); err != nil {
				return err
			}
		case <-tick.C:
			if err := w.flush(ctx, dest, false); err != nil {
				if errors.Is(err, errReopen) {
					return err
				}
				w.failed(err, 0)
			}
		case <-w.kick:
		}
		w.save(ctx, false)
	}
}

// cause returns why the session's context ended.
func (w *worker) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// due reports whether all has been read that somebody waits to have settled,
// and whether it is the last that this destination gets.
func (w *worker) due() (due, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last = w.limit != nil && w.read.Number >= *w.limit
	due = last
	w.drains = slices.DeleteFunc(w.drains, func(d drain) bool { return d.ctx.Err() != nil })
	for _, d := range w.drains {
		due = due || w.read.Number >= d.number
	}
	return due, last
}

// finish forces the destination to settle, and tells those who wait if it has.
func (w *worker) finish(ctx context.Context, dest Destination) (settled bool, err error) {
	if err := w.flush(ctx, dest, true); err != nil {
		return false, err
	}
	w.mu.Lock()
	settled = w.open.records == 0
	w.mu.Unlock()
	if !settled {
		return false, nil
	}
	w.save(ctx, true)
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := w.drains[:0]
	for _, d := range w.drains {
		if w.read.Number < d.number {
			waiting = append(waiting, d)
			continue
		}
		close(d.done)
	}
	w.drains = waiting
	return true, nil
}

// take delivers what is wanted of a batch.
func (w *worker) take(ctx context.Context, dest Destination, b bus.Batch) error {
	w.mu.Lock()
	if b.Missed > 0 {
		w.missed = append(w.missed, missed{n: b.Missed, until: b.Through.Number})
		w.log.Warn("records left the stream before they could be delivered", slog.Uint64("records", b.Missed))
	}
	now := w.cfg.Now()
	var items []Item
	for i := range b.Entries {
		e := &b.Entries[i]
		if w.limit != nil && e.Number > *w.limit {
			break // for the next destination, or for nobody
		}
		if !e.Redelivered && !w.rules.want(e.Record.Category, e.Number) {
			continue
		}
		w.open.add(e, now)
		items = append(items, Item{Position: e.Position, Record: e.Record})
	}
	w.mu.Unlock()

	for len(items) > 0 {
		n := w.batch(items)
		if err := w.deliver(ctx, dest, items[:n]); err != nil {
			return w.cause(ctx, err)
		}
		items = items[n:]
	}
	w.passed(b.Through)
	return nil
}

// batch returns how many of items go together.
func (w *worker) batch(items []Item) int {
	size := 0
	for n := range items {
		size += len(items[n].Record.Line) + len(items[n].Record.Detail)
		if n > 0 && (n == w.cfg.BatchRecords || size > w.cfg.BatchBytes) {
			return n
		}
	}
	return len(items)
}

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
			if buried := w.bury(ctx, dead, err); buried == nil {
				items = rest
				continue
			} else {
				err = buried
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
	fate := uint32(deadItem)
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

// call calls a destination, bounded in time; a panic of its is an error.
func (w *worker) call(ctx context.Context, fn func(context.Context) (bus.Position, error)) (settled bus.Position, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.AttemptTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("the destination panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("the destination panicked: %v", p)
		}
	}()
	return fn(ctx)
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

// closeLimit does what is due when the destination has got, or could not get,
// its last record: the worker ends, true, or goes on with the next destination.
func (w *worker) closeLimit(ctx context.Context, err error) (over bool) {
	w.mu.Lock()
	ended, lost := w.ended, w.open.records
	if !ended {
		if w.next != nil {
			w.dest = *w.next
		}
		w.next, w.limit, w.dirty = nil, nil, true
	} else if errors.Is(err, errExpired) {
		w.counts.Dropped += uint64(lost)
		w.counts.Lost += uint64(lost)
	}
	mark, limit := w.mark, w.limit
	w.open = unsettled{}
	for _, d := range w.drains {
		if ended {
			close(d.done)
		}
	}
	if ended {
		w.drains = nil
	}
	w.mu.Unlock()
	if !ended {
		w.save(ctx, true)
		return false
	}
	if errors.Is(err, errExpired) && limit != nil {
		w.log.Warn("a setting was removed and its destination did not take the rest in time",
			slog.Int("taken and not settled", lost), slog.Uint64("settled", mark.Number), slog.Uint64("end", *limit))
	}
	for attempt := 0; ; {
		w.saving.Lock()
		err := w.cursor.Delete(ctx)
		w.saving.Unlock()
		if err == nil || w.pause(ctx, &attempt, err) != nil {
			return true
		}
	}
}

// openDestination opens the destination, however long it takes.
func (w *worker) openDestination(ctx context.Context) (Destination, error) {
	for attempt := 0; ; {
		w.mu.Lock()
		setting, dest := w.setting, w.dest
		w.mu.Unlock()
		d, err := w.tryOpen(ctx, setting, dest)
		switch {
		case err == nil:
			return d, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case IsPermanent(err):
			w.failed(err, 0)
			return refusal{err}, nil
		}
		if err := w.pause(ctx, &attempt, err); err != nil {
			return nil, context.Cause(ctx)
		}
	}
}

func (w *worker) tryOpen(ctx context.Context, s diagnostic.Setting, d diagnostic.Destination) (dest Destination, err error) {
	factory := w.cfg.Factories[d.Kind]
	if factory == nil {
		return nil, fmt.Errorf("no destination of kind %q is built into this node", d.Kind)
	}
	_, err = w.call(ctx, func(ctx context.Context) (_ bus.Position, err error) {
		dest, err = factory(ctx, s, d)
		return bus.Position{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("open destination: %w", err)
	}
	return dest, nil
}

func (w *worker) closeDestination(dest Destination) {
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.DrainTimeout)
	defer cancel()
	_, err := w.call(ctx, func(ctx context.Context) (bus.Position, error) { return bus.Position{}, dest.Close(ctx) })
	if err != nil {
		w.log.Warn("the destination could not be closed", slog.Any("error", err))
	}
}

// refusal is the destination of a setting that has none that could ever be opened.
type refusal struct{ err error }

func (r refusal) Deliver(context.Context, []Item) (bus.Position, error) {
	return bus.Position{}, Permanent(r.err)
}
func (refusal) Flush(context.Context, bool) (bus.Position, error) { return bus.Position{}, nil }
func (refusal) Close(context.Context) error                       { return nil }

// pause waits before the next attempt, longer each time. err, if any, is noted.
func (w *worker) pause(ctx context.Context, attempt *int, err error) error {
	if err != nil && !errors.Is(err, errReopen) {
		w.failed(err, 0)
	}
	d := w.cfg.RetryMax
	if *attempt < 20 {
		d = min(d, w.cfg.RetryMin<<*attempt)
	}
	*attempt++
	return w.cfg.Wait(ctx, d/2+rand.N(d/2+1))
}

// failed notes that an attempt failed; records is how many are handed over again.
func (w *worker) failed(err error, records int) {
	w.note(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = Retrying
	w.counts.Retried += uint64(records)
	w.dirty = w.dirty || records > 0
}

func (w *worker) note(err error) {
	w.mu.Lock()
	first := w.state != Retrying
	w.lastErr, w.failedAt = err, w.cfg.Now()
	w.mu.Unlock()
	if first {
		w.log.Warn("delivery failed", slog.Any("error", err))
	}
}

func (w *worker) setState(s State) {
	w.mu.Lock()
	w.state = s
	w.mu.Unlock()
}
