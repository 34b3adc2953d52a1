package connections

import (
	"errors"
	"log/slog"
	"slices"
	"testing"

	"reslog/service/redis/event"
)

// What Out refuses is handed over once more, unless it was kept; in order, and once.
func TestRefusedEventsAreOwed(t *testing.T) {
	for _, kept := range []bool{false, true} {
		var m maker
		refusing := true
		out := &stream{refuse: func(e event.Event) (error, bool) {
			if refusing && e.Connection.ID == 1 {
				return errRefused, kept
			}
			return nil, false
		}}
		b := reopen(t, config(t, t.TempDir(), out), quick())
		opened, auth, closed := m.open(1), m.auth(1, event.Failed, "x"), m.close(1)
		if err := b.Take(t.Context(), opened); !errors.Is(err, errRefused) {
			t.Fatalf("kept %t: %v", kept, err)
		}
		if len(b.Connections("")) != 1 {
			t.Error("what happened is not in the book")
		}
		for _, e := range []event.Event{auth, closed} {
			if err := b.Take(t.Context(), e); !errors.Is(err, ErrOwed) {
				t.Fatalf("kept %t: %v", kept, err)
			}
		}
		take(t, b, m.open(2), m.close(2))
		settled := b.keeper.settled
		if !kept {
			if err := b.mark(t.Context()); !errors.Is(err, errRefused) {
				t.Fatalf("marked while an event is owed: %v", err)
			}
		}
		if b.keeper.settled != settled || b.Stats().Owed != 3 {
			t.Fatalf("settled %d, then %d; %+v", settled, b.keeper.settled, b.Stats())
		}
		refusing = false
		must := map[string]bool{opened.ID: true, auth.ID: true, closed.ID: true}
		// A crash now comes to the same.
		crash := out.crashed()
		next := reopen(t, config(t, copyDir(t, b.cfg.Dir), crash), quick())
		complete(t, "after a crash", crash.all(), must)
		if s := next.Stats(); s.Interrupted != 0 {
			t.Errorf("stats after a crash: %+v", s)
		}

		if err := b.mark(t.Context()); err != nil {
			t.Fatal(err)
		}
		complete(t, "settled", out.all(), must)
		if s := b.Stats(); s.Owed != 0 || s.Lost != 0 || b.keeper.settled != 5 {
			t.Errorf("stats: %+v, settled %d", s, b.keeper.settled)
		}
		take(t, b, m.open(3), m.close(3))
	}
}

func TestDebtsAreBounded(t *testing.T) {
	var m maker
	out := &stream{refuse: func(event.Event) (error, bool) { return errRefused, false }}
	in := quick()
	in.maxOwed = 3
	b := reopen(t, config(t, t.TempDir(), out), in)
	for i := range 5 {
		if err := b.Take(t.Context(), m.open(int64(i))); !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
	}
	if s := b.Stats(); s.Owed != 3 || s.Lost != 2 || s.Open != 5 {
		t.Fatalf("stats: %+v", s)
	}
	for range 3*maxTries - 1 {
		if err := b.mark(t.Context()); err == nil {
			break
		}
	}
	if s := b.Stats(); s.Owed != 0 || s.Lost != 5 {
		t.Errorf("stats: %+v", s)
	}
}

// Who does nothing is marked now and then, and what fails is said once.
func TestTicks(t *testing.T) {
	var m maker
	var log lines
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := reopen(t, cfg, quick())
	before := out.syncs
	for range 4 * idleTicks {
		b.tick(t.Context())
	}
	if got := out.syncs - before; got != 4 {
		t.Errorf("%d syncs while nothing happened", got)
	}
	take(t, b, m.open(1))
	out.syncErr = errRefused
	for range 5 {
		b.tick(t.Context())
	}
	out.syncErr = nil
	for range 5 {
		b.tick(t.Context())
	}
	if log.count("cannot mark") != 1 || log.count("marked again") != 1 || b.keeper.settled != 1 || out.syncs-before != 4+5+1 {
		t.Errorf("%d syncs, settled %d, said: %s", out.syncs-before, b.keeper.settled, log.b.String())
	}
}

func TestFlights(t *testing.T) {
	var f flights
	over := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	var done []bool
	ch, fresh := f.turn()
	done = append(done, over(ch), fresh)
	a := f.begin()
	ch, fresh = f.turn()
	done = append(done, over(ch), fresh)
	c := f.begin()
	same, fresh := f.turn()
	done = append(done, over(same), fresh)
	f.end(c)
	done = append(done, over(ch))
	f.end(a)
	done = append(done, over(ch), over(same))
	ch, fresh = f.turn()
	done = append(done, over(ch), fresh)
	want := []bool{true, true, false, true, false, false, false, true, true, true, true}
	if !slices.Equal(done, want) {
		t.Errorf("got  %v\nwant %v", done, want)
	}
}
