package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

// byVersion opens a sink for each version of a destination.
type byVersion map[string]*sink

func (b byVersion) open(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
	return b[o.Destination.Options["version"]].open(ctx, o)
}

// check compares what each destination holds, by version.
func (b byVersion) check(t *testing.T, want map[string][]string) {
	t.Helper()
	for version, s := range b {
		if got := s.held(); !slices.Equal(got, want[version]) {
			t.Errorf("destination %s has %v, want %v", version, got, want[version])
		}
	}
}

// newVersions are three destinations, of which the first takes nothing until it is let.
func newVersions() (b byVersion, let func()) {
	var up atomic.Bool
	b = byVersion{"1": {}, "2": {}, "3": {}}
	b["1"].fail = func([]deliver.Item) error {
		if up.Load() {
			return nil
		}
		return errors.New("down")
	}
	return b, func() { up.Store(true) }
}

// A setting may change its destination again while the one before has not got all
// it is to get: each gets what was emitted while it was the setting's.
func TestDestinationsTakeTurns(t *testing.T) {
	b, let := newVersions()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: opened(b.open), DrainTimeout: patience})
	for i, version := range []string{"1", "2", "3", "1", "2"} {
		n.put(setting("x", blobsA, accountA, version, read))
		n.emit(blobsA, read, fmt.Sprint("r", i))
	}
	let()
	n.drain()
	b.check(t, map[string][]string{"1": {"r0", "r3"}, "2": {"r1", "r4"}, "3": {"r2"}})
}

// So it is when the setting is removed before all had their turn.
func TestARemovedSettingGivesEveryDestinationItsTurn(t *testing.T) {
	b, let := newVersions()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: opened(b.open), DrainTimeout: patience})
	for i, version := range []string{"1", "2", "3"} {
		n.put(setting("x", blobsA, accountA, version, read))
		n.emit(blobsA, read, fmt.Sprint("r", i))
	}
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	n.emit(blobsA, read, "after")
	let()
	eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
	b.check(t, map[string][]string{"1": {"r0"}, "2": {"r1"}, "3": {"r2"}})
}

// So it is when the process dies before.
func TestTurnsSurviveDeath(t *testing.T) {
	for _, removed := range []bool{false, true} {
		t.Run(fmt.Sprintf("removed=%v", removed), func(t *testing.T) {
			b, let := newVersions()
			dir := t.TempDir()
			cfg := deliver.RouterConfig{Kinds: opened(b.open), DrainTimeout: patience, StopTimeout: 10 * time.Millisecond}
			n := start(t, dir, bus.Config{}, cfg)
			for i, version := range []string{"1", "2", "3"} {
				n.put(setting("x", blobsA, accountA, version, read))
				n.emit(blobsA, read, fmt.Sprint("r", i))
			}
			if removed {
				if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := n.bus.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := n.bus.Close(); err != nil { // the worker can do no more
				t.Fatal(err)
			}
			let()
			n = start(t, dir, bus.Config{}, cfg)
			n.drain()
			if removed {
				eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
			}
			b.check(t, map[string][]string{"1": {"r0"}, "2": {"r1"}, "3": {"r2"}})
		})
	}
}

// Of very many changes those in the middle are left out; nothing is lost.
func TestTooManyTurnsLoseNothing(t *testing.T) {
	b, let := newVersions()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: opened(b.open), DrainTimeout: patience})
	for i := range 50 {
		n.put(setting("x", blobsA, accountA, fmt.Sprint(i%2+1), read))
		n.emit(blobsA, read, fmt.Sprintf("r%03d", i))
	}
	let()
	n.drain()
	all := slices.Concat(b["1"].held(), b["2"].held())
	slices.Sort(all)
	wantIDs(t, all, numbers("r", 0, 50))
}
