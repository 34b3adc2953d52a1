package bus_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"reslog/bus"
	"reslog/record"
	"reslog/resource"
)

// countTo counts with a scout until it has come to the end of the stream.
func countTo(t *testing.T, b *bus.Bus, cfg bus.ScoutConfig, end bus.Mark) bus.Tally {
	t.Helper()
	s, err := b.Scout(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var sum bus.Tally
	for more := true; more; {
		var n bus.Tally
		if n, more, err = s.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		sum.Records += n.Records
		sum.Bytes += n.Bytes
	}
	if s.Through() != end {
		t.Errorf("the scout ended at %+v, the stream at %+v", s.Through(), end)
	}
	return sum
}

// mixed puts records of two resources and two categories on the stream, in
// messages of many sizes, and some that are redelivered to "me" and to another.
func mixed(t *testing.T, b *bus.Bus, n int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		id, c := blobs, record.Category("StorageRead")
		if rnd.IntN(2) == 0 {
			id = other
		}
		if rnd.IntN(3) == 0 {
			c = "StorageWrite"
		}
		r := newRecord(id, c, fmt.Sprint(i))
		r.Line = append(r.Line, make([]byte, rnd.IntN(2000))...)
		if rnd.IntN(4) == 0 {
			r.Detail = []byte("detail")
		}
		emit(t, b, r)
		switch rnd.IntN(40) {
		case 0:
			flush(t, b)
		case 1:
			to := []string{"me", "you"}[rnd.IntN(2)]
			if err := b.Redeliver(t.Context(), to, []record.Record{newRecord(blobs, "Old", fmt.Sprint("again-", i))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	flush(t, b)
}

// A scout counts exactly what a reader with the same wishes reads, from wherever
// both begin, in the middle of a message too.
func TestAScoutCountsWhatAReaderReads(t *testing.T) {
	b := open(t, bus.Config{})
	mixed(t, b, 3000)
	end := b.Last()
	want := func(id resource.Key, c record.Category) bool { return id == blobs.Key() && c == "StorageRead" }
	only := func(_ record.Category, number uint64) bool { return number%7 != 0 && number < 2500 }
	all, _ := readTo(t, b, bus.ReadConfig{}, end)
	starts := []bus.Mark{{}}
	for i := 0; i < len(all); i += 211 {
		starts = append(starts, bus.Mark{Position: all[i].Position, Number: all[i].Number})
	}
	for _, after := range append(starts, end) {
		var expect bus.Tally
		if after != end {
			entries, _ := readTo(t, b, bus.ReadConfig{After: after, Want: want, Name: "me"}, end)
			for _, e := range entries {
				if e.Redelivered || only(e.Record.Category, e.Number) {
					expect.Records++
					expect.Bytes += uint64(e.Size)
				}
			}
		}
		got := countTo(t, b, bus.ScoutConfig{After: after, Want: want, Only: only, Name: "me"}, end)
		if got != expect {
			t.Errorf("after number %d: counted %+v, read %+v", after.Number, got, expect)
		}
	}
}

func TestAScoutGoesOnWhereItWas(t *testing.T) {
	b := open(t, bus.Config{})
	s, err := b.Scout(bus.ScoutConfig{After: b.Last()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 5 {
		if n, more, err := s.Next(t.Context()); n != (bus.Tally{}) || more || err != nil {
			t.Fatalf("at the end: %+v %v %v", n, more, err)
		}
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)), newRecord(blobs, "StorageRead", fmt.Sprint("and ", i)))
		flush(t, b)
		n, _, err := s.Next(t.Context())
		if err != nil || n.Records != 2 || n.Bytes < 2*100 {
			t.Fatalf("round %d: %+v %v", i, n, err)
		}
	}
}

// What is wanted of a message is the same whether its memory is shared with the
// rest or copied, and stays so while the reader goes on.
func TestSparseBatchesKeepTheirContent(t *testing.T) {
	b := open(t, bus.Config{})
	var want []string
	for i := range 2000 {
		id := other
		if i%50 == 7 {
			id = blobs
			want = append(want, fmt.Sprint(i))
		}
		r := newRecord(id, "StorageRead", fmt.Sprint(i))
		r.Detail = []byte("detail of " + r.ID)
		emit(t, b, r)
	}
	end := flush(t, b)
	r, err := b.Read(t.Context(), bus.ReadConfig{Want: func(id resource.Key, _ record.Category) bool { return id == blobs.Key() }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for r.Through().Number < end.Number {
		var held []bus.Batch
		for len(held) < 3 && r.Through().Number < end.Number {
			batch, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, batch)
		}
		for _, batch := range held {
			for _, e := range batch.Entries {
				wanted := newRecord(blobs, "StorageRead", e.Record.ID)
				if string(e.Record.Line) != string(wanted.Line) || string(e.Record.Detail) != "detail of "+e.Record.ID {
					t.Fatalf("record %s: %q %q", e.Record.ID, e.Record.Line, e.Record.Detail)
				}
				got = append(got, e.Record.ID)
			}
			r.Recycle(batch)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

func TestABatchSaysWhenItWasStoredAndWhetherMoreFollows(t *testing.T) {
	b := open(t, bus.Config{})
	before := time.Now()
	for i := range 5 {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
		flush(t, b)
	}
	r, err := b.Read(t.Context(), bus.ReadConfig{Pace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 5 {
		batch, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// The server's clock and this one are the same; it may be coarser.
		if batch.Time.Before(before.Add(-time.Second)) || batch.Time.After(time.Now().Add(time.Second)) {
			t.Errorf("batch %d was stored at %v, not between %v and now", i, batch.Time, before)
		}
		if batch.More != (i < 4) {
			t.Errorf("batch %d of 5 says that more is %v", i, batch.More)
		}
	}
	// With so many waiting, Next does not pace itself.
	for i := range 8 {
		emit(t, b, newRecord(blobs, "StorageRead", fmt.Sprint(i)))
		flush(t, b)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if batch, err := r.Next(ctx); err != nil || !batch.More {
		t.Errorf("more is %v, %v", batch.More, err)
	}
}
