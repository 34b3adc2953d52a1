package tablestore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func get(t testing.TB, s *Store, table, partition, row string) Entity {
	t.Helper()
	e, err := s.Get(t.Context(), account, table, Key{partition, row})
	if err != nil {
		t.Fatalf("get %s/%s: %v", partition, row, err)
	}
	return e
}

func TestKinds(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	a, b, c := number("a", 1), number("b", 2), text("c", "three")
	newA := text("a", "one")
	for _, tc := range []struct {
		name string
		kind Kind
		with []Property
		want []Property
	}{
		{"insert", Insert, []Property{a, b}, []Property{a, b}},
		{"merge", Merge, []Property{c, newA}, []Property{newA, b, c}},
		{"merge nothing", Merge, nil, []Property{newA, b, c}},
		{"replace", Replace, []Property{c}, []Property{c}},
		{"insert or merge", InsertOrMerge, []Property{a, c}, []Property{c, a}},
		{"insert or replace", InsertOrReplace, []Property{b}, []Property{b}},
		{"replace by nothing", Replace, nil, nil},
		{"merge into nothing", InsertOrMerge, []Property{a}, []Property{a}},
	} {
		last := time.Time{}
		if tc.kind != Insert {
			last = get(t, s, "t", "p", "r").Timestamp
		}
		stamp := write(t, s, "t", Write{Kind: tc.kind, Entity: entity("p", "r", tc.with...), Match: last})
		got := get(t, s, "t", "p", "r")
		if d := cmp.Diff(tc.want, got.Properties); d != "" || !got.Timestamp.Equal(stamp) || !stamp.After(last) {
			t.Errorf("%s: %v after %v (-want +got):\n%s", tc.name, stamp, last, d)
		}
		wantUsage(t, s, Usage{1, 1, int64(got.Size())})
	}
	if stamp := write(t, s, "t", Write{Kind: Delete, Entity: entity("p", "r")}); !stamp.IsZero() {
		t.Errorf("a deleted entity has a timestamp: %v", stamp)
	}
	wantUsage(t, s, Usage{Tables: 1})
}

// TestBatch checks that a write that fails anywhere changes nothing.
func TestBatch(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	write(t, s, "t", Write{Entity: entity("p", "there")})
	good := func(n int) (list []Write) {
		for i := range n {
			list = append(list, Write{Entity: entity("p", fmt.Sprintf("%02d", 99-i), number("n", int64(i)))})
		}
		return list
	}
	for _, tc := range []struct {
		bad  Write
		want error
	}{
		{Write{Entity: entity("p", "there")}, ErrEntityExists},
		{Write{Kind: Replace, Entity: entity("p", "not there")}, ErrEntityNotFound},
		{Write{Kind: Delete, Entity: entity("p", "there"), Match: at.Add(time.Hour)}, ErrCondition},
		{Write{Kind: Merge, Entity: entity("p", "there", text("x", strings.Repeat("x", MaxSize)))}, ErrTooLarge},
	} {
		for _, i := range []int{0, 7, 99} {
			writes := slices.Insert(good(99), i, tc.bad)
			_, err := s.Write(t.Context(), account, "t", at, writes)
			var w *WriteError
			if !errors.Is(err, tc.want) || !errors.As(err, &w) || w.Index != i {
				t.Errorf("write %d of 100: %v, want %v", i, err, tc.want)
			}
		}
	}
	// The first of two is named.
	writes := append(good(5), Write{Kind: Delete, Entity: entity("p", "not there")}, Write{Entity: entity("p", "there")})
	var w *WriteError
	if _, err := s.Write(t.Context(), account, "t", at, writes); !errors.As(err, &w) || w.Index != 5 {
		t.Errorf("%v", err)
	}
	// One entity stands in a batch once.
	writes = append(good(5), Write{Kind: Delete, Entity: entity("p", "97")})
	if _, err := s.Write(t.Context(), account, "t", at, writes); !errors.As(err, &w) || w.Index != 5 || !errors.Is(err, ErrTwice) {
		t.Errorf("%v", err)
	}
	if got := keysOf(query(t, s, "t", Query{})); !slices.Equal(got, []string{"p/there"}) {
		t.Errorf("after writes that failed there are %v", got)
	}
	times, err := s.Write(t.Context(), account, "t", at, append(good(99), Write{Kind: Delete, Entity: entity("p", "there")}))
	if err != nil || len(times) != 100 || !times[99].IsZero() {
		t.Fatal(times, err)
	}
	for i, e := range query(t, s, "t", Query{}).Entities {
		n := int64(98 - i) // the first row was written last
		if e.Properties[0].Number != n || !e.Timestamp.Equal(times[n]) {
			t.Errorf("row %s: number %d at %v, want %d at %v", e.Row, e.Properties[0].Number, e.Timestamp, n, times[n])
		}
	}
	if times, err := s.Write(t.Context(), account, "t", at, nil); err != nil || len(times) != 0 {
		t.Error(times, err)
	}
}

// TestTimestamps checks that they grow with a clock that stands, goes back or was
// set back over a restart, and over deletions.
func TestTimestamps(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	s := openTest(t, c)
	newTable(t, s, "t")
	newTable(t, s, "u")
	var last time.Time
	put := func(kind Kind, now time.Time) {
		t.Helper()
		times, err := s.Write(t.Context(), account, "t", now, []Write{{Kind: kind, Entity: entity("p", "r")}})
		if err != nil {
			t.Fatal(err)
		}
		if kind == Delete {
			return
		}
		if !times[0].After(last) || times[0].Nanosecond()%100 != 0 {
			t.Errorf("%v after %v", times[0], last)
		}
		last = times[0]
	}
	put(Insert, at)
	put(Merge, at)
	put(Replace, at.Add(-time.Hour))
	put(InsertOrReplace, at.Add(time.Nanosecond))
	put(Delete, at)
	put(Insert, at.Add(-time.Hour))
	if err := s.DeleteRange(t.Context(), account, "t", Range{}); err != nil {
		t.Fatal(err)
	}
	put(InsertOrMerge, at)
	put(Delete, at)
	closeTest(t, s)
	s = openTest(t, c)
	put(Insert, at.Add(-time.Minute))
	put(Delete, at)
	// That of a deleted table counts no more for it, but does no harm.
	if err := s.DeleteTable(t.Context(), account, "t"); err != nil {
		t.Fatal(err)
	}
	newTable(t, s, "t")
	closeTest(t, s)
	s = openTest(t, c)
	put(Insert, at.Add(-time.Minute))
	put(Merge, at.Add(time.Second))
	if !last.Equal(at.Add(time.Second)) {
		t.Errorf("with a clock that goes the timestamp is %v, want %v", last, at.Add(time.Second))
	}
}

// TestLimits checks the greatest entity there can be, and one byte more.
func TestLimits(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	properties := make([]Property, MaxProperties)
	for i := range properties {
		properties[i] = Property{Name: fmt.Sprintf("p%03d", i), Type: Binary}
	}
	rest := MaxSize - (&Entity{Key: Key{"p", "r"}, Properties: properties}).Size()
	properties[0].Text = strings.Repeat("x", rest)
	write(t, s, "t", Write{Entity: entity("p", "r", properties...)})
	wantUsage(t, s, Usage{1, 1, MaxSize})
	more := Property{Name: "p001", Type: Binary, Text: "x"}
	for kind, properties := range map[Kind][]Property{
		Merge: {more}, InsertOrMerge: {more}, Replace: append(slices.Clone(properties[:251]), more),
	} {
		if _, err := s.Write(t.Context(), account, "t", at, []Write{{Kind: kind, Entity: entity("p", "r", properties...)}}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
	if _, err := s.Write(t.Context(), account, "t", at, []Write{{Kind: Merge, Entity: entity("p", "r", text("another", ""))}}); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v", err)
	}
	if e := get(t, s, "t", "p", "r"); len(e.Properties) != MaxProperties || e.Size() != MaxSize {
		t.Errorf("%d properties of %d bytes", len(e.Properties), e.Size())
	}
}
