package deliver

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// change makes the worker follow a setting that changed. now returns the mark of
// the last record that was emitted before.
func (w *worker) change(s *diagnostic.Setting, d diagnostic.Destination, now func() bus.Mark) {
	w.mu.Lock()
	swap := !sameDestination(w.target(), d)
	if reflect.DeepEqual(w.setting, *s) && !swap {
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	last := now().Number

	w.mu.Lock()
	w.rules = w.rules.change(s, last)
	w.ahead.reset() // it was counted by other rules
	w.setting = *s
	if swap {
		w.turnLocked(d, last)
	}
	w.dirty = true
	w.mu.Unlock()
	signal(w.kick)
	w.save(context.Background(), true)
}

// turn is a destination that a worker changes to, with the Number of the last
// record that it gets; nil as long as nobody knows.
type turn struct {
	Destination diagnostic.Destination `json:"destination"`
	Through     *uint64                `json:"through,omitempty"`
}

// maxTurns bounds how many destinations may wait for those before them. Of more
// changes than that, the latest destination gets what was for those left out.
const maxTurns = 16

// turnLocked makes d the destination of what lies behind the record of a number.
func (w *worker) turnLocked(d diagnostic.Destination, number uint64) {
	if n := len(w.next); n == maxTurns {
		w.next[n-1].Destination = d
		return
	}
	w.boundLocked(number)
	w.next = append(w.next, turn{Destination: d})
}

// boundLocked says what the last record is of the destination that is last in turn.
func (w *worker) boundLocked(number uint64) {
	if n := len(w.next); n > 0 {
		w.next[n-1].Through = &number
		return
	}
	w.limit = &number
	w.expireLocked(true)
}

// endLocked returns the Number of the last record of a worker that ends, nil for
// any other.
func (w *worker) endLocked() *uint64 {
	switch n := len(w.next); {
	case !w.ended:
		return nil
	case n > 0:
		return w.next[n-1].Through
	}
	return w.limit
}

// target returns the destination the worker is to have.
func (w *worker) target() diagnostic.Destination {
	if n := len(w.next); n > 0 {
		return w.next[n-1].Destination
	}
	return w.dest
}

func sameDestination(a, b diagnostic.Destination) bool {
	return a.Kind == b.Kind && a.Target.Equal(b.Target) && maps.Equal(a.Options, b.Options)
}

// end makes the worker deliver through a record, drop its cursor and stop.
func (w *worker) end(number uint64) {
	w.mu.Lock()
	if !w.ended {
		w.ended, w.dirty = true, true
		w.ahead.reset() // what lies behind is not its own
		w.boundLocked(number)
	}
	w.mu.Unlock()
	signal(w.kick)
	w.save(context.Background(), true)
}

// expireLocked bounds what is left to do for the present destination: from now
// on if anew is set, else from when it was first bounded, however many sessions
// there have been since.
func (w *worker) expireLocked(anew bool) {
	if anew || w.expires.IsZero() {
		w.expires = time.Now().Add(w.cfg.DrainTimeout)
	}
	limit := w.limit
	time.AfterFunc(time.Until(w.expires), func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.limit == limit && w.abandon != nil {
			w.abandon(errExpired)
		}
	})
}

// closeLimit does what is due when the destination has got, or could not get,
// its last record: the worker ends, true, or goes on with the next destination.
func (w *worker) closeLimit(ctx context.Context, err error) (over bool) {
	w.mu.Lock()
	if !w.ended || len(w.next) > 0 {
		old := w.swapLocked()
		w.mu.Unlock()
		w.swapped(ctx, old)
		return false
	}
	for _, d := range w.drains {
		close(d.done)
	}
	w.drains = nil
	w.mu.Unlock()
	if errors.Is(err, errExpired) {
		w.giveUp(ctx)
	}
	for attempt := 0; ; {
		w.saving.Lock()
		err := w.cursor.Delete(ctx)
		w.saving.Unlock()
		if err == nil {
			break
		}
		w.failed(err, 0)
		if w.pause(ctx, &attempt, err) != nil {
			return true
		}
	}
	w.forget(ctx, w.incarnation)
	return true
}

// swapLocked puts the next destination in the place of the present one, and
// returns the incarnation that is over.
func (w *worker) swapLocked() (old string) {
	old = w.incarnation
	w.limit, w.dirty = nil, true
	if len(w.next) > 0 {
		t := w.next[0]
		w.next = slices.Delete(w.next, 0, 1)
		if !sameDestination(w.dest, t.Destination) {
			w.incarnation, w.late, w.attempt = newIncarnation(), time.Time{}, 0
		}
		w.dest, w.limit = t.Destination, t.Through
	}
	w.expires = time.Time{}
	w.open = unsettled{}
	return old
}

// swapped makes a swap durable. Only then the note of the destination before may
// go: until it is saved, a crash brings that one back.
func (w *worker) swapped(ctx context.Context, old string) {
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	w.saving.Lock()
	err := w.saveLocked(save)
	w.saving.Unlock()
	switch {
	case err != nil:
		w.log.Warn("the state of delivery could not be saved, trying again", slog.Any("error", err))
	case old != w.incarnation:
		w.forget(ctx, old)
	}
}

// forget removes the note of a destination that is no more. If that fails, the
// next start of the process does it.
func (w *worker) forget(ctx context.Context, incarnation string) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	if err := w.router.states.remove(ctx, stateKey(w.cursorName, incarnation)); err != nil {
		w.log.Warn("the state of a destination that is gone is left over", slog.String("error", reason(err)))
	}
}

// countTimeout bounds counting what is given up.
const countTimeout = 10 * time.Second

// giveUp counts what a removed setting's destination has not settled, and will
// never.
func (w *worker) giveUp(ctx context.Context) {
	// What it took and did not settle, and what it was not given.
	w.mu.Lock()
	taken := w.open.records - w.open.gone.sum() - w.pending.chunk
	cfg := w.scoutLocked(w.read)
	mark, limit := w.mark, *w.limit
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	waiting, err := w.countThrough(ctx, cfg, limit)

	n := uint64(max(0, taken)) + waiting.Records
	w.router.abandoned.Add(n)
	w.mu.Lock()
	w.counts.Dropped += n
	w.counts.Lost += n
	w.open = unsettled{}
	w.pending = pending{}
	w.ahead.reset()
	w.mu.Unlock()
	w.log.Warn("a setting was removed and its destination did not take the rest in time",
		slog.Uint64("abandoned", n), slog.Bool("all counted", err == nil),
		slog.Uint64("settled", mark.Number), slog.Uint64("end", limit))
}

// countThrough counts through a record.
func (w *worker) countThrough(ctx context.Context, cfg bus.ScoutConfig, number uint64) (sum bus.Tally, err error) {
	scout, err := w.cfg.Bus.Scout(cfg)
	if err != nil {
		return sum, err
	}
	defer scout.Close()
	for more := true; more && scout.Through().Number < number; {
		var t bus.Tally
		if t, more, err = scout.Next(ctx); err != nil {
			return sum, err
		}
		sum.Records += t.Records
		sum.Bytes += t.Bytes
	}
	return sum, nil
}

// drain is somebody who waits until all through a record is settled.
type drain struct {
	ctx    context.Context // until when he waits
	number uint64
	done   chan struct{}
}

// drain returns a channel that is closed when all through a record is settled,
// if that comes about before ctx ends.
func (w *worker) drain(ctx context.Context, number uint64) <-chan struct{} {
	d := drain{ctx: ctx, number: number, done: make(chan struct{})}
	w.mu.Lock()
	w.drains = append(w.drains, d)
	w.mu.Unlock()
	signal(w.kick)
	return d.done
}
