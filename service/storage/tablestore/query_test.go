package tablestore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// grid makes a table of partitions a to c and rows 0 to 3.
func grid(t testing.TB, s *Store) {
	t.Helper()
	newTable(t, s, "t")
	for _, p := range []string{"a", "b", "c"} {
		for i := range 4 {
			write(t, s, "t", Write{Entity: entity(p, fmt.Sprint(i), number("n", int64(i)), text("p", p))})
		}
	}
}

func TestQuery(t *testing.T) {
	s := openMem(t)
	grid(t, s)
	key := func(partition, row string) *Key { return &Key{partition, row} }
	even := func(e *Entity) bool { return e.Properties[0].Number%2 == 0 }
	none := func(*Entity) bool { return false }
	for _, tc := range []struct {
		name string
		q    Query
		want string
		next string
	}{
		{"all", Query{}, "a/0 a/1 a/2 a/3 b/0 b/1 b/2 b/3 c/0 c/1 c/2 c/3", ""},
		{"limit", Query{Limit: 5}, "a/0 a/1 a/2 a/3 b/0", "b/1"},
		{"limit at the end", Query{Limit: 12}, "a/0 a/1 a/2 a/3 b/0 b/1 b/2 b/3 c/0 c/1 c/2 c/3", ""},
		{"next", Query{Next: key("b", "1"), Limit: 2}, "b/1 b/2", "b/3"},
		{"next that is not there", Query{Next: key("b", "15"), Limit: 2}, "b/2 b/3", "c/0"},
		{"next without row", Query{Next: key("c", "")}, "c/0 c/1 c/2 c/3", ""},
		{"next at the end", Query{Next: key("d", "")}, "", ""},
		{"one", Query{Ranges: []Range{{key("b", "2"), key("b", "2")}}}, "b/2", ""},
		{"one that is not there", Query{Ranges: []Range{{key("b", "25"), key("b", "25")}}}, "", ""},
		{"partition", Query{Ranges: []Range{{key("b", ""), key("b\x00", "")}}}, "b/0 b/1 b/2 b/3", ""},
		{"from", Query{Ranges: []Range{{From: key("c", "2")}}}, "c/2 c/3", ""},
		{"to", Query{Ranges: []Range{{To: key("a", "1")}}}, "a/0 a/1", ""},
		{"to no row", Query{Ranges: []Range{{To: key("b", "")}}}, "a/0 a/1 a/2 a/3", ""},
		{"ranges", Query{Ranges: []Range{{To: key("a", "0")}, {key("b", "1"), key("b", "2")}, {From: key("c", "3")}}}, "a/0 b/1 b/2 c/3", ""},
		{"ranges with limit", Query{Ranges: []Range{{To: key("a", "0")}, {key("b", "1"), key("b", "2")}}, Limit: 1}, "a/0", "b/1"},
		{"ranges with next", Query{Ranges: []Range{{To: key("a", "3")}, {key("b", "1"), key("b", "2")}}, Next: key("b", "2")}, "b/2", ""},
		{"ranges that overlap", Query{Ranges: []Range{{key("a", "2"), key("b", "1")}, {key("a", "3"), key("b", "2")}}}, "a/2 a/3 b/0 b/1 b/2", ""},
		{"range of nothing", Query{Ranges: []Range{{key("b", "2"), key("b", "1")}}}, "", ""},
		{"no range", Query{Ranges: []Range{}}, "", ""},
		{"filter", Query{Filter: even}, "a/0 a/2 b/0 b/2 c/0 c/2", ""},
		{"filter with limit", Query{Filter: even, Limit: 2}, "a/0 a/2", "a/3"},
		{"filter for nothing", Query{Filter: none}, "", ""},
		{"scan", Query{Filter: even, Scan: 5}, "a/0 a/2 b/0", "b/1"},
		{"scan for nothing", Query{Filter: none, Scan: 5}, "", "b/1"},
		{"scan over empty ranges", Query{Ranges: []Range{{key("x", "1"), key("x", "1")}, {key("x", "2"), key("x", "2")}, {key("x", "3"), key("x", "3")}}, Scan: 2}, "", "x/3"},
		{"bytes", Query{Bytes: 1}, "a/0", "a/1"},
	} {
		p := query(t, s, "t", tc.q)
		got, next := strings.Join(keysOf(p), " "), ""
		if p.Next != nil {
			next = p.Next.Partition + "/" + p.Next.Row
		}
		if got != tc.want || next != tc.next {
			t.Errorf("%s: %s, next %q; want %s, next %q", tc.name, got, next, tc.want, tc.next)
		}
		for _, e := range p.Entities {
			if fmt.Sprint(e.Properties[0].Number) != e.Row || e.Properties[1].Text != e.Partition || !e.Timestamp.Equal(at) {
				t.Errorf("%s: %+v", tc.name, e)
			}
		}
	}
}

// TestPages goes through a table by pages of every size, while each bound ends
// them: each entity comes once, and it goes on.
func TestPages(t *testing.T) {
	s := openMem(t)
	grid(t, s)
	all := keysOf(query(t, s, "t", Query{}))
	var points []Range
	for _, k := range all {
		p, r, _ := strings.Cut(k, "/")
		points = append(points, Range{&Key{p, r}, &Key{p, r}}, Range{&Key{p, r + "x"}, &Key{p, r + "x"}})
	}
	for n := 1; n < 14; n++ {
		for name, q := range map[string]Query{"limit": {Limit: n}, "scan": {Scan: n}, "bytes": {Bytes: n * 30}} {
			for _, q.Ranges = range [][]Range{nil, points} {
				var got []string
				for calls := 0; ; calls++ {
					p := query(t, s, "t", q)
					got = append(got, keysOf(p)...)
					if q.Next = p.Next; p.Next == nil {
						break
					}
					if calls > 30 {
						t.Fatalf("%s of %d: no end", name, n)
					}
				}
				if !slices.Equal(got, all) {
					t.Errorf("%s of %d: %v", name, n, got)
				}
			}
		}
	}
}

// TestPageIsItsOwn checks that a page does not change when what it was read from
// does, and that appending to an entity's properties harms no other.
func TestPageIsItsOwn(t *testing.T) {
	s := openMem(t)
	grid(t, s)
	p := query(t, s, "t", Query{Filter: func(*Entity) bool { return true }})
	want := fmt.Sprint(p)
	for i := range p.Entities {
		_ = append(p.Entities[i].Properties, text("more", "x"))
	}
	for range 20 {
		query(t, s, "t", Query{Filter: func(e *Entity) bool { return e.Row > "1" }})
	}
	if err := s.DeleteTable(t.Context(), account, "t"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p); got != want {
		t.Errorf("the page became %s", got)
	}
}

// TestDeadline checks that a query comes back before its time is over, and that
// one which has come to an end says where.
func TestDeadline(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	var writes []Write
	for i := range 2000 {
		writes = append(writes, Write{Entity: entity("p", fmt.Sprintf("%04d", i))})
	}
	write(t, s, "t", writes...)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		slow := func(*Entity) bool { time.Sleep(time.Millisecond); return false }
		p, err := s.Query(ctx, account, "t", Query{Filter: slow})
		if err != nil || p.Next == nil || p.Next.Row < "1400" || ctx.Err() != nil {
			t.Errorf("%+v, %v, %v", p, err, ctx.Err())
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	p, err := s.Query(ctx, account, "t", Query{Filter: func(e *Entity) bool {
		if e.Row == "0999" {
			cancel()
		}
		return false
	}})
	if err != nil || p.Next == nil || p.Next.Row < "1000" || p.Next.Row > "1200" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestQueryDamaged checks that a damaged record is an error and no panic.
func TestQueryDamaged(t *testing.T) {
	s := openMem(t)
	grid(t, s)
	key := appendEntityKey(nil, 1, &Key{"b", "2"})
	for _, v := range []string{"", "\x01", "\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x09\x00\x00"} {
		if err := s.db.Set(key, []byte(v), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			second(s.Get(t.Context(), account, "t", Key{"b", "2"})),
			second(s.Query(t.Context(), account, "t", Query{})),
			second(s.Query(t.Context(), account, "t", Query{Filter: func(*Entity) bool { return true }})),
			second(s.Write(t.Context(), account, "t", at, []Write{{Kind: Merge, Entity: entity("b", "2")}})),
		} {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%q: %v", v, err)
			}
		}
	}
}

func TestDeleteRange(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	const days, rows = 4, purgeStep/2 + 3
	size := int64((&Entity{Key: Key{"0", "0000"}}).Size())
	for day := range days {
		var writes []Write
		for i := range rows {
			writes = append(writes, Write{Entity: entity(fmt.Sprint(day), fmt.Sprintf("%04d", i))})
		}
		write(t, s, "t", writes...)
	}
	left := int64(days * rows)
	for _, tc := range []struct {
		r    Range
		gone int64
	}{
		{Range{&Key{"1", "0100"}, &Key{"1", "0102"}}, 3},
		{Range{&Key{"1", "0100"}, &Key{"1", "0102"}}, 0},
		{Range{To: &Key{"3", ""}}, 3*rows - 3}, // more than a step
		{Range{&Key{"3", "0005"}, &Key{"3", "0004"}}, 0},
		{Range{}, rows},
	} {
		if err := s.DeleteRange(t.Context(), account, "T", tc.r); err != nil {
			t.Fatal(err)
		}
		left -= tc.gone
		wantUsage(t, s, Usage{1, left, left * size})
		if n := len(query(t, s, "t", Query{Limit: 1e6}).Entities); int64(n) != left {
			t.Errorf("%d entities are left, want %d", n, left)
		}
	}
}
