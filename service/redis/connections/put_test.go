package connections

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// waiter is a Waiter to receive from.
type waiter chan struct{}

func (w waiter) Noted() { w <- struct{}{} }

func put(t testing.TB, b *Book, w Waiter, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		if err := b.Put(e, w); err != nil {
			t.Error(err)
		}
	}
}

// told waits until a waiter was told n times.
func told(t testing.TB, w waiter, n int) {
	t.Helper()
	for range n {
		select {
		case <-w:
		case <-time.After(30 * time.Second):
			t.Fatal("nobody is told")
		}
	}
}

// What was put is in the journal when its Waiter is told, and handed over in its order,
// whatever comes at the same time.
func TestPutsKeepTheirOrder(t *testing.T) {
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	const clients, each = 8, 200
	must := make(map[string]bool)
	var mu sync.Mutex
	var running sync.WaitGroup
	for g := range clients {
		running.Go(func() {
			m := maker{n: g * 1_000_000}
			w := make(waiter, 3*each)
			for range each {
				id := b.NextID()
				events := []event.Event{m.open(id), m.auth(id, event.OK, "alice"), m.close(id)}
				put(t, b, w, events...)
				mu.Lock()
				for _, e := range events {
					must[e.ID] = true
				}
				mu.Unlock()
			}
			told(t, w, 3*each)
		})
	}
	running.Wait()
	crash := out.crashed() // Out has kept nothing yet
	if s := survivors(t, b, crash); s.Recovered != 3*clients*each || s.Interrupted != 0 {
		t.Errorf("after a crash: %+v", s)
	}
	complete(t, "after a crash", crash.all(), must)
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	complete(t, "without one", out.all(), must)
	if s := b.Stats(); s.Taken != 3*clients*each || s.Late != 0 || s.Open != 0 {
		t.Errorf("stats: %+v", s)
	}
}

// Put waits for nothing: neither for the disk nor for Out.
func TestPutOnASlowDisk(t *testing.T) {
	var m maker
	var d disk
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	cfg.Logger = slog.New(slog.DiscardHandler)
	in := d.internals()
	in.patience = 20 * time.Millisecond
	b := reopen(t, cfg, in)
	hang := make(chan struct{})
	d.set(false, hang)
	w := make(waiter, 8)
	put(t, b, w, m.open(1), m.auth(1, event.OK, "alice"), m.open(2))
	told(t, w, 3) // after patience
	put(t, b, w, m.close(1))
	told(t, w, 1) // at once
	if s := b.Stats(); s.Late != 4 || s.Missing != 0 {
		t.Errorf("stats: %+v", s)
	}
	if got := out.all(); len(got) != 4 || got[0].Type != event.NewConnection || got[3].Type != event.CloseConnection {
		t.Errorf("handed over: %v", got)
	}
	close(hang)
	d.set(false, nil)
	b.tick(t.Context())
	caughtUp(t, b)
	put(t, b, w, m.close(2))
	told(t, w, 1)
	crash := out.crashed()
	survivors(t, b, crash)
	complete(t, "after a crash", crash.all(), nil)
}

// An event for which the journal has no room does not overtake those that wait for it.
func TestPutOfWhatHasNoRoom(t *testing.T) {
	var m maker
	var d disk
	out := &stream{}
	in := d.internals()
	in.maxPending = 1000
	b := reopen(t, config(t, t.TempDir(), out), in)
	hang := make(chan struct{})
	d.set(false, hang)
	w := make(waiter, 64)
	var want []string
	for range 32 {
		e := m.auth(1, event.Failed, "eve")
		want = append(want, e.ID)
		put(t, b, w, e)
	}
	if s := b.Stats(); s.Missing == 0 {
		t.Fatalf("stats: %+v", s)
	}
	close(hang)
	told(t, w, len(want))
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range out.all() {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("handed over %v, want %v", got, want)
	}
}

// What Out refuses is handed over again, before the later events of its connection.
func TestPutOfWhatOutRefuses(t *testing.T) {
	var m maker
	var refusing atomic.Bool
	refusing.Store(true)
	out := &stream{refuse: func(e event.Event) (error, bool) {
		if refusing.Load() && e.Connection.ID == 1 && e.Type == event.NewConnection {
			return errRefused, false
		}
		return nil, false
	}}
	cfg := config(t, t.TempDir(), out)
	var refused []error
	cfg.Refused = func(err error) { refused = append(refused, err) }
	b := reopen(t, cfg, quick())
	w := make(waiter, 8)
	events := []event.Event{m.open(1), m.open(2), m.auth(1, event.OK, "alice"), m.close(2), m.close(1)}
	put(t, b, w, events...)
	told(t, w, len(events))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := b.landed(ctx); err != nil {
		t.Fatal(err)
	}
	if len(refused) != 3 || !errors.Is(refused[0], errRefused) || !errors.Is(refused[1], ErrOwed) || b.Stats().Owed != 3 {
		t.Errorf("refused: %v, stats %+v", refused, b.Stats())
	}
	refusing.Store(false)
	b.tick(t.Context())
	must := make(map[string]bool)
	for _, e := range events {
		must[e.ID] = true
	}
	complete(t, "at last", out.all(), must)
}

// After Close nothing is put, and nobody told.
func TestPutAfterClose(t *testing.T) {
	var m maker
	b := reopen(t, config(t, t.TempDir(), &stream{}), quick())
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := make(waiter, 1)
	if err := b.Put(m.open(1), w); !errors.Is(err, ErrClosed) || len(w) != 0 {
		t.Errorf("Put returned %v, %d told", err, len(w))
	}
	if err := b.Put(event.Event{}, w); !errors.Is(err, ErrEvent) {
		t.Errorf("Put returned %v", err)
	}
}
