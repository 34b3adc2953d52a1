package deliver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"reslog/bus"
)

// session is a worker's work with one instance of its destination.
type session struct {
	w       *worker
	dest    Destination
	note    *note // of dest
	batches chan bus.Batch
	recycle func(bus.Batch)
	emptied []bus.Batch // to recycle
	scouting
}

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
		w.failed(err, 0)
		if w.pause(ctx, &attempt, err) != nil {
			return
		}
	}
	for attempt := 0; ctx.Err() == nil; {
		before := w.delivered()
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
			if w.delivered() != before {
				attempt = 0
			}
			if !errors.Is(err, errReopen) { // it is noted already
				w.failed(err, 0)
			}
			if w.pause(ctx, &attempt, err) != nil {
				return
			}
		}
	}
}

// delivered returns what was settled so far.
func (w *worker) delivered() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts.Delivered + w.counts.DeadLettered
}

// session delivers with one instance of the destination.
func (w *worker) session(parent context.Context) error {
	ctx, abandon := context.WithCancelCause(parent)
	defer abandon(nil)
	w.begin(abandon)

	reader, err := w.cfg.Bus.Read(ctx, bus.ReadConfig{After: w.mark, Want: w.wants, Name: w.stable, Pace: w.kind.Pace})
	if err != nil {
		return err
	}
	s := &session{w: w, batches: make(chan bus.Batch, 1), recycle: reader.Recycle}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		defer reader.Close()
		pump(ctx, reader, s.batches)
	})
	tasks.Go(func() { s.watch(ctx) })
	defer func() { abandon(nil); tasks.Wait() }()
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.close()
	w.setState(Running)
	return s.loop(ctx)
}

// begin makes the account of what is on its way that of a session to come.
func (w *worker) begin(abandon context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandon = abandon
	w.open, w.pending, w.missed, w.read = unsettled{}, pending{}, nil, w.mark
	w.ahead.reset()
	if w.limit != nil {
		w.expireLocked(false)
	}
	w.state = Starting
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

// loop hands over what comes, until the session is over.
func (s *session) loop(ctx context.Context) error {
	w := s.w
	if w.attempt > 0 { // an instance before this one failed: there may be too much by now
		if err := s.between(ctx); err != nil {
			return err
		}
	}
	tick := time.NewTicker(w.kind.FlushInterval)
	defer tick.Stop()
	for attempt := 0; ; {
		due, last := w.due()
		if due {
			settled, err := s.finish(ctx)
			switch {
			case errors.Is(err, errReopen) || ctx.Err() != nil:
				return cause(ctx, err)
			case err != nil || !settled:
				if err != nil {
					w.failed(err, 0)
				}
				if err := w.pause(ctx, &attempt, err); err != nil {
					return cause(ctx, err)
				}
				continue
			case last:
				return errLimit
			}
			attempt = 0
		}
		select {
		case <-ctx.Done():
			return cause(ctx, nil)
		case b, ok := <-s.batches:
			if !ok {
				<-ctx.Done() // the bus is closed: only the end of the worker is left
				return cause(ctx, nil)
			}
			s.feed(b)
			if err := s.handOver(ctx, !b.More); err != nil {
				return cause(ctx, err)
			}
		case <-tick.C:
			if err := s.handOver(ctx, true); err != nil {
				return cause(ctx, err)
			}
			if err := s.flush(ctx, false); err != nil {
				if errors.Is(err, errReopen) {
					return err
				}
				w.failed(err, 0)
				if err := s.heed(ctx, err); err != nil {
					return err
				}
			}
		case <-w.kick:
		}
		w.save(ctx, false)
	}
}

// cause returns why the session's context ended, or err if it has not.
func cause(ctx context.Context, err error) error {
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
		due = due || w.doneLocked() >= d.number
	}
	return due, last
}

// doneLocked returns the Number of the last record that was handed over, or that
// nobody wants. What was read of the records of the next destination is not.
func (w *worker) doneLocked() uint64 {
	if len(w.next) > 0 {
		return min(w.read.Number, *w.limit)
	}
	return w.read.Number
}

// finish forces the destination to settle, and tells those who wait if it has.
func (s *session) finish(ctx context.Context) (settled bool, err error) {
	if err := s.flush(ctx, true); err != nil {
		return false, err
	}
	w := s.w
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
		if w.doneLocked() < d.number {
			waiting = append(waiting, d)
			continue
		}
		close(d.done)
	}
	w.drains = waiting
	return true, nil
}
