package deliver_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

// notes is a kind of destinations that keep a note: which instances there have
// been, as far as the note tells.
type notes struct {
	sink
	mu    sync.Mutex
	found []string // what each instance loaded; "-" for nothing
	last  deliver.State
}

func (n *notes) open(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
	data, err := o.State.Load(ctx)
	if err != nil {
		return nil, err
	}
	version := o.Destination.Options["version"]
	n.mu.Lock()
	defer n.mu.Unlock()
	if data == nil {
		n.found = append(n.found, "-")
	} else {
		n.found = append(n.found, string(data))
	}
	n.last = o.State
	if err := o.State.Save(ctx, append(data, version...)); err != nil {
		return nil, err
	}
	return n.sink.open(ctx, o)
}

func (n *notes) history() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.found, " ")
}

// kept returns how many notes are on the bus.
func (n *node) kept() []string {
	n.t.Helper()
	kv, err := n.bus.KeyValue(n.t.Context(), "destinations")
	if err != nil {
		n.t.Fatal(err)
	}
	keys, err := kv.Keys(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	return keys
}

func TestADestinationFindsItsStateAgain(t *testing.T) {
	var d notes
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: opened(d.open)}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1", read))
	n.emit(blobsA, read, "a")
	n.drain()
	n.stop()
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	// Another instance in the same process.
	fails := 0
	d.setFail(func([]deliver.Item) error {
		if fails++; fails == 1 {
			return deliver.Reopen(errors.New("lost"))
		}
		return nil
	})
	n.emit(blobsA, read, "b")
	n.drain()
	// A change of categories leaves it the same destination.
	n.put(setting("x", blobsA, accountA, "1", read, write))
	n.emit(blobsA, write, "c")
	n.drain()
	n.stop()
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	if got := d.history(); got != "- 1 11 111" {
		t.Errorf("the instances found %q", got)
	}
	if keys := n.kept(); len(keys) != 1 {
		t.Errorf("kept are %v", keys)
	}
}

func TestAnotherDestinationStartsWithoutState(t *testing.T) {
	var d notes
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: opened(d.open)}
	n := start(t, dir, bus.Config{}, cfg)
	for _, version := range []string{"1", "2", "1", "1"} { // one comes back, and stays
		n.put(setting("x", blobsA, accountA, version, read))
		n.emit(blobsA, read, "a"+version)
		n.drain()
	}
	if keys := n.kept(); d.history() != "- - -" || len(keys) != 1 {
		t.Errorf("the instances found %q, kept are %v", d.history(), keys)
	}
	n.stop()
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	if got := d.history(); got != "- - - 1" {
		t.Errorf("the instances found %q", got)
	}
	// Removed, and made again.
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is kept", func() bool { return len(n.kept()) == 0 })
	n.put(setting("x", blobsA, accountA, "1", read))
	eventually(t, "it starts without state", func() bool { return d.history() == "- - - 1 -" })
}

// The process dies while the destination is being replaced: before that is
// saved the old one is found with its state, after it the next one without.
func TestStateOverACrashInASwap(t *testing.T) {
	var d notes
	d.hold = true
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: opened(d.open), DrainTimeout: time.Minute, StopTimeout: 500 * time.Millisecond}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1", read))
	n.emit(blobsA, read, "a")
	n.drain()
	d.setFail(down)
	n.emit(blobsA, read, "b")
	eventually(t, "failures", func() bool { return n.ledger("x").Retried > 0 })
	n.put(setting("x", blobsA, accountA, "2", read)) // waits for b
	if err := n.bus.Close(); err != nil {
		t.Fatal(err)
	}
	n.stop()
	d.setFail(nil)
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	eventually(t, "the next destination", func() bool { return d.history() == "- 1 -" })
	wantIDs(t, d.held(), []string{"a", "b"})
	n.stop()
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	if got := d.history(); got != "- 1 - 2" || len(n.kept()) != 1 {
		t.Errorf("the instances found %q, kept are %v", got, n.kept())
	}
}

// What a process left that died between two steps is removed at the next start.
func TestNotesThatAreNobodysAreRemoved(t *testing.T) {
	var d notes
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: opened(d.open)}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1", read))
	eventually(t, "a note", func() bool { return len(n.kept()) == 1 })
	kv, err := n.bus.KeyValue(t.Context(), "destinations")
	if err != nil {
		t.Fatal(err)
	}
	mine := n.kept()[0]
	cursor := mine[:strings.LastIndexByte(mine, '.')]
	for _, key := range []string{cursor + ".former", "deliver.0123.gone.now", "deliver.0123.gone."} {
		if err := kv.Put(t.Context(), key, []byte("old")); err != nil {
			t.Fatal(err)
		}
	}
	// A cursor that cannot be read keeps what it has.
	c, err := n.bus.OpenCursor(t.Context(), "deliver.unreadable", n.bus.Last())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Save(t.Context(), n.bus.Last(), []byte(`"?"`)); err != nil {
		t.Fatal(err)
	}
	if err := kv.Put(t.Context(), "deliver.unreadable.note", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	n.stop()
	n = start(t, dir, bus.Config{}, cfg)
	// A note is saved anew meanwhile, and a list made in that moment lacks it.
	eventually(t, "only its own note and the unreadable one's are kept", func() bool {
		kept := n.kept()
		return len(kept) == 2 && slices.Contains(kept, mine) && slices.Contains(kept, "deliver.unreadable.note")
	})
}

func TestStateIsBounded(t *testing.T) {
	var d notes
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: opened(d.open)})
	n.put(setting("x", blobsA, accountA, "1", read))
	eventually(t, "opened", func() bool { return d.history() == "-" })
	d.mu.Lock()
	state := d.last
	d.mu.Unlock()
	eventually(t, "saved", func() bool { return len(n.kept()) == 1 })
	big := make([]byte, deliver.MaxState)
	if err := state.Save(t.Context(), big); err != nil {
		t.Errorf("%d bytes: %v", len(big), err)
	}
	if err := state.Save(t.Context(), make([]byte, len(big)+1)); err == nil || !strings.Contains(err.Error(), "262145 bytes") {
		t.Errorf("%d bytes: %v", len(big)+1, err)
	}
	if data, err := state.Load(t.Context()); err != nil || len(data) != len(big) {
		t.Errorf("loaded %d bytes, %v", len(data), err)
	}
	if err := state.Save(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if data, err := state.Load(t.Context()); err != nil || data == nil || len(data) != 0 {
		t.Errorf("an empty note was loaded as %v, %v", data, err)
	}
	// A closed instance no longer writes over the note of its successor.
	fails := 0
	d.setFail(func([]deliver.Item) error {
		if fails++; fails == 1 {
			return deliver.Reopen(errors.New("lost"))
		}
		return nil
	})
	n.emit(blobsA, read, "a")
	n.drain()
	if err := state.Save(t.Context(), []byte("late")); err == nil {
		t.Error("a closed instance saved its state")
	}
}
