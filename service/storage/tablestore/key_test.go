package tablestore

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// compareUnits compares as the service does.
func compareUnits(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func (k Key) compare(o Key) int {
	if c := compareUnits(k.Partition, o.Partition); c != 0 {
		return c
	}
	return compareUnits(k.Row, o.Row)
}

func encoded(k Key) []byte { return appendEntityKey(nil, 7, &k) }

// checkOrder checks two keys: their order, and that they come back.
func checkOrder(t *testing.T, a, b Key) {
	t.Helper()
	ka, kb := encoded(a), encoded(b)
	for k, want := range map[string]Key{string(ka): a, string(kb): b} {
		if got, ok := decodeKey([]byte(k)); !ok || got != want {
			t.Fatalf("%q became %q, %v", want, got, ok)
		}
	}
	if (a == b) != bytes.Equal(ka, kb) {
		t.Fatalf("%q and %q: equal keys %v", a, b, a != b)
	}
	for _, s := range []string{a.Partition, a.Row, b.Partition, b.Row} {
		if !utf8.ValidString(s) {
			return // has no order to compare with
		}
	}
	if got, want := bytes.Compare(ka, kb), a.compare(b); got != want {
		t.Fatalf("%q and %q: order %d, want %d", a, b, got, want)
	}
}

var characters = []string{
	"", "\x00", "\x01", "a", "b", "\x7f", "\u0080", "é", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uf8ff", "\ufffd", "\uffff",
	"\U00010000", "\U0001F600", "\U0003ffff", "\U00040000", "\U000fffff", "\U0010ffff",
}

func TestKeyOrder(t *testing.T) {
	for _, a := range characters {
		for _, b := range characters {
			checkOrder(t, Key{a, b}, Key{b, a})
			checkOrder(t, Key{a + "x", b}, Key{a, "x" + b})
			checkOrder(t, Key{"p", a + b}, Key{"p", b})
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		s := func() string { return randomString(r, characters, 4) }
		checkOrder(t, Key{s(), s()}, Key{s(), s()})
	}
}

func FuzzKeyOrder(f *testing.F) {
	f.Add("a", "b", "a\x00", "")
	f.Add("\uffff", "\U00010000", "\x00", "\x00\x01")
	f.Add("\xff\xfe", "\xed\xa0\x80", "\xee", "\xf4")
	f.Fuzz(func(t *testing.T, p1, r1, p2, r2 string) { checkOrder(t, Key{p1, r1}, Key{p2, r2}) })
}

func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte("e1234567\x07p\x00\x01r"))
	f.Add([]byte("e1234567\x07p\x00\x02\x00\xff\x00"))
	f.Fuzz(func(t *testing.T, k []byte) {
		key, ok := decodeKey(k)
		if !ok {
			return
		}
		if got := appendEntityKey(nil, 0, &key); !bytes.Equal(got[prefixLen:], k[prefixLen:]) {
			t.Errorf("%q is %q, which is %q", k, key, got)
		}
	})
}

func TestRangeBounds(t *testing.T) {
	p := func(partition, row string) *Key { return &Key{partition, row} }
	for _, tc := range []struct {
		r       Range
		in, out []Key
	}{
		{Range{}, []Key{{"", ""}, {"\U0010ffff", "\uffff"}, {"\xff", "\xff\xff"}}, nil},
		{Range{p("b", ""), nil}, []Key{{"b", ""}, {"b", "a"}, {"c", ""}}, []Key{{"a", "z"}, {"", ""}}},
		{Range{nil, p("b", "m")}, []Key{{"", ""}, {"b", ""}, {"b", "m"}}, []Key{{"b", "m\x00"}, {"b\x00", ""}, {"c", ""}}},
		{Range{p("b", "x"), p("b", "x")}, []Key{{"b", "x"}}, []Key{{"b", "x\x00"}, {"b", ""}, {"b", "xx"}, {"a", "x"}}},
		{Range{p("b", ""), p("b\x00", "")}, []Key{{"b", ""}, {"b", "\uffff"}, {"b\x00", ""}}, []Key{{"a\uffff", "\uffff"}, {"b\x00", "\x00"}}},
		{Range{p("b", ""), p("b", "")}, []Key{{"b", ""}}, []Key{{"b", "\x00"}}},
	} {
		lower, upper := tc.r.bounds(7)
		within := func(k Key) bool {
			e := encoded(k)
			return bytes.Compare(lower, e) <= 0 && bytes.Compare(e, upper) < 0
		}
		for _, k := range tc.in {
			if !within(k) {
				t.Errorf("%v has not %q", tc.r, k)
			}
		}
		for _, k := range tc.out {
			if within(k) {
				t.Errorf("%v has %q", tc.r, k)
			}
		}
		for _, tid := range []uint64{6, 8} {
			if e := appendEntityKey(nil, tid, p("b", "x")); bytes.Compare(lower, e) <= 0 && bytes.Compare(e, upper) < 0 {
				t.Errorf("%v has what is in table %d", tc.r, tid)
			}
		}
	}
}
