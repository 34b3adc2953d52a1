package queuestore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// TestGetBeforeExpired checks that a Get that has a message does not go over all
// that have expired to find one more, and that none behind them is lost.
func TestGetBeforeExpired(t *testing.T) {
	s := openMem(t, Config{SweepEvery: -1})
	newQueue(t, s, "q")
	put(t, s, "q", "first", epoch)
	for range 2 * lookStep {
		putAt(t, s, "q", "gone", epoch, epoch, after(time.Second))
	}
	put(t, s, "q", "last", epoch)
	now, until := after(2*time.Second), after(time.Hour)
	wantTexts(t, peek(t, s, "q", 2, now), "first")
	wantTexts(t, dequeue(t, s, "q", 2, now, until), "first")
	wantTexts(t, peek(t, s, "q", 2, now), "last")
	wantTexts(t, dequeue(t, s, "q", 2, now, until), "last")
	wantTexts(t, dequeue(t, s, "q", 2, now, until), "")
	wantTexts(t, dequeue(t, s, "q", 3, after(2*time.Hour), after(3*time.Hour)), "first last")
}

// TestSweepPastDamage checks that a queue that cannot be read does not keep the
// others from being swept.
func TestSweepPastDamage(t *testing.T) {
	var clock setClock
	clock.set(epoch)
	s := openMem(t, Config{SweepEvery: -1, Now: clock.now})
	for i := range 3 {
		name := fmt.Sprint("q", i)
		newQueue(t, s, name)
		putAt(t, s, name, "a", epoch, epoch, after(time.Second))
	}
	q, err := s.enter(testAccount, "q0")
	if err != nil {
		t.Fatal(err)
	}
	q.life.RUnlock()
	k := slotKey(q.id, place{1, 1})
	if err := s.db.Set(k[:], []byte("garbage"), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	clock.set(after(time.Hour))
	wantErr(t, s.sweep(context.Background()), disk.ErrDamaged)
	for i, want := range []int64{1, 0, 0} {
		if n := count(t, s, fmt.Sprint("q", i)); n != want {
			t.Errorf("q%d has %d messages, want %d", i, n, want)
		}
	}
}
