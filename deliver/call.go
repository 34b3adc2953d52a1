package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"

	"reslog/bus"
	"reslog/diagnostic"
)

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
