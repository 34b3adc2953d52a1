package deliver_test

import (
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

// What a removed setting's destination does not take in time is counted to the
// record: what was read, what was not, and what was taken and never settled.
func TestWhatARemovedSettingLeavesIsCounted(t *testing.T) {
	s := sink{hold: true}
	var lines logLines
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), DrainTimeout: 300 * time.Millisecond, BatchRecords: 10, Logger: lines.logger(),
	})
	n.put(setting("w", blobsB, accountB, "1.0", read)) // others' records are not counted
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 25)...)
	eventually(t, "taken", func() bool { return len(s.held()) == 25 })
	s.setFail(down)
	for i := 0; i < 200; i += 20 {
		n.emitAlike(numbers("r", 25+i, 45+i))
		n.emit(blobsB, read, "elsewhere")
	}
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	n.emit(blobsA, read, "after")
	eventually(t, "it is given up", func() bool { return n.router.Totals().Abandoned > 0 })
	if got := n.router.Totals().Abandoned; got != 225 {
		t.Errorf("abandoned %d, want 225", got)
	}
	if lines.count("abandoned=225") != 1 {
		t.Error("it is not logged")
	}
	// The count outlives the entry.
	s.setFail(nil)
	n.put(setting("y", blobsA, accountA, "1.0", read))
	eventually(t, "the entry is gone", func() bool {
		for _, e := range n.router.Ledger() {
			if e.Setting == "x" {
				n.put(setting("y", blobsA, accountA, "1.0", read, write)) // entries go with a change
				return false
			}
		}
		return true
	})
	if got := n.router.Totals().Abandoned; got != 225 {
		t.Errorf("abandoned %d, want 225", got)
	}
}

// A destination that answers every failure with Reopen has no longer for that.
func TestARemovedSettingIsGivenUpOverManyInstances(t *testing.T) {
	s := sink{fail: func([]deliver.Item) error { return deliver.Reopen(errDown) }}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), DrainTimeout: 300 * time.Millisecond})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 7)...)
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
	if got := n.router.Totals().Abandoned; got != 7 {
		t.Errorf("abandoned %d, want 7", got)
	}
}

// A destination with much time to take the rest delays neither a stop nor the
// others; the next process goes on with it.
func TestALongDrainDoesNotDelayAStop(t *testing.T) {
	s := sink{fail: down}
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: kinds(&s), DrainTimeout: time.Hour, StopTimeout: 200 * time.Millisecond}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 7)...)
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "failures", func() bool { return n.ledger("x").Retried > 0 })
	began := time.Now()
	n.stop()
	if took := time.Since(began); took > patience {
		t.Errorf("stopping took %v", took)
	}
	s.setFail(nil)
	n = start(t, dir, bus.Config{}, cfg)
	eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
	wantIDs(t, s.held(), numbers("r", 0, 7))
	if got := n.router.Totals().Abandoned; got != 0 {
		t.Errorf("abandoned %d", got)
	}
}

// A change whose destination does not answer: nothing is given up, the next
// destination gets what the one before did not take.
func TestAChangeAwayFromADeadDestinationLosesNothing(t *testing.T) {
	s := sink{fail: down}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), DrainTimeout: 100 * time.Millisecond})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 30)...)
	n.put(setting("x", blobsA, accountA, "2.0", read))
	n.emit(blobsA, read, numbers("r", 30, 60)...)
	eventually(t, "the next destination", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.opened >= 2
	})
	s.setFail(nil)
	n.drain()
	wantIDs(t, s.held(), numbers("r", 0, 60))
	if e := n.ledger("x"); e.Dropped != 0 || e.Delivered != 60 || n.router.Totals().Abandoned != 0 {
		t.Errorf("ledger %+v", e)
	}
}

// Records behind the change are read together with the last ones before it:
// who drains waits for the next destination to have them.
func TestADrainOverAChange(t *testing.T) {
	turn := make(chan struct{})
	s := sink{fail: func([]deliver.Item) error { <-turn; return nil }}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "first")
	eventually(t, "the destination is at work", func() bool { return n.ledger("x").Accepted == 1 })
	n.emit(blobsA, read, numbers("a", 0, 5)...)
	n.put(setting("x", blobsA, accountA, "2.0", read))
	n.emit(blobsA, read, numbers("b", 0, 5)...)
	if _, err := n.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(turn)
	n.drain()
	wantIDs(t, s.held(), append(append([]string{"first"}, numbers("a", 0, 5)...), numbers("b", 0, 5)...))
}
