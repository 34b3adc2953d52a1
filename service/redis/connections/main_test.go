package connections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reslog/service/redis/event"
)

// TestMain runs the process again as a child that a test kills, or the tests.
func TestMain(m *testing.M) {
	if os.Getenv("RESLOG_CONNECTIONS_CHILD") != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

// stream is an Out in memory: what was emitted, of which some is on disk.
type stream struct {
	mu     sync.Mutex
	events []event.Event
	disk   int // how many are
	passed int // of them are not to be asked for any more
	syncs  int
	looks  int
	// refuse says whether an event is refused, and whether it is kept nevertheless.
	refuse func(e event.Event) (err error, kept bool)
	// syncErr is what Sync returns.
	syncErr error
	// syncing is called when Sync begins.
	syncing func()
	// slow is called in Emit.
	slow func(e event.Event)
}

var errRefused = errors.New("refused")

func (s *stream) Emit(_ context.Context, e event.Event) error {
	if s.slow != nil {
		s.slow(e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err, kept := s.refuse(e); err != nil {
			if kept {
				s.events = append(s.events, e)
			}
			return err
		}
	}
	s.events = append(s.events, e)
	return nil
}

func (s *stream) Sync(context.Context) ([]byte, error) {
	if s.syncing != nil {
		s.syncing()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.syncs++
	if s.syncErr != nil {
		return nil, s.syncErr
	}
	s.disk = len(s.events)
	return strconv.AppendInt(nil, int64(s.disk), 10), nil
}

func (s *stream) Passed(_ context.Context, mark []byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed, err = strconv.Atoi(string(mark))
	return err
}

func (s *stream) Since(_ context.Context, mark []byte, fn func(id string)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	n := 0
	if mark != nil {
		var err error
		if n, err = strconv.Atoi(string(mark)); err != nil {
			return err
		}
	}
	if n > s.disk {
		return fmt.Errorf("mark %d of %d", n, s.disk)
	}
	if n < s.passed {
		return fmt.Errorf("asked from %d on, although %d were passed", n, s.passed)
	}
	for _, e := range s.events[n:s.disk] {
		fn(e.ID)
	}
	return nil
}

// crashed is what is left of a stream after a crash: what is on disk.
func (s *stream) crashed() *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &stream{events: slices.Clone(s.events[:s.disk]), disk: s.disk}
}

func (s *stream) all() []event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// unsynced is a file that takes no time to sync.
type unsynced struct{ *os.File }

func (unsynced) Sync() error { return nil }

// quick are internals of a Book that does not wait for a disk, and does not tick.
func quick() internals {
	in := defaults()
	in.wrap = func(f *os.File) file { return unsynced{f} }
	in.folder = func(string) error { return nil }
	in.patience = time.Minute // on a machine that is busy too
	return in
}

var start = time.Date(2026, 11, 26, 10, 0, 0, 123456700, time.UTC)

func config(t testing.TB, dir string, out Out) Config {
	return Config{
		Dir: dir, Out: out, SyncInterval: time.Hour,
		Now:    func() time.Time { return start },
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

func reopen(t testing.TB, cfg Config, in internals) *Book {
	t.Helper()
	b, err := open(t.Context(), cfg, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	return b
}

func take(t testing.TB, b *Book, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		if err := b.Take(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
}

// maker makes events with IDs of their own.
type maker struct{ n int }

func (m *maker) event(typ event.Type, source string, id int64) event.Event {
	m.n++
	return event.Event{
		ID: fmt.Sprintf("%s-%d", typ, m.n), Type: typ, Time: start.Add(time.Duration(m.n) * time.Second),
		Connection: event.Connection{
			ID: id, Source: source,
			Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 1, 4}), uint16(id)),
			Server: netip.MustParseAddrPort("[fd40::1]:6380"),
			Opened: start,
		},
	}
}

func (m *maker) open(id int64) event.Event { return m.event(event.NewConnection, proxy, id) }

func (m *maker) close(id int64) event.Event {
	e := m.event(event.CloseConnection, proxy, id)
	e.Reason = event.ByClient
	return e
}

func (m *maker) auth(id int64, status event.Status, user string) event.Event {
	e := m.event(event.Authentication, proxy, id)
	e.Status, e.User = status, user
	return e
}

// copyDir copies the files of a journal.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// complete checks what a stream has at last: no event twice, and of each connection of
// a proxy one new event, first, and one that closes it, last. Events must be there.
func complete(t testing.TB, what string, got []event.Event, must map[string]bool) {
	t.Helper()
	ids := make(map[string]bool)
	state := make(map[int64]event.Type)
	for i, e := range got {
		if ids[e.ID] {
			t.Errorf("%s: event %s is there twice", what, e.ID)
		}
		ids[e.ID] = true
		if e.Connection.Source != proxy {
			continue
		}
		id := e.Connection.ID
		was, known := state[id]
		if known != (e.Type != event.NewConnection) || was == event.CloseConnection {
			t.Errorf("%s: %d: %s of %d comes after %q", what, i, e.Type, id, was)
		}
		state[id] = e.Type
	}
	for id, last := range state {
		if last != event.CloseConnection {
			t.Errorf("%s: connection %d is not closed", what, id)
		}
	}
	for id := range must {
		if !ids[id] {
			t.Errorf("%s: event %s is lost", what, id)
		}
	}
}
