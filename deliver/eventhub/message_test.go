package eventhub

import (
	"fmt"
	"strings"
	"testing"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
)

// packed returns what pack makes of a batch: hub, id and value of each message.
func packed(t *testing.T, d *Destination, batch []deliver.Item) []string {
	t.Helper()
	if err := d.pack(batch); err != nil {
		t.Fatalf("pack: %v", err)
	}
	return texts(d)
}

func texts(d *Destination) []string {
	var list []string
	for i := range d.msgs {
		m := &d.msgs[i]
		list = append(list, fmt.Sprintf("%s %s %s", m.hub.name, m.appendID(nil), m.value))
	}
	return list
}

func offline(t *testing.T, cfg Config) *Destination {
	cfg.Brokers = []string{"127.0.0.1:1"}
	return open(t, cfg)
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("message %d\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

func TestPackByHub(t *testing.T) {
	d := offline(t, Config{})
	got := packed(t, d, []deliver.Item{
		item(7, 0, "StorageRead", `{"a":1}`),
		item(7, 2, "StorageWrite", `{"b" : "\u00e4 ä ;\u2028"}`),
		item(7, 3, "AllMetrics", `{"c":[]}`),
		item(7, 9, "StorageRead", `{ }`),
		item(8, 1, "StorageRead", `{"d":"<&>"}`),
	})
	equal(t, got, []string{
		`insights-logs-storageread 0000000000005eed-0000000000000007-00000000-00000009 {"records":[{"a":1},{ }]}`,
		`insights-logs-storagewrite 0000000000005eed-0000000000000007-00000002-00000002 {"records":[{"b" : "\u00e4 ä ;\u2028"}]}`,
		`insights-metrics-pt1m 0000000000005eed-0000000000000007-00000003-00000003 {"records":[{"c":[]}]}`,
		`insights-logs-storageread 0000000000005eed-0000000000000008-00000001-00000001 {"records":[{"d":"<&>"}]}`,
	})
	one := offline(t, Config{Hub: "audit"})
	got = packed(t, one, []deliver.Item{item(7, 0, "StorageRead", `{}`), item(7, 1, "AllMetrics", `{}`), item(7, 2, "a/b", `{}`)})
	equal(t, got, []string{`audit 0000000000005eed-0000000000000007-00000000-00000002 {"records":[{},{},{}]}`})
}

// A message is as large as allowed, and not a byte larger.
func TestPackBoundary(t *testing.T) {
	const limit = 1024
	room := limit - wrap
	line := func(n int) string { return `{"` + strings.Repeat("x", n-6) + `":1}` }
	for _, c := range []struct {
		sizes []int
		want  []int // of values
	}{
		{[]int{room}, []int{limit}},
		{[]int{room - 1}, []int{limit - 1}},
		{[]int{500, room - 501}, []int{limit}},
		{[]int{500, room - 500}, []int{500 + wrap, limit - 500}},
		{[]int{room, 10}, []int{limit, 10 + wrap}},
		{[]int{10, room, 10}, []int{10 + wrap, limit, 10 + wrap}},
	} {
		d := offline(t, Config{MaxMessage: limit, Hub: "audit"})
		var batch []deliver.Item
		for i, n := range c.sizes {
			it := item(1, uint32(i), "StorageRead", line(n))
			if len(it.Record.Line) != n {
				t.Fatalf("a line of %d bytes, want %d", len(it.Record.Line), n)
			}
			batch = append(batch, it)
		}
		packed(t, d, batch)
		if len(d.msgs) != len(c.want) {
			t.Errorf("%v: %d messages", c.sizes, len(d.msgs))
			continue
		}
		for i, m := range d.msgs {
			if len(m.value) != c.want[i] || m.size != len(m.value) {
				t.Errorf("%v: message %d has %d bytes and was counted as %d, want %d", c.sizes, i, len(m.value), m.size, c.want[i])
			}
		}
	}
}

func TestPackRejects(t *testing.T) {
	d := offline(t, Config{MaxMessage: 1024})
	long := strings.Repeat("x", 1024-wrap-7)
	batch := []deliver.Item{
		item(1, 0, "StorageRead", `{}`),
		item(1, 1, "StorageRead", `{"a":"`+long+`"}`), // a byte too many
		item(1, 2, "No/Name", `{}`),
		item(1, 3, "StorageRead", ``),
		item(1, 4, "StorageRead", `[]`),
		item(1, 5, "StorageRead", `{`),
		item(1, 6, "StorageRead", `{"b":2}`),
		item(1, 7, record.Category(strings.Repeat("x", 300)), `{}`),
	}
	_, err := d.Deliver(t.Context(), batch)
	var got []uint32
	for _, p := range deliver.Rejected(err) {
		got = append(got, p.Index)
	}
	if fmt.Sprint(got) != "[1 2 3 4 5 7]" {
		t.Fatalf("rejected are %v: %v", got, err)
	}
	for _, want := range []string{"record 1.1", "1011 bytes", "at most 1010", "MaxMessage"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the reason is %q, want %q in it", err, want)
		}
	}
	// What is left makes one message: those rejected leave no mark on where
	// messages end.
	equal(t, packed(t, d, []deliver.Item{batch[0], batch[6]}), []string{
		`insights-logs-storageread 0000000000005eed-0000000000000001-00000000-00000006 {"records":[{},{"b":2}]}`,
	})
}

// However a redelivery is batched, messages are the same, as long as it begins
// behind the end of one.
func TestPackIsStable(t *testing.T) {
	cfg := Config{MaxMessage: 1024, Hub: "audit"}
	var all []deliver.Item
	for seq := range uint64(5) {
		for i := range uint32(40) {
			all = append(all, item(seq+1, i*2, "StorageRead", fmt.Sprintf(`{"seq":%d,"n":"%s"}`, seq, strings.Repeat("x", int(i*7%100)))))
		}
	}
	whole := packed(t, offline(t, cfg), all)
	var parts []string
	one := offline(t, cfg)
	for i := 0; i < len(all); i += 40 { // as a worker does: one message of the bus at once
		parts = append(parts, packed(t, one, all[i:i+40])...)
	}
	equal(t, parts, whole)

	// Behind each end of a message.
	d := offline(t, cfg)
	packed(t, d, all)
	for i := range d.msgs {
		n := 0
		for all[n].Position != d.msgs[i].first {
			n++
		}
		equal(t, packed(t, offline(t, cfg), all[n:]), whole[i:])
	}

	// And when some of it was acknowledged.
	d.acked = make(map[bus.Position]struct{})
	for i, it := range all {
		if n := d.of[i]; n%3 == 0 {
			d.acked[it.Position] = struct{}{}
		}
	}
	got := packed(t, d, all)
	for i := range got {
		if d.msgs[i].empty() != (i%3 == 0) {
			t.Errorf("message %d: empty is %v", i, d.msgs[i].empty())
		}
		if !d.msgs[i].empty() && got[i] != whole[i] {
			t.Errorf("message %d\n got %s\nwant %s", i, got[i], whole[i])
		}
	}
}
