package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/record"
)

func unknown(id string) record.Record { return newRecord(blobs, "StorageWrite", id+"?") }

// begin announces an operation whose unknown record says so in its line.
func begin(t *testing.T, b *bus.Bus, id string) {
	t.Helper()
	r := newRecord(blobs, "StorageWrite", id)
	r.Line = []byte(`{"status":"Unknown"}`)
	if err := b.Emitter().Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func TestAuditRecordIsOnDiskWhenEmitReturns(t *testing.T) {
	b := open(t, bus.Config{Durability: bus.Audit})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				id := fmt.Sprintf("%d-%d", g, i)
				begin(t, b, id)
				before := b.Stats().Taken
				emit(t, b, newRecord(blobs, "StorageWrite", id))
				if after := b.Stats().Taken; after <= before {
					t.Errorf("taken %d before and %d after Emit", before, after)
				}
			}
		})
	}
	wg.Wait()
	s := b.Stats()
	if s.Taken != 400 || s.OpenIntents != 0 {
		t.Errorf("stats %+v", s)
	}
	if s.Messages > 700 {
		t.Errorf("%d messages for 800 entries: nothing was committed together", s.Messages)
	}
	entries, _ := readTo(t, b, bus.ReadConfig{}, b.Last())
	if len(entries) != 400 {
		t.Errorf("read %d records; intents are not records", len(entries))
	}
}

func TestAuditIntentLeftOpenBecomesItsUnknownRecordOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, bus.Config{Dir: dir, Durability: bus.Audit})
	begin(t, b, "ended")
	emit(t, b, newRecord(blobs, "StorageWrite", "ended"))
	begin(t, b, "withdrawn")
	if err := b.Emitter().Withdraw(t.Context(), newRecord(blobs, "StorageWrite", "withdrawn")); err != nil {
		t.Fatal(err)
	}
	begin(t, b, "open")
	emit(t, b, newRecord(blobs, "StorageWrite", "other"))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	// In whatever mode it is opened, and however often.
	for i, mode := range []bus.Durability{bus.Buffered, bus.Audit, bus.Buffered} {
		b = open(t, bus.Config{Dir: dir, Durability: mode})
		entries, _ := readTo(t, b, bus.ReadConfig{}, b.Last())
		if got := fmt.Sprint(ids(entries)); got != "[ended other open]" {
			t.Fatalf("after start %d the stream holds %s", i, got)
		}
		if got := string(entries[2].Record.Line); got != `{"status":"Unknown"}` {
			t.Errorf("the record of the operation left open is %s", got)
		}
		if got := entries[2].Record.Resource; got != blobs {
			t.Errorf("its resource is %v", got)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAuditBeginGivenUpLeavesNoRecord(t *testing.T) {
	dir := t.TempDir()
	b := open(t, bus.Config{Dir: dir, Durability: bus.Audit})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 20 {
		err := b.Emitter().Begin(ctx, newRecord(blobs, "StorageWrite", fmt.Sprint(i)))
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err == nil { // it was on disk first: then it is the caller's
			if err := b.Emitter().Withdraw(t.Context(), newRecord(blobs, "StorageWrite", fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	flush(t, b)
	if n := b.Stats().OpenIntents; n != 0 {
		t.Errorf("%d intents are open", n)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, bus.Config{Dir: dir})
	if n := b.Last().Number; n != 0 {
		t.Errorf("%d records came of operations that never ran", n)
	}
}

func TestAuditRefusesWhenTheDiskIsFullAndRecovers(t *testing.T) {
	var disk freeSpace
	disk.set(1 << 40)
	b := open(t, bus.Config{Durability: bus.Audit, FreeSpace: disk.get, MaxMemory: 1 << 20})
	begin(t, b, "running")
	disk.set(0)
	if err := b.Emitter().Begin(t.Context(), newRecord(blobs, "StorageWrite", "x")); !errors.Is(err, bus.ErrNoSpace) {
		t.Fatalf("Begin on a full disk: %v", err)
	}
	// What took effect is told, and kept.
	if err := b.Emitter().Emit(t.Context(), newRecord(blobs, "StorageWrite", "running")); !errors.Is(err, bus.ErrNoSpace) {
		t.Fatalf("Emit on a full disk: %v", err)
	}
	for i := range 5000 { // bounded by memory, not by time
		if err := b.Emitter().Begin(t.Context(), newRecord(blobs, "StorageWrite", fmt.Sprint(i))); err == nil {
			t.Fatal("Begin succeeded on a full disk")
		}
	}
	if s := b.Stats(); !s.Failing || s.QueueBytes > 1<<20 {
		t.Errorf("stats %+v", s)
	}
	disk.set(1 << 40)
	flush(t, b)
	begin(t, b, "later")
	emit(t, b, newRecord(blobs, "StorageWrite", "later"))
	entries, _ := readTo(t, b, bus.ReadConfig{}, b.Last())
	if got := fmt.Sprint(ids(entries)); got != "[running later]" {
		t.Errorf("the stream holds %s", got)
	}
	if s := b.Stats(); s.Failing || s.OpenIntents != 0 || s.Dropped != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestAuditLongOperationsOutliveTheStreamsLimit(t *testing.T) {
	dir := t.TempDir()
	b := open(t, bus.Config{Dir: dir, Durability: bus.Audit, MaxBytes: 256 << 10})
	begin(t, b, "long")
	for i := range 600 { // twice the limit and more
		r := newRecord(blobs, "StorageWrite", fmt.Sprint(i))
		r.Line = slices.Concat([]byte(`"`), noise(i), []byte(`"`))
		emit(t, b, r)
	}
	if s := b.Stats(); s.FirstSeq <= 2 || s.OpenIntents != 1 {
		t.Fatalf("the limit was not reached, stats %+v", s)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, bus.Config{Dir: dir, MaxBytes: 256 << 10})
	entries, _ := readTo(t, b, bus.ReadConfig{}, b.Last())
	if got := entries[len(entries)-1].Record.ID; got != "long" {
		t.Errorf("the last record is %s, want that of the operation left open", got)
	}
}

func TestAuditWithdrawOfNothingCostsNothing(t *testing.T) {
	b := open(t, bus.Config{Durability: bus.Audit})
	if err := b.Emitter().Withdraw(t.Context(), unknown("x")); err != nil {
		t.Fatal(err)
	}
	if n := b.Stats().Messages; n != 0 {
		t.Errorf("%d messages", n)
	}
}

type freeSpace struct {
	mu sync.Mutex
	n  int64
}

func (f *freeSpace) set(n int64) {
	f.mu.Lock()
	f.n = n
	f.mu.Unlock()
}

func (f *freeSpace) get(string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n, nil
}

// noise returns a kilobyte that does not compress.
func noise(seed int) []byte {
	b := make([]byte, 1024)
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 11)
	}
	return b
}

func TestCloseIsBounded(t *testing.T) {
	var disk freeSpace
	disk.set(1 << 40)
	b := open(t, bus.Config{FreeSpace: disk.get, CloseTimeout: 50 * time.Millisecond})
	disk.set(0)
	emit(t, b, newRecord(blobs, "StorageRead", "a"), newRecord(blobs, "StorageRead", "b"))
	if err := b.Close(); err == nil {
		t.Error("Close says nothing of the records it lost")
	}
	if n := b.Stats().Dropped; n != 2 {
		t.Errorf("dropped %d, want 2", n)
	}
	emit(t, b, newRecord(blobs, "StorageRead", "c")) // no panic, no block
	if n := b.Stats().Dropped; n != 3 {
		t.Errorf("dropped %d, want 3", n)
	}
}
