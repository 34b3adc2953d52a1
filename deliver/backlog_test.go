package deliver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
)

var errDown = errors.New("down")

func down([]deliver.Item) error { return errDown }

// pauses is a Wait that a test lets go on.
type pauses struct {
	began  chan time.Duration // how long a worker is about to wait
	resume chan struct{}
}

func newPauses() *pauses {
	return &pauses{began: make(chan time.Duration), resume: make(chan struct{})}
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	select {
	case p.began <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-p.resume:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next returns when a worker waits.
func (p *pauses) next(t *testing.T) time.Duration {
	t.Helper()
	select {
	case d := <-p.began:
		return d
	case <-time.After(patience):
		t.Fatal("no worker waits")
		return 0
	}
}

// clock stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// logLines is what was logged.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), what)
}

func (l *logLines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// emitAlike emits records that are all of one size on the stream.
func (n *node) emitAlike(names []string) {
	n.t.Helper()
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456700, time.UTC)
	for _, name := range names {
		r := record.Record{
			Resource: blobsA, Category: read, ID: name, Time: at, Ended: at,
			Line: fmt.Appendf(nil, `{"id":%q,"pad":"%s"}`, name, strings.Repeat("x", 200)),
		}
		if err := n.gate.Emit(n.t.Context(), r); err != nil {
			n.t.Fatal(err)
		}
	}
	if _, err := n.bus.Flush(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// alike is the size of a record of emitAlike whose name has four letters.
func alike(t *testing.T) int64 {
	t.Helper()
	var s sink
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	defer n.stop()
	n.put(setting("x", blobsA, accountA, "1.0", read))
	from := n.bus.Last()
	n.emitAlike(numbers("s", 0, 1))
	scout, err := n.bus.Scout(bus.ScoutConfig{After: from})
	if err != nil {
		t.Fatal(err)
	}
	defer scout.Close()
	tally, _, err := scout.Next(t.Context())
	if err != nil || tally.Records != 1 {
		t.Fatalf("%+v %v", tally, err)
	}
	return int64(tally.Bytes)
}

func wantShed(t *testing.T, e deliver.LedgerEntry, s *sink, all []string) {
	t.Helper()
	held := s.held()
	if !slices.Equal(held, all[len(all)-len(held):]) {
		t.Errorf("held are %v, not the newest of %d", held, len(all))
	}
	if total := uint64(len(all)); e.Dropped != total-uint64(len(held)) || e.Shed != e.Dropped || e.Delivered != uint64(len(held)) || e.Accepted != total {
		t.Errorf("%d emitted, %d held, ledger %+v", total, len(held), e)
	}
}

func TestABacklogOverItsBytesLosesItsOldest(t *testing.T) {
	size := alike(t)
	s := sink{fail: down}
	var lines logLines
	p := newPauses()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: bySetting(map[string]*sink{"x": &s, "other": {}}),
		Wait:  p.wait, BatchRecords: 10, BacklogBytes: 50 * size, Logger: lines.logger(),
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.put(setting("other", blobsB, accountB, "1.0", read)) // its records are not the first one's
	all := numbers("r", 0, 230)
	n.emitAlike(all[:50])
	p.next(t)
	p.resume <- struct{}{}
	p.next(t)
	if e := n.ledger("x"); e.BacklogRecords != 50 || e.BacklogBytes != uint64(50*size) || e.Dropped != 0 {
		t.Errorf("at the bound: %+v", e)
	}
	for from := 50; from < 230; from += 45 { // bit by bit, so that much is shed in many steps
		n.emitAlike(all[from : from+45])
		n.emit(blobsB, read, "elsewhere")
		p.resume <- struct{}{}
		p.next(t)
		e := n.ledger("x")
		if e.BacklogBytes != e.BacklogRecords*uint64(size) || e.BacklogRecords > 50 || e.BacklogRecords <= 40 {
			t.Fatalf("after %d records: %+v", from+45, e)
		}
		if e.Shed+e.BacklogRecords != uint64(from+45) || e.Dropped != e.Shed || e.Retried == 0 {
			t.Fatalf("after %d records: %+v", from+45, e)
		}
	}
	s.setFail(nil)
	p.resume <- struct{}{}
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
	if e := n.ledger("x"); e.BacklogRecords != 0 || e.BacklogBytes != 0 || e.LagRecords != 0 {
		t.Errorf("nothing waits: %+v", e)
	}
	if got := lines.count("is over the bounds"); got != 1 {
		t.Errorf("%d warnings of one episode", got)
	}
	eventually(t, "the end of the episode is told", func() bool { return lines.count("the backlog is gone") == 1 })
}

func TestABacklogOverItsAgeLosesWhatIsOlder(t *testing.T) {
	s := sink{fail: down}
	p, c := newPauses(), newClock()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), Wait: p.wait, Now: c.Now, BacklogAge: time.Hour,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 60)
	n.emitAlike(all[:25])
	p.next(t)
	n.emitAlike(all[25:30])
	time.Sleep(20 * time.Millisecond) // so that the clock of the stream moves on
	middle := time.Now()
	time.Sleep(20 * time.Millisecond)
	n.emitAlike(all[30:])
	p.resume <- struct{}{}
	p.next(t)
	if e := n.ledger("x"); e.Dropped != 0 || e.BacklogRecords != 60 {
		t.Errorf("all are young: %+v", e)
	}
	c.set(middle.Add(time.Hour)) // what came before the middle is older than an hour
	p.resume <- struct{}{}
	p.next(t)
	if e := n.ledger("x"); e.Shed != 30 || e.BacklogRecords != 30 || e.LagSeconds < 3500 || e.LagSeconds > 3601 {
		t.Errorf("half are old: %+v", e)
	}
	s.setFail(nil)
	p.resume <- struct{}{}
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
}

// What is old because the node was switched off is delivered all the same; if it
// cannot be, the time before the stop counts.
func TestTheAgeOfABacklogOverAStop(t *testing.T) {
	for name, up := range map[string]bool{"the destination is back": true, "the destination is still down": false} {
		t.Run(name, func(t *testing.T) {
			s := sink{fail: down}
			dir, c := t.TempDir(), newClock()
			cfg := deliver.RouterConfig{Kinds: kinds(&s), Now: c.Now, StopTimeout: 500 * time.Millisecond}
			n := start(t, dir, bus.Config{}, cfg)
			n.put(setting("x", blobsA, accountA, "1.0", read))
			all := numbers("r", 0, 20)
			n.emitAlike(all)
			eventually(t, "a failure", func() bool { return n.ledger("x").Retried > 0 })
			n.stop()
			c.set(c.Now().Add(100 * time.Hour))
			if up {
				s.setFail(nil)
			}
			n = start(t, dir, bus.Config{}, cfg)
			if up {
				n.drain()
				wantIDs(t, s.held(), all)
				return
			}
			eventually(t, "the old ones are gone", func() bool { return n.ledger("x").Shed == 20 })
			s.setFail(nil)
			n.emitAlike([]string{"new"})
			// By the clock of the test it is old as well, and was stored a moment ago.
			eventually(t, "nothing waits", func() bool { return n.ledger("x").BacklogRecords == 0 })
		})
	}
}

func TestADestinationThatCannotBeOpenedHasABoundedBacklog(t *testing.T) {
	size := alike(t)
	var s sink
	var mu sync.Mutex
	up := false
	p := newPauses()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: opened(func(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
			mu.Lock()
			defer mu.Unlock()
			if !up {
				return nil, errDown
			}
			return s.open(ctx, o)
		}),
		Wait: p.wait, BatchRecords: 7, BacklogBytes: 30 * size,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	p.next(t)
	all := numbers("r", 0, 100)
	n.emitAlike(all)
	p.resume <- struct{}{}
	p.next(t)
	if e := n.ledger("x"); e.BacklogRecords > 30 || e.BacklogRecords <= 23 || e.Shed+e.BacklogRecords != 100 || e.State != deliver.Retrying {
		t.Errorf("ledger %+v", e)
	}
	mu.Lock()
	up = true
	mu.Unlock()
	p.resume <- struct{}{}
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
}

// A destination may answer every failure with Reopen: the bounds hold over any
// number of instances.
func TestADestinationThatIsAlwaysReopenedHasABoundedBacklog(t *testing.T) {
	size := alike(t)
	s := sink{fail: func([]deliver.Item) error { return deliver.Reopen(errDown) }}
	p := newPauses()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), Wait: p.wait, BatchRecords: 7, BacklogBytes: 30 * size,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 100)
	n.emitAlike(all)
	p.next(t)
	for range 3 {
		p.resume <- struct{}{}
		p.next(t)
	}
	if e := n.ledger("x"); e.Shed < 70 || e.Shed >= 77 {
		t.Errorf("ledger %+v", e)
	}
	s.setFail(nil)
	p.resume <- struct{}{}
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
}

// A destination that takes everything, only too slowly, and one that hangs: the
// ledger says what waits while they are at it, and the bound holds.
func TestASlowDestinationHasABoundedBacklog(t *testing.T) {
	size := alike(t)
	turn := make(chan struct{})
	s := sink{fail: func([]deliver.Item) error { <-turn; return nil }}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), BatchRecords: 10, BacklogBytes: 50 * size,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 200)
	for i := 0; i < len(all); i += 20 { // more messages than a worker holds
		n.emitAlike(all[i : i+20])
	}
	eventually(t, "the backlog is counted while the destination is at work", func() bool {
		e := n.ledger("x")
		return e.BacklogRecords == 200 && e.BacklogBytes == uint64(200*size) && e.State == deliver.Running
	})
	close(turn)
	n.drain()
	e := n.ledger("x")
	held := s.held()
	// The first batch was being delivered already, and one more may have been before
	// the worker looked; then the oldest had to go, and what was left is there.
	first := 0
	for first < len(held) && held[first] == all[first] {
		first++
	}
	kept := len(held) - first
	if first == 0 || kept <= 40 || kept > 50 || !slices.Equal(held[first:], all[200-kept:]) {
		t.Errorf("%d held: %v", len(held), held)
	}
	if e.Shed != uint64(200-len(held)) || e.Dropped != e.Shed || e.Delivered != uint64(len(held)) || e.Accepted != 200 {
		t.Errorf("%d held, ledger %+v", len(held), e)
	}
}

func TestAHangingDestinationHasABoundedBacklog(t *testing.T) {
	size := alike(t)
	var s sink
	var mu sync.Mutex
	hangs := true
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: opened(func(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
			d, err := s.open(ctx, o)
			return &hanging{d, func() bool { mu.Lock(); defer mu.Unlock(); return hangs }}, err
		}),
		BatchRecords: 10, BacklogBytes: 50 * size, AttemptTimeout: 20 * time.Millisecond,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 200)
	n.emitAlike(all)
	eventually(t, "the backlog is within its bound", func() bool { e := n.ledger("x"); return e.Shed >= 150 && e.Shed < 160 })
	mu.Lock()
	hangs = false
	mu.Unlock()
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
}

// hanging returns from Deliver when its time is over.
type hanging struct {
	deliver.Destination
	hangs func() bool
}

func (h *hanging) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if h.hangs() {
		<-ctx.Done()
		return bus.Position{}, ctx.Err()
	}
	return h.Destination.Deliver(ctx, batch)
}

// What a destination took and keeps unsettled is not dropped, whatever is behind.
func TestTakenRecordsAreNotShed(t *testing.T) {
	size := alike(t)
	s := sink{hold: true}
	p := newPauses()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), Wait: p.wait, BatchRecords: 10, BacklogBytes: 20 * size,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 150)
	n.emitAlike(all[:50])
	eventually(t, "taken", func() bool { return len(s.held()) == 50 })
	s.setFail(down)
	n.emitAlike(all[50:])
	p.next(t)
	p.resume <- struct{}{}
	p.next(t)
	e := n.ledger("x")
	if e.Delivered != 0 || e.Shed < 80 || e.Shed >= 90 || e.LagRecords != 150 {
		t.Errorf("ledger %+v", e)
	}
	s.setFail(nil)
	p.resume <- struct{}{}
	n.drain()
	e = n.ledger("x")
	wantIDs(t, s.held(), append(slices.Clone(all[:50]), all[50+e.Shed:]...))
	if e.Delivered+e.Shed != 150 || e.LagRecords != 0 {
		t.Errorf("ledger %+v", e)
	}
}

func TestADeadDestinationDoesNotDelayAnother(t *testing.T) {
	size := alike(t)
	dead, alive := sink{fail: down}, sink{}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds:        bySetting(map[string]*sink{"dead": &dead, "alive": &alive}),
		BatchRecords: 10, BacklogBytes: 20 * size,
	})
	n.put(setting("dead", blobsA, accountA, "1.0", read))
	n.put(setting("alive", blobsA, accountB, "1.0", read))
	var longest time.Duration
	all := numbers("r", 0, 400)
	for i := 0; i < len(all); i += 10 {
		began := time.Now()
		n.emitAlike(all[i : i+10])
		eventually(t, "delivered", func() bool { return len(alive.held()) == i+10 })
		longest = max(longest, time.Since(began))
	}
	eventually(t, "shed", func() bool { return n.ledger("dead").Shed >= 380 })
	if e := n.ledger("alive"); e.Delivered != 400 || e.Dropped != 0 || e.Retried != 0 {
		t.Errorf("ledger %+v", e)
	}
	t.Logf("the longest delivery beside a dead destination took %v", longest)
	dead.setFail(nil)
	n.drain()
	wantShed(t, n.ledger("dead"), &dead, all)
}

// The process is killed in the middle of shedding: the next one goes on from
// what was saved, and every record is delivered or counted, never both.
func TestKilledWhileShedding(t *testing.T) {
	size := alike(t)
	s := sink{fail: down}
	p := newPauses()
	dir := t.TempDir()
	cfg := deliver.RouterConfig{
		Kinds: kinds(&s), Wait: p.wait, BatchRecords: 10, BacklogBytes: 50 * size, SaveInterval: time.Nanosecond,
	}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 300)
	for round := range 3 {
		n.emitAlike(all[100*round : 100*round+100])
		p.next(t)
		if round < 2 {
			p.resume <- struct{}{}
		}
	}
	before := n.ledger("x")
	if before.Shed < 150 {
		t.Fatalf("ledger %+v", before)
	}
	killed := filepath.Join(t.TempDir(), "bus")
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}

	var next sink
	cfg.Kinds, cfg.Wait = kinds(&next), nil
	after := start(t, killed, bus.Config{}, cfg)
	after.drain()
	e := after.ledger("x")
	wantShed(t, e, &next, all)
	if e.Dropped > before.Dropped || e.Dropped == 0 {
		t.Errorf("dropped %d before the kill, %d after", before.Dropped, e.Dropped)
	}
	// The one that was not killed is none the worse for it.
	s.setFail(nil)
	p.resume <- struct{}{}
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
}

func TestRestartedWhileShedding(t *testing.T) {
	size := alike(t)
	s := sink{fail: down}
	dir := t.TempDir()
	cfg := deliver.RouterConfig{
		Kinds: kinds(&s), BatchRecords: 10, BacklogBytes: 50 * size, StopTimeout: 500 * time.Millisecond,
	}
	all := numbers("r", 0, 400)
	var shed uint64
	for round := range 4 {
		n := start(t, dir, bus.Config{}, cfg)
		if round == 0 {
			n.put(setting("x", blobsA, accountA, "1.0", read))
		}
		n.emitAlike(all[100*round : 100*round+100])
		least := uint64(100*round + 50)
		eventually(t, "shed", func() bool { return n.ledger("x").Shed >= least })
		if e := n.ledger("x"); e.Shed < shed || e.Shed >= least+10 {
			t.Errorf("round %d: %+v", round, e)
		}
		shed = n.ledger("x").Shed
		n.stop()
	}
	s.setFail(nil)
	n := start(t, dir, bus.Config{}, cfg)
	n.drain()
	wantShed(t, n.ledger("x"), &s, all)
}

// The stream's own limit takes records while the bounds are far: nothing is
// counted twice, and what is counted as waiting is there.
func TestBoundsAndTheLimitOfTheStream(t *testing.T) {
	s := sink{fail: down}
	n := start(t, t.TempDir(), bus.Config{MaxBytes: 256 << 10}, deliver.RouterConfig{
		Kinds: kinds(&s), BatchRecords: 10, BacklogBytes: 300 << 10,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	const total = 800
	for i := range total {
		r := record.Record{Resource: blobsA, Category: read, ID: fmt.Sprintf("%04d", i), Line: noise(i)}
		if err := n.gate.Emit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 {
			if _, err := n.bus.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "failures", func() bool { return n.ledger("x").Retried > 20 })
	s.setFail(nil)
	n.drain()
	e := n.ledger("x")
	if e.Dropped == 0 || e.Delivered+e.Dropped != total || uint64(len(s.held())) != e.Delivered || !slices.IsSorted(s.held()) {
		t.Errorf("%d held, ledger %+v", len(s.held()), e)
	}
	if e.BacklogRecords != 0 || e.LagRecords != 0 {
		t.Errorf("nothing waits: %+v", e)
	}
}

func TestNoBounds(t *testing.T) {
	s := sink{fail: down}
	c := newClock()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), BatchRecords: 10, BacklogBytes: -1, BacklogAge: -1, Now: c.Now,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 200)
	n.emitAlike(all)
	c.set(c.Now().Add(1000 * time.Hour))
	eventually(t, "failures", func() bool { return n.ledger("x").Retried > 100 })
	s.setFail(nil)
	n.drain()
	wantIDs(t, s.held(), all)
}

// While a category is switched off and on, a backlog counts what the rules say.
func TestABacklogFollowsTheRules(t *testing.T) {
	s := sink{fail: down}
	p := newPauses()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), Wait: p.wait, BatchRecords: 5})
	n.put(setting("w", blobsA, accountB, "1.0", read, write))
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 20)...)
	n.emit(blobsA, write, numbers("w", 0, 20)...)
	n.put(setting("x", blobsA, accountA, "1.0", write))
	n.emit(blobsA, read, numbers("r", 20, 40)...)
	n.emit(blobsA, write, numbers("w", 20, 40)...)
	n.put(setting("x", blobsA, accountA, "1.0", read, write))
	n.emit(blobsA, read, numbers("r", 40, 60)...)
	n.emit(blobsA, write, numbers("w", 40, 60)...)
	if _, err := n.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Two workers wait, in whatever order.
	for range 4 {
		p.next(t)
		p.next(t)
		if e := n.ledger("x"); e.BacklogRecords == 80 {
			if w := n.ledger("w"); w.BacklogRecords != 120 {
				t.Errorf("the other's: %+v", w)
			}
			break
		}
		p.resume <- struct{}{}
		p.resume <- struct{}{}
	}
	if e := n.ledger("x"); e.BacklogRecords != 80 {
		t.Errorf("ledger %+v", e)
	}
	s.setFail(nil)
	close(p.resume)
	n.drain()
}
