package queuestore

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// keysOf counts what is stored of messages.
func keysOf(t testing.TB, s *Store) (slots, bodies int) {
	t.Helper()
	for kind, n := range map[byte]*int{kindSlot: &slots, kindMessage: &bodies} {
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
		if err != nil {
			t.Fatal(err)
		}
		for ok := it.First(); ok; ok = it.Next() {
			*n++
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return slots, bodies
}

// bytesOf sums up the texts that are stored.
func bytesOf(t testing.TB, s *Store) (n int64) {
	t.Helper()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindMessage}, UpperBound: []byte{kindMessage + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		m, err := decodeBody(it.Value())
		if err != nil {
			t.Fatal(err)
		}
		n += int64(len(m.text))
	}
	return n
}

// setClock is a clock that tests set.
type setClock struct{ atomic.Int64 }

func (c *setClock) set(t time.Time) { c.Store(t.UnixNano()) }
func (c *setClock) now() time.Time  { return time.Unix(0, c.Load()).UTC() }

// TestSweep checks that what has expired goes, wherever it is, and nothing else.
func TestSweep(t *testing.T) {
	var clock setClock
	clock.set(epoch)
	s := openMem(t, Config{Now: clock.now})
	newQueue(t, s, "q")
	newQueue(t, s, "empty")
	ctx := context.Background()
	const n = 3 * sweepLook // several steps
	for i := range n {
		ttl := time.Duration(1+i%3) * time.Minute
		visible := epoch
		if i%2 == 0 {
			visible = after(time.Hour)
		}
		putAt(t, s, "q", fmt.Sprint(i), epoch, visible, after(ttl))
	}
	dequeue(t, s, "q", 100, epoch, after(30*time.Second))
	sweep := func(at time.Duration, want int) {
		t.Helper()
		clock.set(after(at))
		if err := s.sweep(ctx); err != nil {
			t.Fatal(err)
		}
		slots, bodies := keysOf(t, s)
		u, err := s.Usage(ctx, testAccount)
		if slots != want || bodies != want || count(t, s, "q") != int64(want) || u.Messages != int64(want) || err != nil {
			t.Errorf("after %v: %d slots, %d texts, %d counted, usage %+v (%v); want %d", at, slots, bodies, count(t, s, "q"), u, err, want)
		}
	}
	sweep(59*time.Second, n)
	sweep(time.Minute, n*2/3)
	sweep(2*time.Minute-1, n*2/3)
	sweep(2*time.Minute, n/3)
	if got := len(peek(t, s, "q", maxGet, after(2*time.Minute))); got != n/3/2 && got != maxGet {
		t.Errorf("%d messages to be seen, want %d", got, n/3/2)
	}
	sweep(3*time.Minute, 0)
	putAt(t, s, "q", "again", after(3*time.Minute), after(3*time.Minute), after(5*time.Minute))
	sweep(4*time.Minute, 1)
	sweep(5*time.Minute, 0)
}

// TestSweepAfterRestart checks that the sweep finds what expired while nobody
// used the queue, and leaves alone a queue that was deleted or made anew.
func TestSweepAfterRestart(t *testing.T) {
	var clock setClock
	clock.set(epoch)
	c := Config{Now: clock.now, FS: vfs.NewMem(), Dir: "/store"}
	s := openTest(t, c)
	for i := range 5 {
		newQueue(t, s, fmt.Sprint("q", i))
		putAt(t, s, fmt.Sprint("q", i), "old", epoch, epoch, after(time.Minute))
	}
	closeTest(t, s)
	s = openTest(t, c)
	ctx := context.Background()
	if err := s.DeleteQueue(ctx, testAccount, "q1"); err != nil {
		t.Fatal(err)
	}
	newQueue(t, s, "q1")
	clock.set(after(time.Hour))
	putAt(t, s, "q1", "new", after(time.Hour), after(time.Hour), after(2*time.Hour))
	if err := s.sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if slots, bodies := keysOf(t, s); slots != 1 || bodies != 1 {
		t.Errorf("%d slots and %d texts, want 1", slots, bodies)
	}
	wantTexts(t, peek(t, s, "q1", 9, after(time.Hour)), "new")
}

// TestSweepRests checks that a queue in which messages expire all the time is not
// looked through all the time.
func TestSweepRests(t *testing.T) {
	var clock setClock
	clock.set(epoch)
	s := openMem(t, Config{Now: clock.now})
	newQueue(t, s, "q")
	for i := range 100 {
		putAt(t, s, "q", "a", epoch, epoch, after(time.Duration(i+1)*time.Millisecond))
	}
	for _, c := range []struct {
		at   time.Duration
		left int64
	}{{10 * time.Millisecond, 90}, {19 * time.Millisecond, 90}, {20 * time.Millisecond, 80}} {
		clock.set(after(c.at))
		if err := s.sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s, "q"); n != c.left {
			t.Errorf("after %v: %d messages, want %d", c.at, n, c.left)
		}
	}
}

// TestSweepByItself checks that it runs, and that Close ends it.
func TestSweepByItself(t *testing.T) {
	s := openMem(t, Config{SweepEvery: time.Millisecond})
	newQueue(t, s, "q")
	now := time.Now()
	for range 1000 {
		putAt(t, s, "q", "a", now, now, now.Add(time.Millisecond))
	}
	for end := now.Add(time.Minute); count(t, s, "q") > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d messages are still there", count(t, s, "q"))
		}
	}
}
