package deliver

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"reslog/bus"
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
	reader, err := w.cfg.Bus.Read(ctx, bus.ReadConfig{After: w.mark, Want: w.wants, Name: w.stable, Pace: w.cfg.Pace})
	if err != nil {
		return err
	}
	in := newAhead(w.cfg.BatchBytes)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer reader.Close()
		in.pump(ctx, reader)
	}()
	defer func() { abandon(nil); <-stopped }()
	w.setState(Running)
	return w.loop(ctx, dest, in, reader.Recycle)
}

// loop hands over what comes, until the session is over; it gives batches that it
// is done with to recycle.
func (w *worker) loop(ctx context.Context, dest Destination, in *ahead, recycle func(bus.Batch)) error {
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
		case b, ok := <-in.batches:
			if !ok {
				<-ctx.Done() // the bus is closed: only the end of the worker is left
				return w.cause(ctx, nil)
			}
			group := in.gather(b)
			if err := w.take(ctx, dest, group); err != nil {
				return err
			}
			for _, b := range group {
				recycle(b)
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
