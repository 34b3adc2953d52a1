package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"

	"reslog/bus"
)

// open opens the destination, however long it takes.
func (s *session) open(ctx context.Context) error {
	w := s.w
	for {
		err := s.tryOpen(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case IsPermanent(err):
			w.failed(err, 0)
			s.dest = refusal{err}
			return nil
		}
		s.refused(err, 0)
		if err := w.pause(ctx, &w.attempt, err); err != nil {
			return cause(ctx, err)
		}
		if err := s.between(ctx); err != nil {
			return err
		}
	}
}

func (s *session) tryOpen(ctx context.Context) error {
	w := s.w
	w.mu.Lock()
	o := Opening{Setting: w.setting, Destination: w.dest}
	s.note = w.router.states.note(stateKey(w.cursorName, w.incarnation))
	w.mu.Unlock()
	o.State = s.note
	if w.kind.Open == nil {
		return fmt.Errorf("no destination of kind %q is built into this node", o.Destination.Kind)
	}
	_, err := w.call(ctx, func(ctx context.Context) (_ bus.Position, err error) {
		s.dest, err = w.kind.Open(ctx, o)
		return bus.Position{}, err
	})
	if err != nil {
		s.note.close()
		return fmt.Errorf("open destination: %w", err)
	}
	return nil
}

// close closes the destination, for at most StopTimeout.
func (s *session) close() {
	w := s.w
	defer s.note.close()
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.StopTimeout)
	defer cancel()
	_, err := w.call(ctx, func(ctx context.Context) (bus.Position, error) { return bus.Position{}, s.dest.Close(ctx) })
	if err != nil {
		w.log.Warn("the destination could not be closed", slog.String("error", reason(err)))
	}
}

// refusal is the destination of a setting that has none that could ever be opened.
type refusal struct{ err error }

func (r refusal) Deliver(context.Context, []Item) (bus.Position, error) {
	return bus.Position{}, Permanent(r.err)
}
func (refusal) Flush(context.Context, bool) (bus.Position, error) { return bus.Position{}, nil }
func (refusal) Close(context.Context) error                       { return nil }

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

// pause waits before the next attempt, longer each time, and at least for as
// long as the error of the last one asks for.
func (w *worker) pause(ctx context.Context, attempt *int, err error) error {
	d := w.cfg.RetryMax
	if *attempt < 20 {
		d = min(d, w.cfg.RetryMin<<*attempt)
	}
	*attempt++
	d = d/2 + rand.N(d/2+1)
	if after, ok := RetryDelay(err); ok {
		d = max(d, min(after, max(maxRetryAfter, w.cfg.RetryMax)))
	}
	return w.cfg.Wait(ctx, d)
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

// note keeps an error for the ledger.
func (w *worker) note(err error) {
	text := reason(err)
	w.mu.Lock()
	first := w.state != Retrying
	w.lastErr, w.failedAt = text, w.cfg.Now()
	w.mu.Unlock()
	if first {
		w.log.Warn("delivery failed", slog.String("error", text))
	}
}

func (w *worker) setState(p Phase) {
	w.mu.Lock()
	w.state = p
	w.mu.Unlock()
}
