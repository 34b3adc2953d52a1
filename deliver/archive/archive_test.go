package archive

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

var (
	noon   = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	source = resource.MustParse("/subscriptions/5ca1ab1e-0000-4000-8000-000000000000/resourceGroups/Group/providers/Microsoft.SignalRService/SignalR/hub")
)

const (
	folderNoon  = "resourceId=/SUBSCRIPTIONS/5CA1AB1E-0000-4000-8000-000000000000/RESOURCEGROUPS/GROUP/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/HUB/y=2026/m=03/d=04/h=12/m=00/"
	folderOne   = "resourceId=/SUBSCRIPTIONS/5CA1AB1E-0000-4000-8000-000000000000/RESOURCEGROUPS/GROUP/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/HUB/y=2026/m=03/d=04/h=13/m=00/"
	logs        = "insights-logs-alllogs"
	blobNoon    = logs + "/" + folderNoon + "PT1H.json"
	blobOne     = logs + "/" + folderOne + "PT1H.json"
	appendBlock = "PUT appendblock "
)

func testRecord(i int, c record.Category, ended time.Time) record.Record {
	id := fmt.Sprintf("id-%06d", i)
	return record.Record{
		Resource: source, Category: c, Time: ended.Add(-time.Millisecond), Ended: ended, ID: id,
		Line: fmt.Appendf(nil, `{"id":%q,"category":%q}`, id, c),
	}
}

// items makes items at the given numbers of the stream.
func items(numbers ...int) []deliver.Item {
	var list []deliver.Item
	for _, n := range numbers {
		list = append(list, item(n, "AllLogs", noon))
	}
	return list
}

func item(n int, c record.Category, ended time.Time) deliver.Item {
	return deliver.Item{Position: at(n), Record: testRecord(n, c, ended)}
}

func at(n int) bus.Position {
	return bus.Position{Epoch: 7, Seq: uint64(1 + n/10), Index: uint32(n % 10)}
}

// text is what items look like in the archive.
func text(list ...deliver.Item) string {
	s := ""
	for _, it := range list {
		s += string(it.Record.Line) + "\n"
	}
	return s
}

// deliverAll delivers a batch, which must work and be settled whole.
func deliverAll(t testing.TB, a *Archive, batch []deliver.Item) {
	t.Helper()
	p, err := a.Deliver(t.Context(), batch)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	if want := batch[len(batch)-1].Position; p != want {
		t.Fatalf("settled %v, want %v", p, want)
	}
}

// fails delivers a batch, which must fail in a way that passes.
func fails(t testing.TB, a *Archive, batch []deliver.Item) error {
	t.Helper()
	_, err := a.Deliver(t.Context(), batch)
	if err == nil {
		t.Fatal("deliver works, want an error")
	}
	if deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
		t.Fatalf("the error is a permanent one: %v", err)
	}
	return err
}

// wantContent compares the whole account.
func (a *account) wantContent(want map[string]string) {
	a.t.Helper()
	if d := cmp.Diff(want, a.content()); d != "" {
		a.t.Errorf("the account (-want +got):\n%s", d)
	}
}

func (a *account) wantIDs(numbers ...int) {
	a.t.Helper()
	var want []string
	for _, n := range numbers {
		want = append(want, fmt.Sprintf("id-%06d", n))
	}
	got := a.ids()
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		a.t.Errorf("ids (-want +got):\n%s", d)
	}
}

func TestCategoriesAndHoursOfABatch(t *testing.T) {
	a := newAccount(t)
	r := a.open(&memoryState{})
	before, after := noon.Add(59*time.Minute+59*time.Second), noon.Add(time.Hour)
	batch := []deliver.Item{
		item(1, "AllLogs", before),
		item(2, "ConnectionEvents", before),
		item(3, "AllLogs", after),
		item(4, "alllogs", before), // the same container
		item(5, "AllMetrics", after),
		item(6, "AllLogs", before.In(time.FixedZone("", 5*3600))),
		item(7, "AllLogs", after),
	}
	batch[6].Record.Ended = time.Time{} // then its time decides, which is a millisecond earlier
	deliverAll(t, r, batch)
	a.wantContent(map[string]string{
		blobNoon: text(batch[0], batch[3], batch[5], batch[6]),
		blobOne:  text(batch[2]),
		"insights-logs-connectionevents/" + folderNoon + "PT1H.json": text(batch[1]),
		"insights-metrics-pt1m/" + folderOne + "PT1H.json":           text(batch[4]),
	})
	deliverAll(t, r, items(8, 9))
	if got := r.Stats(); got.Records != 9 || got.Appends != 5 || got.Blobs != 4 || got.Known != 0 {
		t.Errorf("stats %+v", got)
	}
	if n := a.count("GET list"); n != 4 {
		t.Errorf("%d listings, want one for each folder", n)
	}
}

func TestNothingIsAskedBeforeTheFirstRecord(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s)
	for _, force := range []bool{false, true} {
		if p, err := r.Flush(t.Context(), force); err != nil || !p.IsZero() {
			t.Errorf("flush: %v, %v", p, err)
		}
	}
	if _, err := r.Deliver(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if len(a.calls) > 0 || s.saves > 0 {
		t.Errorf("calls %v, %d saves", a.calls, s.saves)
	}
}

// One save and one append for a batch, whatever its size.
func TestABatchCostsOneSave(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s)
	var numbers []int
	for n := range 5000 {
		numbers = append(numbers, n)
	}
	batch := items(numbers...)
	deliverAll(t, r, batch[:4000])
	deliverAll(t, r, batch[4000:])
	if s.saves != 2 || a.count(appendBlock) != 2 {
		t.Errorf("%d saves, %d appends; want 2 of each", s.saves, a.count(appendBlock))
	}
	if len(s.data) > 2000 {
		t.Errorf("the plan has %d bytes", len(s.data))
	}
	a.wantIDs(numbers...)
}

func TestStepsAreBounded(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s, func(c *Config) { c.BlockSize = 200 })
	// More folders than a plan may have, each of its own hour.
	var batch []deliver.Item
	var numbers []int
	for n := range 150 {
		batch = append(batch, item(n, "AllLogs", noon.Add(time.Duration(n)*time.Hour)))
		numbers = append(numbers, n)
	}
	// A line that is larger than a block goes alone.
	large := item(150, "AllLogs", noon)
	large.Record.Line = fmt.Appendf(nil, `{"id":"id-000150","text":"%0500d"}`, 0)
	batch = append(batch, large, item(151, "AllLogs", noon))
	deliverAll(t, r, batch)
	a.wantIDs(append(numbers, 150, 151)...)
	if n := len(r.blobs.known); n > maxFolders {
		t.Errorf("%d blobs are remembered", n)
	}
	if n := cap(r.spare); n > 200 {
		t.Errorf("%d bytes of memory are kept", n)
	}
	if len(r.state.folders) > 0 {
		t.Errorf("%d folders are remembered that nothing is under way to", len(r.state.folders))
	}

	deliverAll(t, a.open(s), batch) // all again to the next process
	a.wantIDs(append(numbers, 150, 151)...)

	wide := a.open(&memoryState{}, func(c *Config) { c.BlockSize = 1 << 20 })
	for i := range batch {
		batch[i].Record.Category = "Wide"
	}
	deliverAll(t, wide, batch)
	if s := wide.Stats(); s.Records != 152 || s.Appends != 151 { // the last two lie together
		t.Errorf("stats %+v", s)
	}
}

func TestAnotherStream(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	deliverAll(t, a.open(s), items(50, 51))
	// The stream was made anew: positions begin again.
	r := a.open(s)
	batch := items(1, 2)
	for i := range batch {
		batch[i].Position.Epoch = 8
	}
	deliverAll(t, r, batch)
	deliverAll(t, a.open(s), batch)
	a.wantIDs(1, 2, 50, 51)
	// Both in one batch, again and again.
	mixed := append(items(51, 52), batch...)
	mixed = append(mixed, item(3, "AllLogs", noon))
	mixed[4].Position.Epoch = 8
	for range 2 {
		deliverAll(t, r, mixed)
	}
	a.wantIDs(1, 2, 3, 50, 51, 52)
}
