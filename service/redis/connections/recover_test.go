package connections

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// journalOf returns the path of the only journal in a folder.
func journalOf(t testing.TB, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("journals %q, %v", paths, err)
	}
	return paths[0]
}

func TestOpenFinishesWhatAKilledProcessBegan(t *testing.T) {
	var m maker
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	b := reopen(t, cfg, quick())
	audit := m.event(event.NewConnection, "audit", 7)
	take(t, b, m.open(1), m.auth(1, event.OK, "alice"), m.open(2), audit)
	if err := b.mark(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := []event.Event{m.auth(1, event.Failed, "x"), m.close(2), m.open(3)}
	take(t, b, lost...)

	crash := out.crashed()
	cfg = config(t, copyDir(t, cfg.Dir), crash)
	cfg.Now = func() time.Time { return start.Add(6 * time.Second) } // before the latest event
	made := 0
	cfg.NewID = func() string { made++; return fmt.Sprint("made-", made) }
	next := reopen(t, cfg, quick())
	got := crash.all()[4:]
	one, three := lost[0].Connection, lost[2].Connection
	want := append(lost,
		event.Event{ID: "made-1", Type: event.CloseConnection, Time: start.Add(6 * time.Second), Connection: one, Reason: event.Interrupted},
		event.Event{ID: "made-2", Type: event.CloseConnection, Time: lost[2].Time, Connection: three, Reason: event.Interrupted})
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if s := next.Stats(); s.Recovered != 3 || s.Interrupted != 2 {
		t.Errorf("stats: %+v", s)
	}
	if got := next.Connections(""); len(got) != 1 || got[0].Connection != audit.Connection {
		t.Errorf("open: %+v", got)
	}
	if err := next.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Once more, after an end that was good: nothing to do, and nothing to look up.
	crash.looks = 0
	next = reopen(t, cfg, quick())
	if s := next.Stats(); s.Recovered != 0 || s.Interrupted != 0 || s.Open != 1 || crash.looks != 0 {
		t.Errorf("stats: %+v, %d looks", s, crash.looks)
	}
	if err := next.Take(t.Context(), m.event(event.CloseConnection, "audit", 7)); err != nil || len(next.Connections("")) != 0 {
		t.Errorf("close the audit's: %v, %+v", err, next.Connections(""))
	}
}

// The mark that Since looks from is older than every event that may be missing: an
// event that was on disk before the mark is not taken for missing.
func TestEventsBesideAMarkAreFound(t *testing.T) {
	var m maker
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	beside := m.open(2)
	out.syncing = func() {
		// It is emitted behind the events that the mark speaks of, and before the mark.
		out.syncing = nil
		take(t, b, beside)
	}
	take(t, b, m.open(1))
	for range 2 {
		if err := b.mark(t.Context()); err != nil {
			t.Fatal(err)
		}
		crash := out.crashed()
		reopen(t, config(t, copyDir(t, b.cfg.Dir), crash), quick())
		complete(t, "after the mark", crash.all(), map[string]bool{beside.ID: true})
	}
}

// script is a life of a Book with everything in it. It calls after when an event was taken.
func script(t testing.TB, b *Book, after func(e event.Event)) {
	var m maker
	rnd := rand.New(rand.NewPCG(1, 2))
	do := func(e event.Event) {
		if err := b.Take(t.Context(), e); err != nil && !errors.Is(err, errRefused) && !errors.Is(err, ErrOwed) {
			t.Fatal(err)
		}
		after(e)
	}
	var open []int64
	for i := range 24 {
		switch r := rnd.IntN(4); {
		case r < 2 || len(open) == 0:
			id := b.NextID()
			open = append(open, id)
			do(m.open(id))
		case r == 2:
			do(m.auth(open[rnd.IntN(len(open))], event.Status(rnd.IntN(9)), "alice"))
		default:
			n := rnd.IntN(len(open))
			do(m.close(open[n]))
			open = slices.Delete(open, n, n+1)
		}
		if i%7 == 6 {
			if err := b.mark(t.Context()); err != nil && !errors.Is(err, errRefused) {
				t.Fatal(err)
			}
		}
		if i == 9 || i == 17 {
			if err := b.compact(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A journal that ends at any of its bytes: no event is lost that was written whole
// before, none is there twice, and each connection is closed once.
func TestRecoveryFromEveryTruncation(t *testing.T) {
	type step struct {
		at    int64 // of the journal, behind the event
		event event.Event
	}
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	var steps []step
	number := b.dir.current
	script(t, b, func(e event.Event) {
		if b.dir.current != number {
			number = b.dir.current
			for i := range steps {
				steps[i].at = 0 // settled, or in the beginning of the new file
			}
		}
		steps = append(steps, step{b.journal.position(), e})
	})
	content, err := os.ReadFile(journalOf(t, b.cfg.Dir))
	if err != nil {
		t.Fatal(err)
	}
	// Where the connections and the events of the new file's beginning end.
	begun := int64(bytes.Index(content, b.framer.appendNumber(nil, kindComplete, 0)))
	rnd := rand.New(rand.NewPCG(3, 4))
	for cut := begun; cut <= int64(len(content)); cut++ {
		must := make(map[string]bool)
		written := 0
		for _, s := range steps {
			if s.at <= cut {
				must[s.event.ID] = true
				written++
			}
		}
		// What Out has on disk is at least what the marks before say.
		p := &past{file: readOnly{bytes.NewReader(content[:cut])}, size: cut}
		if err := p.read(); err != nil {
			t.Fatal(err)
		}
		disk := int(p.settled) + rnd.IntN(written-int(p.settled)+1)
		crash := &stream{events: slices.Clone(out.events[:disk]), disk: disk}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, prefix+"00000001"), content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := config(t, dir, crash)
		cfg.Logger = nil
		next, err := open(t.Context(), cfg, quick())
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err := next.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		complete(t, fmt.Sprintf("cut at %d with %d on disk", cut, disk), crash.all(), must)
		if t.Failed() {
			return
		}
	}
}

// A journal that is cut in what a compaction wrote at once: what is there is used, and
// it is said that something is missing.
func TestTruncatedBeginning(t *testing.T) {
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	script(t, b, func(event.Event) {})
	if err := errors.Join(b.mark(t.Context()), b.compact()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(journalOf(t, b.cfg.Dir))
	if err != nil {
		t.Fatal(err)
	}
	before := len(b.Connections(""))
	for cut := range content {
		var log strings.Builder
		cfg := config(t, t.TempDir(), out.crashed())
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		if err := os.WriteFile(filepath.Join(cfg.Dir, prefix+"00000001"), content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		next, err := open(t.Context(), cfg, quick())
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if s := next.Stats(); s.Interrupted > before || s.Recovered != 0 || cut < 24 && s.Interrupted > 0 {
			t.Errorf("cut at %d: %+v", cut, s)
		}
		if err := next.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "is damaged") {
			t.Errorf("cut at %d: it is not said: %s", cut, log.String())
		}
	}
}

type readOnly struct{ *bytes.Reader }

func (readOnly) WriteAt([]byte, int64) (int, error) { return 0, errors.New("read only") }
func (readOnly) Sync() error                        { return nil }
func (readOnly) Close() error                       { return nil }

// snap is what a crash at some moment leaves.
type snap struct {
	step string
	dir  string
	out  *stream
	must map[string]bool
}

// crashes returns internals that note what a crash at each step would leave.
func crashes(t testing.TB, dir string, out *stream, must map[string]bool, name string, to *[]snap) internals {
	in := quick()
	in.at = func(step string) {
		s := snap{name + step, copyDir(t, dir), out.crashed(), make(map[string]bool)}
		for id := range must {
			s.must[id] = true
		}
		*to = append(*to, s)
	}
	return in
}

// A crash at every step of Take, mark and compact, and then at every step of the Open
// that follows: no event is lost or there twice, and each connection is closed once.
func TestCrashAtEveryStep(t *testing.T) {
	for _, mode := range []string{"buffered", "refusing"} {
		t.Run(mode, func(t *testing.T) {
			out := &stream{}
			rnd := rand.New(rand.NewPCG(5, 6))
			if mode == "refusing" {
				out.refuse = func(event.Event) (error, bool) {
					if rnd.IntN(3) == 0 {
						return errRefused, rnd.IntN(2) == 0
					}
					return nil, false
				}
			}
			dir := t.TempDir()
			must := make(map[string]bool)
			var first []snap
			b := reopen(t, config(t, dir, out), crashes(t, dir, out, must, "", &first))
			script(t, b, func(e event.Event) { must[e.ID] = true })
			seen := make(map[string]bool)
			for _, s := range first {
				seen[s.step] = true
				var second []snap
				cfg := config(t, s.dir, s.out)
				cfg.Logger = nil
				in := crashes(t, s.dir, s.out, s.must, "crash at "+s.step+", then at ", &second)
				if rnd.IntN(8) > 0 {
					in = quick() // not all, it takes long
				}
				finish(t, s, cfg, in)
				for _, s := range second {
					seen[s.step[strings.LastIndex(s.step, "then at ")+len("then at "):]] = true
					cfg := config(t, s.dir, s.out)
					cfg.Logger = nil
					finish(t, s, cfg, quick())
				}
				if t.Failed() {
					return
				}
			}
			for _, step := range []string{
				"take: in the journal", "take: emitted", "mark: out is synced", "mark: written", "compact: created", "compact: begun", "compact: written",
				"compact: synced", "compact: changed", "compact: over", "open: emitted", "open: closing", "open: closed",
				"open: out is synced", "open: created", "open: written", "open: removed",
			} {
				if !seen[step] {
					t.Errorf("no crash at %q", step)
				}
			}
			t.Logf("%d crashes", len(first))
		})
	}
}

func finish(t *testing.T, s snap, cfg Config, in internals) {
	t.Helper()
	b, err := open(context.Background(), cfg, in)
	if err != nil {
		t.Fatalf("crash at %s: %v", s.step, err)
	}
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	complete(t, "crash at "+s.step, s.out.all(), s.must)
}

// What is damaged in the middle is reported, and the rest is used.
func TestDamageInTheMiddle(t *testing.T) {
	var m maker
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	var ends []int64
	var events []event.Event
	for i := range 6 {
		// The bytes of a frame as a name: it must not be taken for one.
		forged := newFramer(0).appendEvent(nil, 99, &event.Event{ID: "forged", Type: event.NewConnection, Connection: event.Connection{Source: proxy, ID: 99}})
		events = append(events, m.open(int64(i)), m.auth(int64(i), event.OK, string(forged)))
	}
	for _, e := range events {
		take(t, b, e)
		ends = append(ends, b.journal.position())
	}
	content, err := os.ReadFile(journalOf(t, b.cfg.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for damaged := 1; damaged < len(events)-1; damaged++ {
		for _, spoil := range []func(b []byte){
			func(b []byte) { b[0] ^= 0xff },
			func(b []byte) { b[3] = 0x7f },
			func(b []byte) { b[len(b)/2] ^= 1 },
			func(b []byte) { clear(b) },
		} {
			broken := slices.Clone(content)
			spoil(broken[ends[damaged-1]:ends[damaged]])
			var log strings.Builder
			crash := &stream{}
			cfg := config(t, t.TempDir(), crash)
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			path := filepath.Join(cfg.Dir, prefix+"00000041")
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			next := reopen(t, cfg, quick())
			want := len(events) - 1 + 6
			if damaged%2 == 0 {
				want-- // a connection that nobody knows of
			}
			if got := crash.all(); len(got) != want {
				t.Errorf("%d damaged: %d events, want %d", damaged, len(got), want)
			}
			if !strings.Contains(log.String(), "is damaged") || !strings.Contains(log.String(), path) {
				t.Errorf("not said: %s", log.String())
			}
			if kept, err := os.ReadFile(filepath.Join(cfg.Dir, "damaged")); err != nil || !bytes.HasPrefix(kept, broken) {
				t.Errorf("the damaged file is not kept: %v", err)
			}
			if err := next.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			log.Reset()
			reopen(t, cfg, quick())
			if log.Len() > 0 {
				t.Errorf("said again: %s", log.String())
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	var m maker
	out := &stream{}
	b := reopen(t, config(t, t.TempDir(), out), quick())
	take(t, b, m.open(1))
	dir, crash := copyDir(t, b.cfg.Dir), out.crashed()

	// A journal of a later version.
	later := copyDir(t, dir)
	content, err := os.ReadFile(journalOf(t, later))
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(content[8:], version+1)
	binary.LittleEndian.PutUint32(content[20:], newFramer(0).checksum(content[:20]))
	if err := os.WriteFile(journalOf(t, later), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), config(t, later, crash)); !errors.Is(err, errVersion) {
		t.Errorf("a later version: %v", err)
	}

	// An Out that does not work, and then does.
	crash.syncErr = errRefused
	if _, err := Open(t.Context(), config(t, dir, crash)); !errors.Is(err, errRefused) {
		t.Errorf("it cannot sync: %v", err)
	}
	crash.syncErr = nil
	crash = crash.crashed()
	crash.refuse = func(e event.Event) (error, bool) { return errRefused, true }
	if _, err := Open(t.Context(), config(t, dir, crash)); !errors.Is(err, errRefused) {
		t.Errorf("it refuses: %v", err)
	}
	crash.refuse = nil
	if _, err := crash.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	reopen(t, config(t, dir, crash), defaults())
	complete(t, "at last", crash.all(), map[string]bool{"new_conn-1": true})
}
