package deliver_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

func TestWaitsGrowToTheirLimitWithJitter(t *testing.T) {
	var mu sync.Mutex
	var waits []time.Duration
	var s sink
	s.fail = func([]deliver.Item) error {
		mu.Lock()
		defer mu.Unlock()
		if len(waits) < 10 {
			return errors.New("busy")
		}
		return nil
	}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s),
		Wait: func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, d)
			return ctx.Err()
		},
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "r")
	n.drain()
	mu.Lock()
	defer mu.Unlock()
	if len(waits) != 10 {
		t.Fatalf("%d waits, want 10", len(waits))
	}
	// From 1 ms, doubling, to 10 ms; each between half of that and all of it.
	full := time.Millisecond
	for i, d := range waits {
		if d < full/2 || d > full {
			t.Errorf("wait %d is %v, want %v to %v", i, d, full/2, full)
		}
		full = min(2*full, 10*time.Millisecond)
	}
	if e := n.ledger("x"); e.Retried != 10 {
		t.Errorf("retried %d, want 10", e.Retried)
	}
}

func TestDrainGivesUpWithItsContext(t *testing.T) {
	s := sink{fail: func([]deliver.Item) error { return errors.New("down") }}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), DrainTimeout: 50 * time.Millisecond,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "r")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := n.router.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("drain: %v", err)
	}
	s.setFail(nil)
	n.drain()
	wantIDs(t, s.held(), []string{"r"})
}

// However the error comes, with whatever else it says.
func TestTheWishIsHeardEverywhere(t *testing.T) {
	throttled := deliver.RetryAfter(errors.New("429"), time.Minute)
	for name, c := range map[string]struct {
		deliver func(batch []deliver.Item) error
		flush   error
		open    error
	}{
		"open":              {open: throttled},
		"flush":             {flush: throttled},
		"reopen":            {deliver: func([]deliver.Item) error { return deliver.Reopen(throttled) }},
		"reopened by flush": {flush: deliver.Reopen(throttled)},
		"reject": {deliver: func(batch []deliver.Item) error {
			if batch[0].Record.ID != "r000" {
				return nil
			}
			return deliver.Reject(throttled, batch[0].Position)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := sink{fail: c.deliver}
			p := newPauses()
			n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
				Kinds: opened(func(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
					if c.open != nil {
						return nil, c.open
					}
					d, err := s.open(ctx, o)
					return &flushFailing{d, c.flush}, err
				}),
				Wait: p.wait, StopTimeout: 500 * time.Millisecond,
			})
			n.put(setting("x", blobsA, accountA, "1.0", read))
			n.emit(blobsA, read, numbers("r", 0, 5)...)
			if d := p.next(t); d != time.Minute {
				t.Errorf("waits %v", d)
			}
		})
	}
}

type flushFailing struct {
	deliver.Destination
	err error
}

func (f *flushFailing) Flush(ctx context.Context, force bool) (bus.Position, error) {
	if f.err != nil {
		return bus.Position{}, f.err
	}
	return f.Destination.Flush(ctx, force)
}
