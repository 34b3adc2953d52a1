package connections

import (
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// disk is one that can be full, or hang.
type disk struct {
	mu   sync.Mutex
	full bool
	hang chan struct{}
	only string // the file that it is so for, "" for all
}

func (d *disk) set(full bool, hang chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full, d.hang = full, hang
}

func (d *disk) internals() internals {
	in := quick()
	in.wrap = func(f *os.File) file { return onDisk{unsynced{f}, d} }
	return in
}

type onDisk struct {
	unsynced
	disk *disk
}

func (f onDisk) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	hang := f.disk.hang
	mine := f.disk.only == "" || f.disk.only == f.Name()
	f.disk.mu.Unlock()
	if hang != nil && mine {
		<-hang
	}
	f.disk.mu.Lock()
	full := f.disk.full
	f.disk.mu.Unlock()
	if full && mine {
		n, _ := f.unsynced.WriteAt(b[:len(b)/2], at)
		return n, syscall.ENOSPC
	}
	return f.unsynced.WriteAt(b, at)
}

// lines is a log whose messages can be counted.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// caughtUp waits until the journal has all that was taken.
func caughtUp(t *testing.T, b *Book) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		b.journal.mu.Lock()
		done := !b.journal.late && len(b.journal.writing)+len(b.journal.pending) == 0
		b.journal.mu.Unlock()
		if done {
			return
		}
	}
	t.Fatal("the journal stays late")
}

// survivors opens a copy of a Book's folder, as after kill -9, and closes it.
func survivors(t *testing.T, b *Book, crash *stream) Stats {
	t.Helper()
	next := reopen(t, config(t, copyDir(t, b.cfg.Dir), crash), quick())
	s := next.Stats()
	if err := next.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// While the disk is full events are passed on; when it has room, the journal has them.
func TestFullDisk(t *testing.T) {
	var m maker
	var d disk
	var log lines
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := reopen(t, cfg, d.internals())
	must := make(map[string]bool)
	do := func(e event.Event) {
		take(t, b, e)
		must[e.ID] = true
	}
	do(m.open(1))
	d.set(true, nil)
	for range 3 {
		do(m.open(int64(m.n + 1)))
	}
	b.tick(t.Context())
	do(m.close(1))
	if got := len(out.all()); got != len(must) {
		t.Fatalf("%d events handed over", got)
	}
	if s := b.Stats(); s.Late != 4 || s.Missing != 0 || s.Open != 3 {
		t.Errorf("stats: %+v", s)
	}
	d.set(false, nil)
	b.tick(t.Context())
	caughtUp(t, b)
	do(m.open(9))
	if n := log.count("written again"); n != 1 || log.count("level=ERROR") != 1 {
		t.Errorf("said: %s", log.b.String())
	}
	crash := out.crashed()
	if s := survivors(t, b, crash); s.Interrupted != 4 {
		t.Errorf("after a crash: %+v", s)
	}
	complete(t, "after a crash", crash.all(), must)
}

// What does not fit into memory either is missing, until the journal is made anew.
func TestDiskThatIsFullForLong(t *testing.T) {
	var m maker
	var d disk
	var log lines
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	in := d.internals()
	in.maxPending = 1000
	b := reopen(t, cfg, in)
	d.set(true, nil)
	out.syncErr = errRefused // so that the journal keeps the events that it has
	for id := range int64(200) {
		take(t, b, m.open(id))
	}
	for id := range int64(100) {
		take(t, b, m.close(id))
	}
	s := b.Stats()
	if s.Missing < 250 || s.Late+s.Missing != 300 || s.Open != 100 || len(out.all()) != 300 {
		t.Fatalf("stats: %+v, %d handed over", s, len(out.all()))
	}
	b.tick(t.Context()) // it cannot be made anew yet
	if log.count("has no room") != 1 || !b.journal.hole {
		t.Errorf("said: %s", log.b.String())
	}
	d.set(false, nil)
	b.journal.retry()
	caughtUp(t, b)
	b.tick(t.Context())
	if b.journal.hole {
		t.Error("not made anew")
	}
	take(t, b, m.close(150))
	out.syncErr = nil
	if _, err := out.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	crash := out.crashed()
	if s := survivors(t, b, crash); s.Interrupted != 99 || s.Recovered != 0 {
		t.Errorf("after a crash: %+v", s)
	}
	complete(t, "after a crash", crash.all(), nil)
}

// A disk that hangs holds up a Take for a moment, and the next ones not at all.
func TestSlowDisk(t *testing.T) {
	var m maker
	var d disk
	var log lines
	out := &stream{}
	cfg := config(t, t.TempDir(), out)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	in := d.internals()
	in.patience = 100 * time.Millisecond
	b := reopen(t, cfg, in)
	hang := make(chan struct{})
	d.set(false, hang)
	take(t, b, m.open(1))
	begin := time.Now()
	for id := range int64(100) {
		take(t, b, m.open(id+2))
	}
	if took := time.Since(begin); took > 50*in.patience {
		t.Errorf("100 takes took %v", took)
	}
	if s := b.Stats(); s.Late != 101 {
		t.Errorf("stats: %+v", s)
	}
	d.set(false, nil)
	close(hang)
	caughtUp(t, b)
	take(t, b, m.close(1))
	crash := out.crashed()
	if s := survivors(t, b, crash); s.Interrupted != 100 {
		t.Errorf("after a crash: %+v", s)
	}
	complete(t, "after a crash", crash.all(), nil)
}

// A new file has what the old one could not take.
func TestCompactionOfALateJournal(t *testing.T) {
	var m maker
	var d disk
	out := &stream{}
	in := d.internals()
	in.patience = time.Millisecond
	b := reopen(t, config(t, t.TempDir(), out), in)
	d.only = journalOf(t, b.cfg.Dir)
	hang := make(chan struct{})
	d.set(true, hang)
	must := make(map[string]bool)
	for id := range int64(10) { // the first is being written, the others wait
		e := m.open(id)
		must[e.ID] = true
		take(t, b, e)
	}
	begun := make(chan struct{})
	b.in.at = func(step string) {
		if step == "compact: synced" {
			close(begun)
		}
	}
	done := make(chan error)
	go func() { done <- b.compact() }()
	<-begun
	close(hang) // the old file fails now
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	e := m.close(0)
	must[e.ID] = true
	b.in.at = func(string) {}
	take(t, b, e)
	crash := out.crashed()
	if s := survivors(t, b, crash); s.Interrupted != 9 {
		t.Errorf("after a crash: %+v", s)
	}
	complete(t, "after a crash", crash.all(), must)
}

// A journal that is as large as it may be, because Out cannot be synced, passes events on.
func TestJournalIsBounded(t *testing.T) {
	var m maker
	out := &stream{}
	in := quick()
	in.maxTail, in.minSize = 20_000, 5000
	b := reopen(t, config(t, t.TempDir(), out), in)
	out.syncErr = errRefused
	for range 200 {
		take(t, b, m.open(1), m.close(1))
		b.tick(t.Context())
	}
	s := b.Stats()
	if s.JournalBytes > in.maxTail+10_000 || s.Missing == 0 || len(out.all()) != 400 {
		t.Fatalf("stats: %+v", s)
	}
	out.syncErr = nil
	take(t, b, m.open(2))
	b.tick(t.Context())
	b.tick(t.Context())
	take(t, b, m.open(3))
	if got := b.Stats(); got.JournalBytes > 2000 || got.Missing != s.Missing+1 {
		t.Errorf("stats: %+v", got)
	}
	crash := out.crashed()
	survivors(t, b, crash)
	all := crash.all()
	if n := len(all); n != 404 || all[n-1].Connection.ID != 3 || all[n-2].Connection.ID != 2 {
		t.Errorf("%d events, %+v", n, all[n-2:])
	}
}

// The journal of connections that come and go stays small, whatever comes while it is
// made anew.
func TestCompactionKeepsUp(t *testing.T) {
	out := &stream{}
	in := quick()
	in.minSize = 1 << 16
	var b *Book
	m := maker{n: 1_000_000}
	compactions := 0
	in.at = func(step string) {
		if !strings.HasPrefix(step, "compact: ") || step == "compact: created" {
			return
		}
		// Events at every step of it: for a new connection, one that was there, and both.
		compactions++
		old, id := int64(compactions), b.NextID()
		take(t, b, m.auth(old, event.Failed, "x"), m.open(id), m.auth(old, event.Failed, "y"))
		if compactions%2 == 0 {
			take(t, b, m.close(id), m.close(old))
		}
	}
	b = reopen(t, config(t, t.TempDir(), out), in)
	for id := range int64(100) {
		take(t, b, m.open(id))
	}
	for i := range 4000 {
		id := b.NextID()
		take(t, b, m.open(id), m.close(id))
		if i%50 == 0 {
			b.tick(t.Context())
		}
		if b.Stats().JournalBytes > 4*in.minSize {
			t.Fatalf("stats: %+v", b.Stats())
		}
	}
	if compactions < 12 {
		t.Fatalf("%d compactions", compactions)
	}
	want := b.Connections("")
	crash := out.crashed()
	dir := copyDir(t, b.cfg.Dir)
	number := b.dir.current
	// What it has of each is what the journal has.
	files := &folder{path: dir, in: quick()}
	p, err := files.read(number)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.table.open) != len(want) {
		t.Errorf("%d open in the journal, %d in the book", len(p.table.open), len(want))
	}
	for _, c := range want {
		got := p.table.open[key{c.Source, c.ID}]
		if got == nil || got.Connection != c {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	reopen(t, config(t, dir, crash), quick())
	complete(t, "after a crash", crash.all(), nil)
}
