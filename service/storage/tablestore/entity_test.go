package tablestore

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reslog/service/storage/disk"
)

// TestSize computes the sizes of the service's own examples and of its types.
func TestSize(t *testing.T) {
	for _, tc := range []struct {
		e    Entity
		want int
	}{
		{entity("", ""), 4},
		{entity("ab", "c"), 4 + 6},
		{entity("é\U0001F600", "\U0001F600\uffff"), 4 + 6 + 6},
		// The entity of the blog: eight properties, one of each kind there is.
		{entity("p", "r",
			text("Address", "Mountain View!"), Property{Name: "Age", Type: Int32}, Property{Name: "AmountDue", Type: Double},
			Property{Name: "BinaryData", Type: Binary}, Property{Name: "CustomerCode", Type: GUID},
			Property{Name: "CustomerSince", Type: DateTime}, Property{Name: "IsActive", Type: Boolean}, Property{Name: "NumOfOrders", Type: Int64},
		), 4 + 4 + 8*8 + 2*73 + (28 + 4) + 4 + 8 + 4 + 16 + 8 + 1 + 8},
		{entity("p", "r", Property{Name: "ü", Type: Binary, Text: "\x00\x01\x02"}), 8 + 8 + 2 + 3 + 4},
		{entity("p", "r", text("", "\xff\xfe")), 8 + 8 + 4 + 4},
	} {
		if got := tc.e.Size(); got != tc.want {
			t.Errorf("%+v has %d bytes, want %d", tc.e, got, tc.want)
		}
	}
}

func encodeEntity(e *Entity) disk.Enc {
	var b disk.Enc
	appendEntity(&b, head{timestamp: disk.Ticks(e.Timestamp), size: e.Size()}, e.Properties)
	return b
}

func TestEntityRecord(t *testing.T) {
	e := entity("p", "r", whole...)
	e.Timestamp = at
	record := string(encodeEntity(&e))
	got, err := decodeEntity(record, e.Key)
	if d := cmp.Diff(e, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	for n := range record {
		if _, err := decodeEntity(record[:n], e.Key); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("record cut to %d of %d bytes: %v", n, len(record), err)
		}
	}
	for _, bad := range []string{record + "\x00", "\x02" + record[1:], "\x01\x7f" + record[2:]} {
		if _, err := decodeEntity(bad, e.Key); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzRecords reads garbage: as it never panics, as what it accepts can be written
// and read again.
func FuzzRecords(f *testing.F) {
	e := entity("p", "r", whole...)
	e.Timestamp = at
	f.Add([]byte(encodeEntity(&e)))
	f.Add((&tableState{7, Table{Name: "t", Created: at, Policies: []Policy{{"a", "b", "c", "d"}}}}).encode())
	f.Add([]byte(counters{1, -2, 3}.appendTo(nil)))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x05\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, record []byte) {
		if e, err := decodeEntity(string(record), Key{}); err == nil {
			again, err := decodeEntity(string(encodeEntity(&e)), Key{})
			if d := cmp.Diff(e, again); d != "" || err != nil {
				t.Errorf("%v %s", err, d)
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
		if table, err := decodeTable(record); err == nil {
			again, err := decodeTable(table.encode())
			if d := cmp.Diff(table, again, cmp.AllowUnexported(tableState{})); d != "" || err != nil {
				t.Errorf("%v %s", err, d)
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
		if c, err := decodeCounters(record); err == nil {
			if again, err := decodeCounters(c.appendTo(nil)); again != c || err != nil {
				t.Errorf("%+v became %+v, %v", c, again, err)
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
	})
}

func TestMerge(t *testing.T) {
	list := func(names string) (l []Property) {
		for _, n := range strings.Fields(names) {
			name, value, _ := strings.Cut(n, "=")
			l = append(l, text(name, value))
		}
		return l
	}
	for _, tc := range []struct{ old, more, want string }{
		{"a=1 b=2", "", "a=1 b=2"},
		{"a=1 b=2", "b=3", "a=1 b=3"},
		{"a=1 b=2 c=3", "a=4 b=5 c=6", "a=4 b=5 c=6"},
		{"a=1 b=2 c=3", "c=4 b=5 a=6", "a=6 b=5 c=4"},
		{"a=1", "z=1 a=2 y=3", "a=2 z=1 y=3"},
		{"a=1", "z=1 z=2 a=3 z=4", "a=3 z=4"},
		{"", "a=1 b=2", "a=1 b=2"},
		{"a=1", "A=2", "a=1 A=2"},
	} {
		if d := cmp.Diff(list(tc.want), merge(list(tc.old), list(tc.more))); d != "" {
			t.Errorf("%s with %s (-want +got):\n%s", tc.old, tc.more, d)
		}
	}
}
