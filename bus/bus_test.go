package bus_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/record"
	"reslog/resource"
)

var (
	blobs = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default")
	other = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/b/blobServices/default")
)

// patience bounds what a test waits for, on a machine that has other work.
const patience = 2 * time.Minute

func newRecord(id resource.ID, c record.Category, name string) record.Record {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC)
	return record.Record{
		Resource: id, Category: c, ID: name, Time: now, Ended: now.Add(time.Millisecond),
		Line: []byte(`{"id":"` + name + `","pad":"` + strings.Repeat("x", 100) + `"}`),
	}
}

func open(t *testing.T, cfg bus.Config) *bus.Bus {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.TrimInterval == 0 { // what no cursor holds is not to go while a test takes its time
		cfg.TrimInterval = time.Hour
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	}
	b, err := bus.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func emit(t *testing.T, b *bus.Bus, recs ...record.Record) {
	t.Helper()
	for _, r := range recs {
		if err := b.Emitter().Emit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func flush(t *testing.T, b *bus.Bus) bus.Mark {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := b.Flush(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// readTo reads until a reader has come to mark m.
func readTo(t *testing.T, b *bus.Bus, cfg bus.ReadConfig, m bus.Mark) (entries []bus.Entry, missed uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := b.Read(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for r.Through().Number < m.Number || r.Through().Seq < m.Seq {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, batch.Entries...)
		missed += batch.Missed
	}
	return entries, missed
}

func ids(entries []bus.Entry) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Record.ID)
	}
	return ids
}

func TestRecordsComeBackInOrder(t *testing.T) {
	b := open(t, bus.Config{})
	const goroutines, each = 4, 2000
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprintf("%d-%06d", g, i)))
			}
		})
	}
	wg.Wait()
	end := flush(t, b)
	if end.Number != goroutines*each {
		t.Fatalf("the stream ends at %d, want %d", end.Number, goroutines*each)
	}
	entries, missed := readTo(t, b, bus.ReadConfig{}, end)
	if missed != 0 || len(entries) != goroutines*each {
		t.Fatalf("read %d, missed %d", len(entries), missed)
	}
	last := map[string]string{}
	for i, e := range entries {
		g := e.Record.ID[:1]
		if e.Record.ID <= last[g] {
			t.Fatalf("%s came after %s", e.Record.ID, last[g])
		}
		last[g] = e.Record.ID
		if e.Number != uint64(i+1) {
			t.Fatalf("record %d has number %d", i, e.Number)
		}
		if i > 0 && !e.Position.After(entries[i-1].Position) {
			t.Fatalf("position %v is not after %v", e.Position, entries[i-1].Position)
		}
	}
	want := newRecord(blobs, "StorageRead", entries[0].Record.ID)
	if got := entries[0].Record; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("record changed on the way:\n got %v\nwant %v", got, want)
	}
	if s := b.Stats(); s.Taken != goroutines*each || s.Emitted != s.Taken || s.Dropped != 0 || s.QueueBytes != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestReaderTakesUpWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	b := open(t, bus.Config{Dir: dir})
	for i := range 10 {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
	}
	end := flush(t, b)
	all, _ := readTo(t, b, bus.ReadConfig{}, end)
	after := bus.Mark{Position: all[3].Position, Number: all[3].Number}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, bus.Config{Dir: dir})
	emit(t, b, newRecord(blobs, "StorageRead", "10"))
	end = flush(t, b)
	got, missed := readTo(t, b, bus.ReadConfig{After: after}, end)
	if want := "[4 5 6 7 8 9 10]"; fmt.Sprint(ids(got)) != want || missed != 0 {
		t.Fatalf("read %v, missed %d; want %s", ids(got), missed, want)
	}
	if got[6].Number != 11 {
		t.Errorf("number after the restart is %d, want 11", got[6].Number)
	}
}

func TestWantSkips(t *testing.T) {
	b := open(t, bus.Config{})
	for i := range 20 {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprintf("r%d", i)),
			newRecord(other, "StorageRead", fmt.Sprintf("o%d", i)),
			newRecord(blobs, "StorageWrite", fmt.Sprintf("w%d", i)))
	}
	end := flush(t, b)
	got, _ := readTo(t, b, bus.ReadConfig{Want: func(k resource.Key, c record.Category) bool {
		return k == other.Key() || c == "StorageWrite"
	}}, end)
	if len(got) != 40 {
		t.Fatalf("got %d: %v", len(got), ids(got))
	}
	none, _ := readTo(t, b, bus.ReadConfig{Want: func(resource.Key, record.Category) bool { return false }}, end)
	if len(none) != 0 {
		t.Fatalf("got %d", len(none))
	}
}

func TestRedeliverIsSeenByItsNameAlone(t *testing.T) {
	b := open(t, bus.Config{})
	emit(t, b, newRecord(blobs, "StorageRead", "a"))
	if err := b.Redeliver(t.Context(), "x", []record.Record{newRecord(blobs, "StorageRead", "b")}); err != nil {
		t.Fatal(err)
	}
	end := b.Last()
	everybody, _ := readTo(t, b, bus.ReadConfig{}, end)
	x, _ := readTo(t, b, bus.ReadConfig{Name: "x", Want: func(resource.Key, record.Category) bool { return false }}, end)
	if fmt.Sprint(ids(everybody), ids(x)) != "[a] [b]" {
		t.Fatalf("everybody %v, x %v", ids(everybody), ids(x))
	}
}
