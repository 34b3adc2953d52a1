package classic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/storagelog"
)

// noon is when the tests happen.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// item makes the n-th record of the stream, which ended at the given time after
// two seconds of work.
func item(n int, ended time.Time) deliver.Item {
	return deliver.Item{
		Position: bus.Position{Epoch: 7, Seq: uint64(n/3 + 1), Index: uint32(n % 3)},
		Record: record.Record{
			Category: "StorageWrite", Time: ended.Add(-2 * time.Second), Ended: ended,
			ID: strconv.Itoa(n), Line: []byte("{}"),
		},
	}
}

// lines renders a record as one line that carries its ID.
func lines(dst []byte, r *record.Record, v storagelog.Version) ([]byte, int, error) {
	op := map[record.Category]string{"StorageRead": "GetBlob", "StorageWrite": "PutBlob", "StorageDelete": "DeleteBlob"}[r.Category]
	if strings.HasPrefix(r.ID, "bad") {
		return dst, 0, errors.New("no JSON")
	}
	if rest, ok := strings.CutPrefix(r.ID, "copy"); ok {
		for i := range 3 {
			dst = storagelog.AppendEntry(dst, &storagelog.Entry{Version: v, StartTime: r.Time, Operation: op, OperationNumber: i, ClientRequestID: fmt.Sprintf("copy%s.%d", rest, i)})
		}
		return dst, 3, nil
	}
	return storagelog.AppendEntry(dst, &storagelog.Entry{Version: v, StartTime: r.Time, Operation: op, ClientRequestID: r.ID}), 1, nil
}

func open(t *testing.T, a *account, c *clock, change func(*Config)) *Log {
	t.Helper()
	cfg := Config{Service: storagelog.Blob, Container: a.client, Append: lines, Now: c.Now}
	if change != nil {
		change(&cfg)
	}
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func deliverAll(t *testing.T, l *Log, items ...deliver.Item) bus.Position {
	t.Helper()
	settled, err := l.Deliver(context.Background(), items)
	if err != nil {
		t.Fatal(err)
	}
	return settled
}

func flush(t *testing.T, l *Log, force bool) bus.Position {
	t.Helper()
	settled, err := l.Flush(context.Background(), force)
	if err != nil {
		t.Fatal(err)
	}
	return settled
}

func wantHeld(t *testing.T, a *account, want map[string][]string) {
	t.Helper()
	if d := cmp.Diff(want, a.held(t)); d != "" {
		t.Errorf("logs (-want +got):\n%s", d)
	}
}

// A block waits for the interval, then the commit waits for it again; nothing
// is settled before.
func TestIntervals(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, nil)
	first := item(0, noon)
	if got := deliverAll(t, l, first); !got.IsZero() {
		t.Errorf("settled %s when nothing is written", got)
	}
	for _, step := range []struct {
		after   time.Duration
		blocks  uint64
		settled bus.Position
	}{
		{4 * time.Minute, 0, bus.Position{}},
		{time.Minute, 1, bus.Position{}},
		{4 * time.Minute, 1, bus.Position{}},
		{time.Minute, 1, first.Position},
		{time.Hour, 1, bus.Position{}},
	} {
		c.now = c.now.Add(step.after)
		if got := flush(t, l, false); got != step.settled {
			t.Errorf("%s: settled %s, want %s", c.now, got, step.settled)
		}
		if got := l.Stats().Blocks; got != step.blocks {
			t.Errorf("%s: %d blocks, want %d", c.now, got, step.blocks)
		}
	}
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000000.log": {"0"}})
	md := a.blobs["blob/2026/03/04/1200/000000.log"].meta
	if d := cmp.Diff(map[string]string{"Logtype": "write", "Starttime": "2026-03-04T11:59:58.0000000Z", "Endtime": "2026-03-04T11:59:58.0000000Z", "Logversion": "1.0"}, md); d != "" {
		t.Errorf("metadata (-want +got):\n%s", d)
	}
}

// Hours are those of the end of the request; two are open at once; the counter
// goes on; types are those that are in the log.
func TestHours(t *testing.T) {
	a, c := newAccount(t), &clock{noon.Add(time.Hour)}
	l := open(t, a, c, nil)
	del, get := item(2, noon.Add(61*time.Minute)), item(3, noon.Add(62*time.Minute))
	del.Record.Category, get.Record.Category = "StorageDelete", "StorageRead"
	deliverAll(t, l, item(0, noon.Add(59*time.Minute)), item(1, noon.Add(time.Hour+time.Second)), del, get, item(4, noon.Add(59*time.Minute+time.Second)))
	c.now = c.now.Add(9 * time.Second)
	if got := flush(t, l, false); !got.IsZero() {
		t.Errorf("settled %s", got)
	}
	c.now = c.now.Add(time.Second)
	if got := flush(t, l, false); got != item(0, noon).Position { // records 1 to 3 are open yet
		t.Errorf("settled %s when the old hour was committed, want %s", got, item(0, noon).Position)
	}
	deliverAll(t, l, item(5, noon.Add(58*time.Minute)))
	if got := flush(t, l, true); got != item(5, noon).Position {
		t.Errorf("settled %s, want %s", got, item(5, noon).Position)
	}
	wantHeld(t, a, map[string][]string{
		"blob/2026/03/04/1200/000000.log": {"0", "4"},
		"blob/2026/03/04/1200/000001.log": {"5"},
		"blob/2026/03/04/1300/000000.log": {"1", "2", "3"},
	})
	if got := a.blobs["blob/2026/03/04/1300/000000.log"].meta["Logtype"]; got != "read,write,delete" {
		t.Errorf("LogType %q", got)
	}
}

// Many hours at once: no more than two logs are open, memory is bounded, and
// all is there in the end.
func TestManyHours(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, nil)
	var items []deliver.Item
	for n := range 200 {
		items = append(items, item(n, noon.Add(time.Duration(n*7%48)*time.Hour)))
	}
	deliverAll(t, l, items...)
	if len(l.open) > maxOpen || len(l.folders.known) > maxFolders {
		t.Errorf("%d logs open, %d folders known", len(l.open), len(l.folders.known))
	}
	if got := flush(t, l, true); got != items[199].Position {
		t.Errorf("settled %s", got)
	}
	seen := map[string]int{}
	for _, ids := range a.held(t) {
		for _, id := range ids {
			seen[id]++
		}
	}
	for n := range 200 {
		if seen[strconv.Itoa(n)] != 1 {
			t.Errorf("record %d is there %d times", n, seen[strconv.Itoa(n)])
		}
	}
}

// Blocks at their size, logs at theirs; the lines of one request stay together.
func TestSizes(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, func(cfg *Config) { cfg.BlockSize, cfg.LogSize = 400, 1000 })
	var want []string
	for n := range 40 {
		it := item(n, noon)
		if n%10 == 0 {
			it.Record.ID = "copy" + it.Record.ID
			want = append(want, it.Record.ID+".0", it.Record.ID+".1", it.Record.ID+".2")
		} else {
			want = append(want, it.Record.ID)
		}
		deliverAll(t, l, it)
		for _, o := range l.open {
			if len(o.pending) > 400 {
				t.Fatalf("%d bytes pending", len(o.pending))
			}
		}
	}
	flush(t, l, true)
	held := a.held(t)
	var got []string
	for _, name := range a.names() {
		got = append(got, held[name]...)
		size := 0
		for _, b := range a.blobs[name].committed {
			size += len(b.data)
			if strings.Count(b.data, "copy0") != 0 && strings.Count(b.data, "copy0") != 3 {
				t.Errorf("the lines of a request are in two blocks")
			}
		}
		if size > 1000+400 {
			t.Errorf("log %s has %d bytes", name, size)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
	if len(held) < 3 {
		t.Errorf("%d logs", len(held))
	}
}

// A record that cannot be rendered is rejected alone.
func TestReject(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, nil)
	bad, timeless := item(1, noon), item(3, noon)
	bad.Record.ID = "bad"
	timeless.Record.Time, timeless.Record.Ended = time.Time{}, time.Time{}
	batch := []deliver.Item{item(0, noon), bad, item(2, noon), timeless, item(4, noon)}
	_, err := l.Deliver(context.Background(), batch)
	if d := cmp.Diff([]bus.Position{bad.Position, timeless.Position}, deliver.Rejected(err)); d != "" {
		t.Fatalf("rejected (-want +got):\n%s", d)
	}
	// The dead letters could not be written, so the same batch comes again.
	_, err = l.Deliver(context.Background(), batch)
	if d := cmp.Diff([]bus.Position{bad.Position, timeless.Position}, deliver.Rejected(err)); d != "" {
		t.Fatalf("rejected again (-want +got):\n%s", d)
	}
	deliverAll(t, l, batch[0], batch[2], batch[4])
	if got := flush(t, l, true); got != batch[4].Position {
		t.Errorf("settled %s", got)
	}
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000000.log": {"0", "2", "4"}})
}

// A change of version begins a new log.
func TestVersions(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	n := 0
	for _, step := range []struct {
		version storagelog.Version
		records int
	}{{storagelog.V1, 2}, {storagelog.V2, 1}, {storagelog.V1, 1}} {
		// A setting of another version is another destination.
		l := open(t, a, c, func(cfg *Config) { cfg.Version = step.version })
		for range step.records {
			deliverAll(t, l, item(n, noon))
			n++
		}
		flush(t, l, true)
	}
	wantHeld(t, a, map[string][]string{
		"blob/2026/03/04/1200/000000.log": {"0", "1"},
		"blob/2026/03/04/1200/000001.log": {"2"},
		"blob/2026/03/04/1200/000002.log": {"3"},
	})
}

// The counter is the last log's plus one, and names of other services and
// other blobs do not count.
func TestCounter(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	for _, name := range []string{"blob/2026/03/04/1200/000041.log", "blob/2026/03/04/1100/000099.log", "queue/2026/03/04/1200/000077.log", "blob/2026/03/04/1200/notes.txt"} {
		a.blobs[name] = &fakeBlob{exists: true}
	}
	l := open(t, a, c, nil)
	deliverAll(t, l, item(0, noon))
	flush(t, l, true)
	if b := a.blobs["blob/2026/03/04/1200/000042.log"]; b == nil || !b.exists {
		t.Errorf("logs %v", a.names())
	}
}

// The container is made when it is not there.
func TestMissingContainer(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	a.missing = true
	l := open(t, a, c, nil)
	deliverAll(t, l, item(0, noon))
	if _, err := l.Flush(context.Background(), true); err == nil {
		t.Error("no error of the first try")
	}
	if got := flush(t, l, true); got != item(0, noon).Position {
		t.Errorf("settled %s", got)
	}
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000000.log": {"0"}})
}

func TestCapacity(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, func(cfg *Config) {
		cfg.Capacity = 1000
		cfg.Used = func(context.Context) (int64, error) { return a.used, nil }
	})
	deliverAll(t, l, item(0, noon))
	flush(t, l, true)
	a.used = 1000
	c.now = c.now.Add(2 * time.Minute)
	deliverAll(t, l, item(1, noon), item(2, noon))
	if got := flush(t, l, true); got != (bus.Position{}) {
		t.Errorf("settled %s twice", got)
	}
	if got := l.Stats().Dropped; got != 2 {
		t.Errorf("%d dropped, want 2", got)
	}
	a.used = 999
	c.now = c.now.Add(2 * time.Minute)
	deliverAll(t, l, item(3, noon))
	flush(t, l, true)
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000000.log": {"0"}, "blob/2026/03/04/1200/000001.log": {"3"}})
}

// Streams that were made anew: positions of another epoch are never taken for
// known ones.
func TestEpochs(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, nil)
	other := item(0, noon)
	other.Position.Epoch = 8
	other.Record.ID = "other"
	deliverAll(t, l, item(5, noon), other)
	if got := flush(t, l, true); got != other.Position {
		t.Errorf("settled %s", got)
	}
	l = open(t, a, c, nil)
	again, third := other, item(0, noon)
	third.Position.Epoch, third.Record.ID = 9, "third"
	deliverAll(t, l, again, third)
	flush(t, l, true)
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000000.log": {"5", "other"}, "blob/2026/03/04/1200/000001.log": {"third"}})
}

func TestConfigRefusals(t *testing.T) {
	a := newAccount(t)
	for name, cfg := range map[string]Config{
		"service":   {Container: a.client, Append: lines},
		"container": {Service: storagelog.Blob, Append: lines},
		"append":    {Service: storagelog.Blob, Container: a.client},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestBlockID(t *testing.T) {
	first, last := bus.Position{Epoch: 1 << 63, Seq: 2, Index: 3}, bus.Position{Epoch: 1 << 63, Seq: 1 << 62, Index: 1 << 31}
	id := blockID(first, last)
	f, l, ok := parseBlockID(id)
	if f != first || l != last || !ok {
		t.Errorf("%s is read as %s, %s, %v", id, f, l, ok)
	}
	if len(id) != len(blockID(bus.Position{}, bus.Position{})) || blockIDLength > 64 {
		t.Errorf("id of %d bytes", len(id))
	}
	for _, bad := range []string{"", "AAAA", id[:len(id)-4], strings.Replace(id, "cnNs", "AAAA", 1), "§"} {
		if _, _, ok := parseBlockID(bad); ok {
			t.Errorf("%q is read", bad)
		}
	}
}

// Whatever call fails, before or after it did its work, and wherever the
// process dies: redelivery from the last settled position leaves every record
// in the logs once.
func TestFaults(t *testing.T) {
	const records = 60
	run := func(t *testing.T, failAt int, how fault, crash bool) (calls int) {
		a, c := newAccount(t), &clock{noon.Add(50 * time.Minute)}
		shrink := func(cfg *Config) { cfg.BlockSize, cfg.LogSize, cfg.FlushInterval = 500, 1500, time.Minute }
		a.fail = func(string) fault {
			if len(a.calls)-1 == failAt {
				return how
			}
			return works
		}
		var items []deliver.Item
		for n := range records {
			ended := c.now.Add(time.Duration(n) * 20 * time.Second)
			if n%7 == 3 {
				ended = ended.Add(-12 * time.Minute) // of the hour before, for a while
			}
			items = append(items, item(n, ended))
		}
		l := open(t, a, c, shrink)
		next := 0 // what the worker would deliver from after a restart
		settle := func(p bus.Position) {
			if !p.IsZero() {
				next = 1 + slices.IndexFunc(items, func(it deliver.Item) bool { return it.Position == p })
			}
		}
		at := 0
		for tries := 0; at < records || next < records; tries++ {
			if tries > 500 {
				t.Fatal("no end")
			}
			var settled bus.Position
			var err error
			if at < records {
				batch := items[at:min(at+4, records)]
				settled, err = l.Deliver(context.Background(), batch)
				if err == nil {
					at += len(batch)
					c.now = c.now.Add(80 * time.Second)
				}
			}
			settle(settled)
			if err == nil {
				settled, err = l.Flush(context.Background(), at >= records)
				settle(settled)
			}
			if err != nil && (crash || deliver.MustReopen(err)) {
				l = open(t, a, c, shrink)
				at = next
			}
		}
		seen := map[string]int{}
		for _, ids := range a.held(t) {
			for _, id := range ids {
				seen[id]++
			}
		}
		for n := range records {
			if seen[strconv.Itoa(n)] != 1 {
				t.Errorf("fault %d at call %d (%s): record %d is there %d times", how, failAt, a.calls[min(failAt, len(a.calls)-1)], n, seen[strconv.Itoa(n)])
			}
		}
		return len(a.calls)
	}
	calls := run(t, -1, works, false)
	if calls < 15 {
		t.Fatalf("only %d calls to fail", calls)
	}
	for at := range calls {
		for _, how := range []fault{failsBefore, failsAfter} {
			run(t, at, how, false)
			run(t, at, how, true)
		}
	}
}

// Another process commits a log under the name that is being written.
func TestForeignCommit(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, func(cfg *Config) { cfg.FlushInterval = time.Minute })
	deliverAll(t, l, item(0, noon))
	c.now = c.now.Add(time.Minute)
	flush(t, l, false) // the block is put
	b := a.blobs["blob/2026/03/04/1200/000000.log"]
	if b == nil || len(b.uncommitted) != 1 {
		t.Fatalf("%+v", b)
	}
	// A commit of a former process, sent before it died, arrives late.
	earlier := item(0, noon)
	b.committed = []fakeBlock{
		{blockID(earlier.Position, earlier.Position), string(storagelog.AppendEntry(nil, &storagelog.Entry{StartTime: noon.Add(-2 * time.Second), Operation: "PutBlob", ClientRequestID: "0"}))},
		{blockID(item(1, noon).Position, item(1, noon).Position), string(storagelog.AppendEntry(nil, &storagelog.Entry{StartTime: noon.Add(-2 * time.Second), Operation: "PutBlob", ClientRequestID: "1"}))},
	}
	b.uncommitted, b.exists = nil, true
	b.meta = storagelog.Metadata{Types: storagelog.LogWrite, Start: noon.Add(-2 * time.Second), End: noon.Add(-2 * time.Second), Version: storagelog.V1}.Map()
	deliverAll(t, l, item(1, noon), item(2, noon))
	if _, err := l.Flush(context.Background(), true); !deliver.MustReopen(err) {
		t.Fatalf("error %v, want one that asks for redelivery", err)
	}
	l = open(t, a, c, nil)
	deliverAll(t, l, item(0, noon), item(1, noon), item(2, noon))
	if got := flush(t, l, true); got != item(2, noon).Position {
		t.Errorf("settled %s", got)
	}
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000000.log": {"0", "1"}, "blob/2026/03/04/1200/000001.log": {"2"}})
	if got := l.Stats().Known; got != 2 {
		t.Errorf("%d known, want 2", got)
	}
}

// Uncommitted blocks vanish, as they do after a week or with their container.
func TestLostBlocks(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	l := open(t, a, c, func(cfg *Config) { cfg.FlushInterval = time.Minute })
	deliverAll(t, l, item(0, noon))
	c.now = c.now.Add(time.Minute)
	flush(t, l, false)
	clear(a.blobs)
	if _, err := l.Flush(context.Background(), true); !deliver.MustReopen(err) {
		t.Fatalf("error %v, want one that asks for redelivery", err)
	}
}

// Somebody left blocks with ids of another length under the next name.
func TestForeignBlocks(t *testing.T) {
	a, c := newAccount(t), &clock{noon}
	a.blobs["blob/2026/03/04/1200/000000.log"] = &fakeBlob{uncommitted: []fakeBlock{{"AAAA", "x"}}}
	l := open(t, a, c, nil)
	deliverAll(t, l, item(0, noon))
	if _, err := l.Flush(context.Background(), true); err == nil {
		t.Error("no error of the first try")
	}
	flush(t, l, true)
	wantHeld(t, a, map[string][]string{"blob/2026/03/04/1200/000001.log": {"0"}})
}
