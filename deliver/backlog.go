package deliver

import (
	"context"
	"log/slog"
	"time"

	"reslog/bus"
)

// fallBehind notes since when the worker does not keep up.
func (w *worker) fallBehind() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late.IsZero() {
		w.late, w.dirty = w.cfg.Now(), true
	}
}

// keepUp notes that the worker has caught up.
func (w *worker) keepUp() {
	w.mu.Lock()
	shed := w.shedding
	if !w.late.IsZero() {
		w.late, w.dirty = time.Time{}, true
	}
	w.shedding = 0
	w.ahead.reset()
	w.mu.Unlock()
	if shed > 0 {
		w.log.Info("the backlog is gone", slog.Uint64("dropped", shed))
	}
}

// between is what a worker does between two attempts: it looks how much waits
// by now, and drops what is over the bounds.
func (s *session) between(ctx context.Context) error {
	if err := s.count(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.w.log.Warn("the backlog cannot be counted, trying again", slog.String("error", reason(err)))
	}
	if err := s.relieve(ctx); err != nil {
		return err
	}
	s.w.save(ctx, false)
	return nil
}

// relieve drops the oldest records until what is known to wait is within the
// bounds.
func (s *session) relieve(ctx context.Context) error {
	for {
		n, over := s.w.excess()
		switch {
		case n > 0:
			s.shed(n)
			s.w.save(ctx, false)
		case !over:
			return nil
		default: // they must be read first
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case b, ok := <-s.batches:
				if !ok {
					<-ctx.Done() // the bus is closed
					return context.Cause(ctx)
				}
				s.feed(b)
			case <-time.After(s.w.round()):
				return nil // what was counted is not to be had now
			}
		}
	}
}

// excess returns how many of the pending records are over the bounds, and
// whether more than those pending are.
func (w *worker) excess() (n int, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &w.pending
	if p.len() == 0 && w.limit != nil && w.read.Number >= *w.limit {
		return 0, false // what follows is not for this destination
	}
	head := func() int {
		if p.chunk > 0 {
			return p.chunk
		}
		return p.head(&w.kind)
	}
	if limit := w.cfg.BacklogBytes; limit >= 0 && w.ahead.active && w.ahead.tally.Bytes > uint64(limit) {
		return head(), true
	}
	if w.cfg.BacklogAge < 0 || w.late.IsZero() || p.len() == 0 {
		return 0, false
	}
	// Records are old, too, when the node was switched off. What counts is for
	// how long their destination could have had them: it gets them while it is
	// not known to fail, unless it was too slow for all the time this process ran.
	late, now := w.late, w.cfg.Now()
	if w.attempt == 0 && late.Before(w.router.began) {
		late = w.router.began
	}
	if now.Sub(late) <= w.cfg.BacklogAge {
		return 0, false
	}
	return p.older(head(), now.Add(-w.cfg.BacklogAge)), false
}

// shed drops the first n pending records, all of the chunk if there is one.
func (s *session) shed(n int) {
	w := s.w
	w.mu.Lock()
	backlog := w.backlogLocked()
	if w.pending.chunk == 0 {
		w.acceptLocked(n)
	}
	oldest, _ := w.pending.oldest()
	first := w.shedding == 0
	w.shedding += uint64(n)
	w.open.kill(w.pending.current()[:n], shedItem)
	s.passLocked(n)
	w.settleLocked(bus.Position{Epoch: w.mark.Epoch})
	w.mu.Unlock()
	s.release()
	if first {
		w.log.Warn("the destination does not keep up and its backlog is over the bounds: the oldest records are dropped and counted",
			slog.Uint64("backlogBytes", backlog.Bytes), slog.Int64("boundBytes", w.cfg.BacklogBytes),
			slog.Time("oldest", oldest), slog.Duration("boundAge", w.cfg.BacklogAge))
	}
}
