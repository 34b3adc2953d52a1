package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"reslog/bus"
	"reslog/record"
	"reslog/resource"
)

// big is a record of a kilobyte that does not compress.
func big(i int) record.Record {
	r := newRecord(blobs, "StorageRead", fmt.Sprint(i))
	r.Line = slices.Concat([]byte(`"`), noise(i), []byte(`"`))
	return r
}

func TestReaderCountsWhatTheLimitsTook(t *testing.T) {
	b := open(t, bus.Config{MaxBytes: 128 << 10})
	cursor, err := b.OpenCursor(t.Context(), "slow", b.Last())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		emit(t, b, big(i))
		if i%5 == 4 {
			flush(t, b)
		}
	}
	entries, missed := readTo(t, b, bus.ReadConfig{After: cursor.Mark()}, b.Last())
	if missed == 0 || missed+uint64(len(entries)) != 500 {
		t.Fatalf("read %d, missed %d of 500", len(entries), missed)
	}
	if first := entries[0]; first.Number != missed+1 || first.Record.ID != fmt.Sprint(missed) {
		t.Errorf("the first record read is number %d, %s; missed %d", first.Number, first.Record.ID, missed)
	}
	// From the middle of what is there nothing is missing.
	mid := entries[len(entries)/2]
	rest, missed := readTo(t, b, bus.ReadConfig{After: bus.Mark{Position: mid.Position, Number: mid.Number}}, b.Last())
	if missed != 0 || uint64(len(rest)) != 500-mid.Number {
		t.Errorf("from number %d: read %d, missed %d", mid.Number, len(rest), missed)
	}
}

func TestOverloadIsBoundedAndCounted(t *testing.T) {
	var disk freeSpace
	disk.set(0) // nothing can be written: the worst overload
	const limit = 1 << 20
	b := open(t, bus.Config{FreeSpace: disk.get, MaxMemory: limit})
	const total = 20_000
	for i := range total {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
		if i%1000 == 0 {
			if held := b.Stats().QueueBytes; held > limit {
				t.Fatalf("%d bytes are held, the limit is %d", held, limit)
			}
		}
	}
	s := b.Stats()
	if s.Dropped == 0 || s.Emitted+s.Dropped != total || s.DroppedBytes == 0 {
		t.Errorf("stats %+v", s)
	}
	disk.set(1 << 40)
	end := flush(t, b)
	entries, _ := readTo(t, b, bus.ReadConfig{}, end)
	if s = b.Stats(); uint64(len(entries)) != s.Taken || s.Taken != s.Emitted || s.QueueBytes != 0 {
		t.Errorf("%d records are there, stats %+v", len(entries), s)
	}
	// What was kept is what came first.
	for i, e := range entries {
		if e.Record.ID != fmt.Sprint(i) {
			t.Fatalf("record %d is %s", i, e.Record.ID)
		}
	}
}

func TestTooLargeARecordIsDroppedAndCounted(t *testing.T) {
	b := open(t, bus.Config{MaxRecord: 1000})
	r := newRecord(blobs, "StorageRead", "large")
	r.Line = make([]byte, 1001)
	emit(t, b, r)
	if s := b.Stats(); s.Dropped != 1 || s.DroppedBytes < 1001 {
		t.Errorf("stats %+v", s)
	}
	a := open(t, bus.Config{MaxRecord: 1000, Durability: bus.Audit})
	if err := a.Emitter().Emit(t.Context(), r); !errors.Is(err, bus.ErrTooLarge) {
		t.Errorf("audit: %v", err)
	}
	if err := a.Emitter().Begin(t.Context(), r); !errors.Is(err, bus.ErrTooLarge) {
		t.Errorf("audit: %v", err)
	}
}

func TestLargestRecordsPass(t *testing.T) {
	b := open(t, bus.Config{MaxRecord: 4 << 20})
	var want []int
	for i := range 3 {
		r := newRecord(blobs, "StorageRead", fmt.Sprint(i))
		for len(r.Line)+len(r.ID) < 4<<20-1100 {
			r.Line = append(r.Line, noise(len(r.Line))...)
		}
		want = append(want, len(r.Line))
		emit(t, b, r)
	}
	entries, _ := readTo(t, b, bus.ReadConfig{}, flush(t, b))
	var got []int
	for _, e := range entries {
		got = append(got, len(e.Record.Line))
	}
	if !slices.Equal(got, want) {
		t.Errorf("lines of %v bytes, want %v", got, want)
	}
}

// On a disk that is full to the brim nothing is removed: the server would have to write.
func TestFullDiskIsNotTrimmed(t *testing.T) {
	var disk freeSpace
	disk.set(1 << 40)
	b := open(t, bus.Config{TrimInterval: 5 * time.Millisecond, FreeSpace: disk.get})
	c, err := b.OpenCursor(t.Context(), "c", b.Last())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		emit(t, b, big(i))
		flush(t, b)
	}
	disk.set(1 << 20)
	if err := c.Save(t.Context(), b.Last(), nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if s := b.Stats(); s.FirstSeq == s.LastSeq {
		t.Error("records were removed from a full disk")
	}
	// Less than what is kept free of records is enough to remove some.
	disk.set(32 << 20)
	await(t, "trimmed", func() bool { s := b.Stats(); return s.FirstSeq == s.LastSeq })
}

func TestStreamIsTrimmedToTheHindmostCursor(t *testing.T) {
	b := open(t, bus.Config{TrimInterval: 5 * time.Millisecond})
	ahead, err := b.OpenCursor(t.Context(), "ahead", b.Last())
	if err != nil {
		t.Fatal(err)
	}
	behind, err := b.OpenCursor(t.Context(), "behind", b.Last())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		emit(t, b, big(i))
		flush(t, b)
	}
	end := b.Last()
	if err := ahead.Save(t.Context(), end, []byte(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if entries, missed := readTo(t, b, bus.ReadConfig{After: behind.Mark()}, end); len(entries) != 10 || missed != 0 {
		t.Fatalf("behind reads %d, missed %d: the stream was trimmed before it", len(entries), missed)
	}
	if err := behind.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, "trimmed", func() bool { s := b.Stats(); return s.FirstSeq == s.LastSeq })
	if n := b.Stats().StreamMessages; n != 1 {
		t.Errorf("%d messages are left, want the last", n)
	}
}

func TestOldRecordsGoByAge(t *testing.T) {
	b := open(t, bus.Config{TrimInterval: 5 * time.Millisecond, MaxAge: 50 * time.Millisecond})
	cursor, err := b.OpenCursor(t.Context(), "slow", b.Last())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		emit(t, b, big(i))
		flush(t, b)
	}
	await(t, "aged", func() bool { s := b.Stats(); return s.FirstSeq == s.LastSeq })
	entries, missed := readTo(t, b, bus.ReadConfig{After: cursor.Mark()}, b.Last())
	if len(entries) != 1 || missed != 9 {
		t.Errorf("read %d, missed %d", len(entries), missed)
	}
}

func TestCursorsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	b := open(t, bus.Config{Dir: dir})
	c, err := b.OpenCursor(t.Context(), "one/with odd.name", b.Last())
	if err != nil {
		t.Fatal(err)
	}
	emit(t, b, big(1))
	if err := c.Save(t.Context(), flush(t, b), []byte(`{"delivered":1}`)); err != nil {
		t.Fatal(err)
	}
	want := c.Mark()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, bus.Config{Dir: dir})
	if c, err = b.OpenCursor(t.Context(), "one/with odd.name", bus.Mark{}); err != nil {
		t.Fatal(err)
	}
	if c.Mark() != want || string(c.Data()) != `{"delivered":1}` {
		t.Errorf("cursor at %v with %s, want %v", c.Mark(), c.Data(), want)
	}
	if got := b.Cursors(); len(got) != 1 || got["one/with odd.name"] != want {
		t.Errorf("cursors %v", got)
	}
}

func TestTailSkipsAheadInsteadOfHoldingBack(t *testing.T) {
	b := open(t, bus.Config{})
	emit(t, b, big(0))
	flush(t, b)
	tail, err := b.Tail(t.Context(), func(k resource.Key, c record.Category) bool { return c == "StorageWrite" })
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Close()
	const total = 30_000
	for i := range total {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
	}
	flush(t, b)
	emit(t, b, newRecord(blobs, "StorageWrite", "last"))
	end := flush(t, b)
	var missed uint64
	var got []bus.Entry
	for tail.Through().Number < end.Number {
		batch, err := tail.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		missed += batch.Missed
		got = append(got, batch.Entries...)
	}
	if missed == 0 || missed > total+1 {
		t.Errorf("missed %d of %d", missed, total)
	}
	// It is live again.
	emit(t, b, newRecord(blobs, "StorageWrite", "now"))
	for len(got) == 0 || got[len(got)-1].Record.ID != "now" {
		batch, err := tail.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, batch.Entries...)
	}
}

func TestTwoBusesInOneProcess(t *testing.T) {
	one, two := open(t, bus.Config{}), open(t, bus.Config{})
	emit(t, one, newRecord(blobs, "StorageRead", "of one"))
	emit(t, two, newRecord(blobs, "StorageRead", "of two"))
	endOne, endTwo := flush(t, one), flush(t, two)
	a, _ := readTo(t, one, bus.ReadConfig{}, endOne)
	b, _ := readTo(t, two, bus.ReadConfig{}, endTwo)
	if fmt.Sprint(ids(a), ids(b)) != "[of one] [of two]" {
		t.Errorf("one %v, two %v", ids(a), ids(b))
	}
	if endOne.Epoch == endTwo.Epoch || endOne.Epoch == 0 {
		t.Errorf("epochs %x and %x", endOne.Epoch, endTwo.Epoch)
	}
	// A mark of another stream means nothing: everything is read.
	entries, _ := readTo(t, two, bus.ReadConfig{After: endOne}, endTwo)
	if len(entries) != 1 {
		t.Errorf("read %d", len(entries))
	}
}

func TestNextEndsWithItsContextAndWithTheBus(t *testing.T) {
	b := open(t, bus.Config{})
	r, err := b.Read(t.Context(), bus.ReadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Next after its context ended: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { _ = b.Close() })
	if _, err := r.Next(t.Context()); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Next after the bus was closed: %v", err)
	}
	if _, err := b.Read(t.Context(), bus.ReadConfig{}); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Read of a closed bus: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]bus.Config{
		"no folder":    {},
		"durability":   {Dir: t.TempDir(), Durability: "sometimes"},
		"negative":     {Dir: t.TempDir(), MaxMemory: -1},
		"large record": {Dir: t.TempDir(), MaxRecord: 64 << 20},
	} {
		if _, err := bus.Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func await(t *testing.T, what string, fn func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if fn() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

// A bucket that is being made is no fault of the store: it is there on disk before
// the server knows it.
func TestNewBucketsAreNoFault(t *testing.T) {
	b := open(t, bus.Config{TrimInterval: 100 * time.Microsecond})
	for i := range 20 {
		kv, err := b.KeyValue(t.Context(), fmt.Sprintf("bucket-%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := kv.Put(t.Context(), "key", []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Stats().Failures; n != 0 {
		t.Errorf("the store was taken to have failed %d times", n)
	}
}
