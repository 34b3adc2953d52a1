package eventhub

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"reslog/deliver"
)

func TestMessages(t *testing.T) {
	c := newCluster(t)
	d := open(t, Config{Brokers: c.ListenAddrs()})
	deliverAll(t, d, []deliver.Item{
		item(3, 0, "StorageRead", `{"a":"\u0041 ä"}`),
		item(3, 1, "StorageWrite", `{"b" : 1}`),
		item(3, 2, "AllMetrics", `{"c":2}`),
		item(3, 5, "StorageRead", `{"d":[]}`),
	})
	got := consume(t, c)
	want := []received{
		{hub: "insights-logs-storageread", id: "0000000000005eed-0000000000000003-00000000-00000005", value: []byte(`{"records":[{"a":"\u0041 ä"},{"d":[]}]}`)},
		{hub: "insights-logs-storagewrite", id: "0000000000005eed-0000000000000003-00000001-00000001", value: []byte(`{"records":[{"b" : 1}]}`)},
		{hub: "insights-metrics-pt1m", id: "0000000000005eed-0000000000000003-00000002-00000002", value: []byte(`{"records":[{"c":2}]}`)},
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i, m := range got {
		if m.hub != want[i].hub || m.id != want[i].id || string(m.value) != string(want[i].value) || m.key != nil || m.codec != 0 {
			t.Errorf("message %d is %+v, want %+v", i, m, want[i])
		}
	}
}

// What a process delivers again is the same, and in the same partition.
func TestRedeliveryIsRecognisable(t *testing.T) {
	c := newCluster(t)
	for range 2 {
		d := open(t, Config{Brokers: c.ListenAddrs(), MaxMessage: 1024, Partitions: 5})
		for seq := range uint64(20) {
			deliverAll(t, d, items(seq+1, 100, "StorageRead"))
		}
	}
	type place struct {
		partition int32
		value     string
	}
	seen := make(map[string][]place)
	used := make(map[int32]int)
	for _, m := range consume(t, c) {
		seen[m.id] = append(seen[m.id], place{m.partition, string(m.value)})
		used[m.partition]++
	}
	for id, p := range seen {
		if len(p) != 2 || p[0] != p[1] {
			t.Errorf("message %s is there as %v", id, p)
		}
	}
	if len(seen) < 40 || len(used) != 5 {
		t.Errorf("%d messages in the partitions %v", len(seen), used)
	}
	for p, n := range used {
		if n*5 < len(seen) { // a quarter of an even share
			t.Errorf("partition %d has %d of %d messages", p, n, 2*len(seen))
		}
	}
}

// Messages are in the order of the stream, in each partition.
func TestOrder(t *testing.T) {
	c := newCluster(t)
	d := open(t, Config{Brokers: c.ListenAddrs(), MaxMessage: 1024, Hub: "audit"})
	var batch []deliver.Item
	for seq := range uint64(50) {
		batch = append(batch, items(seq+1, 60, "StorageRead")...)
	}
	deliverAll(t, d, batch)
	last := make(map[int32]string)
	for _, m := range consume(t, c) {
		if m.id <= last[m.partition] {
			t.Errorf("in partition %d, %s comes after %s", m.partition, m.id, last[m.partition])
		}
		last[m.partition] = m.id
	}
}

// The oldest broker that speaks like Event Hubs is Kafka 1.0.
func TestOldBroker(t *testing.T) {
	c := newCluster(t, kfake.MaxVersions(kversion.V1_0_0()))
	d := open(t, Config{Brokers: c.ListenAddrs()})
	deliverAll(t, d, append(items(1, 10, "StorageRead"), item(1, 20, "StorageWrite", `{}`)))
	if lines := linesIn(t, consume(t, c)); len(lines) != 11 {
		t.Errorf("%d records, want 11", len(lines))
	}
}

func TestGzip(t *testing.T) {
	c := newCluster(t)
	d := open(t, Config{Brokers: c.ListenAddrs(), Gzip: true})
	deliverAll(t, d, items(1, 500, "StorageRead"))
	got := consume(t, c)
	if len(got) != 1 || got[0].codec != 1 {
		t.Fatalf("codec %d", got[0].codec)
	}
	if lines := got[0].records(t); len(lines) != 500 || lines[499] != `{"n":"1.499"}` {
		t.Errorf("%d records", len(lines))
	}
}

// Nothing is connected to before there is a record, and nothing is left behind.
func TestConnectsWithFirstRecord(t *testing.T) {
	c := newCluster(t)
	var requests atomic.Int32
	c.Control(func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		requests.Add(1)
		return nil, nil, false
	})
	d := open(t, Config{Brokers: c.ListenAddrs()})
	for _, force := range []bool{false, true} {
		if p, err := d.Flush(t.Context(), force); err != nil || !p.IsZero() {
			t.Fatalf("flush: %v, %v", p, err)
		}
	}
	if p, err := d.Deliver(t.Context(), nil); err != nil || !p.IsZero() {
		t.Fatalf("deliver nothing: %v, %v", p, err)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests before there was a record", n)
	}
	deliverAll(t, d, items(1, 1, "StorageRead"))
	if requests.Load() == 0 {
		t.Error("no request was seen")
	}
	for range 2 {
		if err := d.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The memory that is kept for the next batch is bounded.
func TestRecycle(t *testing.T) {
	c := newCluster(t)
	d := open(t, Config{Brokers: c.ListenAddrs()})
	deliverAll(t, d, items(1, 1000, "StorageRead"))
	if cap(d.msgs) == 0 {
		t.Error("nothing is kept")
	}
	big := strings.Repeat("x", 900<<10)
	var batch []deliver.Item
	for i := range uint32(6) {
		batch = append(batch, item(2, i, "StorageRead", `{"x":"`+strconv.Itoa(int(i))+big+`"}`))
	}
	deliverAll(t, d, batch)
	if d.msgs != nil {
		t.Errorf("%d messages are kept", cap(d.msgs))
	}
	if lines := linesIn(t, consume(t, c)); len(lines) != 1006 {
		t.Errorf("%d records, want 1006", len(lines))
	}
}
