package bus_test

import (
	"fmt"
	"testing"
	"time"

	"reslog/bus"
)

// A paced reader returns a record that comes after a quiet time at once, and
// gathers the messages that follow it.
func TestPacedReaderGathers(t *testing.T) {
	const pace = 5 * time.Second // no machine is as slow
	b := open(t, bus.Config{})
	r, err := b.Read(t.Context(), bus.ReadConfig{After: b.Last(), Pace: pace})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	next := func() string {
		t.Helper()
		batch, err := r.Next(t.Context())
		if err != nil || len(batch.Entries) != 1 {
			t.Fatalf("%d records, %v", len(batch.Entries), err)
		}
		return batch.Entries[0].Record.ID
	}
	start := time.Now()
	emit(t, b, newRecord(blobs, "StorageRead", "first"))
	if got := next(); got != "first" || time.Since(start) >= pace {
		t.Errorf("read %s after %s", got, time.Since(start))
	}
	for i := range 3 {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
		flush(t, b)
	}
	for i := range 3 {
		if got := next(); got != fmt.Sprint(i) {
			t.Errorf("read %s, want %d", got, i)
		}
	}
	if waited := time.Since(start); waited < pace {
		t.Errorf("the followers came after %s, before the pace of %s was over", waited, pace)
	}
	// Many waiting messages are no reason to wait.
	for i := range 20 {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
		flush(t, b)
	}
	start = time.Now()
	for i := range 20 {
		if got := next(); got != fmt.Sprint(i) {
			t.Errorf("read %s, want %d", got, i)
		}
	}
	if waited := time.Since(start); waited >= pace {
		t.Errorf("20 waiting messages were read after %s", waited)
	}
}

// Memory given back is used for another batch and changes no ID that was read.
func TestRecycledBatchesKeepTheirIDs(t *testing.T) {
	b := open(t, bus.Config{})
	r, err := b.Read(t.Context(), bus.ReadConfig{After: b.Last()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for round := range 10 {
		for i := range 50 + 20*round%70 {
			emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprintf("%d-%d", round, i)))
		}
		flush(t, b)
		for n := 0; n < 50+20*round%70; {
			batch, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range batch.Entries {
				if want := newRecord(blobs, "StorageRead", e.Record.ID); string(want.Line) != string(e.Record.Line) {
					t.Fatalf("record %s has line %s", e.Record.ID, e.Record.Line)
				}
				got = append(got, e.Record.ID)
			}
			n += len(batch.Entries)
			r.Recycle(batch)
		}
	}
	i := 0
	for round := range 10 {
		for n := range 50 + 20*round%70 {
			if want := fmt.Sprintf("%d-%d", round, n); got[i] != want {
				t.Fatalf("record %d is %s, want %s", i, got[i], want)
			}
			i++
		}
	}
}
