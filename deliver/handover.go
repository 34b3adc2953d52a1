package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"reslog/bus"
)

// feed takes up what is wanted of a batch.
func (s *session) feed(b bus.Batch) {
	w := s.w
	w.mu.Lock()
	if b.Missed > 0 {
		behind := b.Through.Number
		if len(b.Entries) > 0 {
			behind = b.Entries[0].Number
		}
		w.missed = append(w.missed, missed{n: b.Missed, behind: behind})
		w.ahead.reset() // there is less than was counted
		w.log.Warn("records left the stream before they could be delivered", slog.Uint64("records", b.Missed))
	}
	w.pending.add(b, w.rules, w.limit)
	s.passLocked(0)
	w.mu.Unlock()
	s.release()
}

// handOver hands over what is pending, as far as it makes whole chunks or, if
// all is set, altogether.
func (s *session) handOver(ctx context.Context, all bool) error {
	w := s.w
	for {
		if err := s.relieve(ctx); err != nil {
			return err
		}
		if !w.pending.full(&w.kind) && (!all || w.pending.len() == 0) {
			return nil
		}
		if err := s.hand(ctx); err != nil {
			return err
		}
	}
}

// hand hands one chunk over until it is taken, or its records are dead letters,
// or they are shed.
func (s *session) hand(ctx context.Context) error {
	w := s.w
	w.mu.Lock()
	w.acceptLocked(w.pending.head(&w.kind))
	w.mu.Unlock()
	for w.pending.chunk > 0 {
		items := w.pending.current()
		settled, err := w.call(ctx, func(ctx context.Context) (bus.Position, error) { return s.dest.Deliver(ctx, items) })
		switch {
		case err == nil:
			w.attempt = 0
			s.taken(settled)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case MustReopen(err):
			w.attempt++
			s.refused(err, len(items))
			return fmt.Errorf("%w: %w", errReopen, err)
		}
		if dead := condemned(items, err); len(dead) > 0 {
			w.note(err)
			why := err
			if err = s.bury(ctx, dead, why); err == nil {
				if err := s.heed(ctx, why); err != nil {
					return err
				}
				continue
			}
		}
		s.refused(err, len(items))
		if err := w.pause(ctx, &w.attempt, err); err != nil {
			return context.Cause(ctx)
		}
		if err := s.between(ctx); err != nil {
			return err
		}
	}
	return nil
}

// heed waits if the error asks for it, where the worker would not wait otherwise.
func (s *session) heed(ctx context.Context, err error) error {
	if _, asked := RetryDelay(err); !asked {
		return nil
	}
	attempt := 0
	if err := s.w.pause(ctx, &attempt, err); err != nil {
		return cause(ctx, err)
	}
	return nil
}

// acceptLocked makes the first n pending records the chunk.
func (w *worker) acceptLocked(n int) {
	now := w.cfg.Now()
	w.pending.walk(n, func(b *heldBatch, items []Item) {
		since := b.Time
		if since.IsZero() {
			since = now
		}
		first := items[0].Position
		w.open.add(items, b.number(first)-1-uint64(first.Index), since)
	})
	w.pending.chunk = n
}

// taken notes that the chunk was taken.
func (s *session) taken(settled bus.Position) {
	w := s.w
	w.mu.Lock()
	s.passLocked(w.pending.chunk)
	w.settleLocked(settled)
	w.state = Running
	w.mu.Unlock()
	s.release()
}

// passLocked takes n pending records off, whatever became of them, and batches
// of which nothing is left.
func (s *session) passLocked(n int) {
	w := s.w
	if n > 0 {
		t, last := w.pending.drop(n)
		w.read = last
		w.ahead.pass(t, last.Number)
	}
	for b, ok := w.pending.finished(); ok; b, ok = w.pending.finished() {
		w.read = b.Through
		s.emptied = append(s.emptied, b)
	}
	w.restLocked()
}

// release gives the memory of batches back that are done with.
func (s *session) release() {
	for _, b := range s.emptied {
		s.recycle(b)
	}
	clear(s.emptied)
	s.emptied = s.emptied[:0]
}

// refused notes that a chunk was not taken, or that nobody is there to take it.
func (s *session) refused(err error, records int) {
	s.w.failed(err, records)
	s.w.fallBehind()
}

// condemned returns those of items that err says can never be taken.
func condemned(items []Item, err error) (dead []Item) {
	positions := Rejected(err)
	if positions == nil {
		if IsPermanent(err) {
			return items
		}
		return nil
	}
	rejected := make(map[bus.Position]bool, len(positions))
	for _, p := range positions {
		rejected[p] = true
	}
	for _, it := range items {
		if rejected[it.Position] {
			dead = append(dead, it)
		}
	}
	return dead
}

// bury makes items of the chunk dead letters.
func (s *session) bury(ctx context.Context, items []Item, why error) error {
	w := s.w
	w.mu.Lock()
	setting, kind := w.setting, w.dest.Kind
	w.mu.Unlock()
	err := w.router.dead.add(ctx, w.stable, &setting, kind, w.cfg.Now(), items, why)
	full := errors.Is(err, bus.ErrBucketFull)
	if err != nil && !full {
		return err
	}
	if full {
		w.log.Error("records are lost: there is no room for more dead letters", slog.Int("records", len(items)),
			slog.String("reason", reason(why)))
	} else {
		w.log.Warn("records became dead letters", slog.Int("records", len(items)), slog.String("reason", reason(why)))
	}
	fate := deadItem
	if full {
		fate = lostItem
	}
	w.mu.Lock()
	w.open.kill(items, fate)
	if len(items) == w.pending.chunk {
		s.passLocked(len(items))
	} else {
		dead := make(map[bus.Position]bool, len(items))
		for i := range items {
			dead[items[i].Position] = true
		}
		number := w.pending.numberOf(items[len(items)-1].Position)
		w.ahead.pass(w.pending.remove(dead), number)
		s.passLocked(0)
	}
	w.settleLocked(bus.Position{Epoch: w.mark.Epoch})
	w.mu.Unlock()
	s.release()
	return nil
}

func (s *session) flush(ctx context.Context, force bool) error {
	settled, err := s.w.call(ctx, func(ctx context.Context) (bus.Position, error) { return s.dest.Flush(ctx, force) })
	if err == nil {
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		s.w.settleLocked(settled)
		s.w.state = Running
		return nil
	}
	if MustReopen(err) {
		s.w.failed(err, 0)
		return fmt.Errorf("%w: %w", errReopen, err)
	}
	return err
}

// settleLocked notes that all through p is settled.
func (w *worker) settleLocked(p bus.Position) {
	mark, moved := w.open.settle(p, &w.counts)
	if moved {
		mark.Epoch = w.read.Epoch
		if mark.Epoch == 0 {
			mark.Epoch = w.cfg.Bus.Last().Epoch
		}
		w.moveLocked(mark)
	}
	w.restLocked()
}

// restLocked moves the mark over unwanted records behind what is settled, but
// not over those that the next destination may want.
func (w *worker) restLocked() {
	if w.open.records == 0 && w.read.After(w.mark.Position) && (w.limit == nil || w.read.Number <= *w.limit) {
		w.moveLocked(w.read)
	}
}

// moveLocked moves the settled mark, and counts what was missed before it.
func (w *worker) moveLocked(m bus.Mark) {
	w.mark, w.dirty = m, true
	rest := w.missed[:0]
	for _, ms := range w.missed {
		if ms.behind <= m.Number {
			w.counts.Dropped += ms.n
		} else {
			rest = append(rest, ms)
		}
	}
	w.missed = rest
	w.rules = w.rules.past(m.Number)
}
