package connections

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/internal/lockfile"
	"reslog/service/redis/event"
)

func ids(connections []Connection) (ids []int64) {
	for _, c := range connections {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestBookTellsWhoIsConnected(t *testing.T) {
	var m maker
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	long := strings.Repeat("x", 300)
	sent := []event.Event{
		m.open(1), m.open(2), m.open(3), m.event(event.NewConnection, "audit", 1),
		m.auth(1, event.Failed, "mallory"), m.auth(1, event.DirectoryPending, "mallory"), m.auth(1, event.DirectoryError, "mallory"),
		m.auth(1, event.OK, "alice\r\n"), m.auth(1, event.Failed, "root"),
		m.auth(2, event.NotRequired, long),
		m.auth(9, event.OK, "nobody"), m.close(9), // never opened
		m.close(3),
	}
	take(t, b, sent...)
	if got := out.all(); !slices.EqualFunc(got, sent, func(a, b event.Event) bool { return a == b }) {
		t.Errorf("handed over: %+v", got)
	}
	got := b.Connections("proxy")
	if len(got) != 2 || len(b.Connections("")) != 3 || len(b.Connections("audit")) != 1 {
		t.Fatalf("open: %+v", b.Connections(""))
	}
	want := Connection{Connection: sent[0].Connection, User: "alice\r\n", Authenticated: sent[7].Time, Failures: 3}
	if got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	if got[1].User != long[:event.MaxUser] {
		t.Errorf("user has %d bytes", len(got[1].User))
	}
	// An ID that an audit stream uses again is another connection.
	again := m.event(event.NewConnection, "audit", 1)
	again.Connection.Database = "other"
	take(t, b, m.event(event.Authentication, "audit", 1), again)
	if got := b.Connections("audit"); len(got) != 1 || got[0].Database != "other" || got[0].Failures != 0 {
		t.Errorf("after its ID was used again: %+v", got)
	}
	if s := b.Stats(); s.Open != 3 || s.Taken != 15 || s.Late != 0 || s.Missing != 0 || s.JournalBytes == 0 {
		t.Errorf("stats: %+v", s)
	}
}

func TestTakeRefusesWhatIsNoEvent(t *testing.T) {
	var m maker
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	for _, spoil := range []func(e *event.Event){
		func(e *event.Event) { e.ID = "" },
		func(e *event.Event) { e.ID = strings.Repeat("x", 65) },
		func(e *event.Event) { e.Type = "command" },
		func(e *event.Event) { e.Connection.Source = "" },
		func(e *event.Event) { e.Connection.Source = strings.Repeat("x", 33) },
	} {
		e := m.open(1)
		spoil(&e)
		if err := b.Take(t.Context(), e); !errors.Is(err, ErrEvent) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Take(t.Context(), m.open(1)); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if b.NextID() == 0 || len(out.all()) != 0 {
		t.Errorf("handed over: %+v", out.all())
	}
}

func TestBookIsBounded(t *testing.T) {
	var m maker
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	cfg.MaxOpen = 2
	b := reopen(t, cfg, quick())
	take(t, b, m.open(1), m.open(2), m.open(3), m.auth(3, event.OK, "x"), m.close(3),
		m.event(event.NewConnection, "audit", 1), m.close(1), m.open(4))
	if got := ids(b.Connections("proxy")); !slices.Equal(got, []int64{2, 4}) {
		t.Errorf("open: %v", got)
	}
	if s := b.Stats(); s.Unlisted != 1 || s.Open != 3 || len(out.all()) != 8 {
		t.Errorf("stats: %+v, %d handed over", s, len(out.all()))
	}
}

func TestDirIsForOneProcess(t *testing.T) {
	cfg := config(t, filepath.Join(t.TempDir(), "a", "b"), &stream{})
	b := reopen(t, cfg, defaults())
	if _, err := Open(t.Context(), cfg); !errors.Is(err, lockfile.ErrHeld) {
		t.Fatalf("opened twice: %v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestIDsAreUniqueForLife(t *testing.T) {
	dir := t.TempDir()
	now := start
	last := int64(0)
	next := func(b *Book) {
		t.Helper()
		id := b.NextID()
		if id <= last || id > 1<<53-1 || id < 1e12 || id >= 1e13 {
			t.Fatalf("ID %d after %d", id, last)
		}
		last = id
	}
	for i, clock := range []time.Time{
		start, start, start.Add(-time.Hour), {}, time.Unix(0, 0), start.AddDate(0, 1, 0), start,
	} {
		now = clock
		cfg := config(t, dir, &stream{})
		cfg.Now = func() time.Time { return now }
		b := reopen(t, cfg, quick())
		for range idBlock + 5 {
			next(b)
		}
		if i%2 == 0 {
			if err := b.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		// Killed: what the next process finds is this.
		b.journal.append(b.framer.appendNumber(nil, kindIDs, 0), 0).wait()
		dir = copyDir(t, dir)
	}
	// The milliseconds of the clock without a journal.
	b := reopen(t, config(t, t.TempDir(), &stream{}), quick())
	if got := b.NextID(); got != start.UnixMilli() {
		t.Errorf("first ID %d, want %d", got, start.UnixMilli())
	}
}

// A slow Emit holds up no other connection, and nobody overtakes it on its own.
func TestTakesOfAConnectionKeepTheirOrder(t *testing.T) {
	var m maker
	entered, hold := make(chan struct{}), make(chan struct{})
	out := &stream{slow: func(e event.Event) {
		if e.Connection.ID == 1 && e.Type == event.NewConnection {
			close(entered)
			<-hold
		}
	}}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	opened, other, auth, closed := m.open(1), m.open(2), m.auth(1, event.OK, "a"), m.close(2)
	var wg sync.WaitGroup
	wg.Go(func() { take(t, b, opened) })
	<-entered
	wg.Go(func() { take(t, b, auth) })
	for {
		b.mu.Lock()
		waiting := b.waiting
		b.mu.Unlock()
		if waiting == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	take(t, b, other, closed)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := b.mark(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("marked while an event is on its way: %v", err)
	}
	close(hold)
	wg.Wait()
	if err := b.mark(t.Context()); err != nil {
		t.Error(err)
	}
	var got []string
	for _, e := range out.all() {
		got = append(got, e.ID)
	}
	if want := []string{other.ID, closed.ID, opened.ID, auth.ID}; !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestManyConnectionsAtOnce(t *testing.T) {
	out := &stream{}
	in := quick()
	in.minSize = 1 << 14 // compacted all the time
	cfg := config(t, t.TempDir(), out)
	cfg.SyncInterval = time.Millisecond
	b := reopen(t, cfg, in)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			m := maker{n: g * 1_000_000}
			for range 500 {
				id := b.NextID()
				take(t, b, m.open(id), m.auth(id, event.OK, "alice"))
				if id%3 > 0 {
					take(t, b, m.close(id))
				}
			}
		})
	}
	wg.Wait()
	open := b.Connections("")
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := reopen(t, cfg, quick())
	if s := next.Stats(); s.Interrupted != len(open) || s.Recovered != 0 || s.Open != 0 {
		t.Errorf("%d were open, then %+v", len(open), s)
	}
	complete(t, "at last", out.all(), nil)
}
