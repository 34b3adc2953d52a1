package metric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/record"
	"reslog/resource"
)

func testID(name string) resource.ID {
	return resource.MustParse("/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/" + name + "/blobServices/default")
}

// sink is an Emitter that keeps what it is given.
type sink struct {
	mu      sync.Mutex
	records []record.Record
	off     map[record.Category]bool
	fail    error
}

func (s *sink) Enabled(_ resource.ID, c record.Category) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.off[c]
}

func (s *sink) Emit(_ context.Context, r record.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.records = append(s.records, r)
	return nil
}

func (*sink) Begin(context.Context, record.Record) error    { return nil }
func (*sink) Withdraw(context.Context, record.Record) error { return nil }

// taken returns the lines so far, sorted, and forgets them.
func (s *sink) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := make([]string, 0, len(s.records))
	for _, r := range s.records {
		lines = append(lines, string(r.Line))
	}
	s.records = nil
	slices.Sort(lines)
	return lines
}

// clock is a clock that stands still.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(text string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = at(text)
	return c.t
}

// at is a time of one day.
func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-04 "+text)
	if err != nil {
		panic(err)
	}
	return t
}

func newTest(t *testing.T, text string) (*Recorder, *sink, *clock) {
	t.Helper()
	s, c := new(sink), new(clock)
	c.set(text)
	return New(Config{Emitter: s, Now: c.now}), s, c
}

func wantLines(t *testing.T, s *sink, want ...string) {
	t.Helper()
	want = append([]string{}, want...)
	slices.Sort(want)
	if diff := cmp.Diff(want, s.taken()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestRecordsOfAMinute(t *testing.T) {
	r, s, c := newTest(t, "12:01:10")
	set := r.Set(testID("one"), "Transaction", "Transactions", "Ingress", "Never")
	set.Add(at("12:01:10"), Sample{0, 1}, Sample{1, 512})
	set.Add(at("12:01:59"), Sample{0, 1}, Sample{1, 0.25})
	set.Add(at("12:02:00"), Sample{0, 1}, Sample{1, 7})
	set.Add(at("12:01:59"), Sample{1, math.NaN()}, Sample{1, math.Inf(1)})
	c.set("12:02:02")
	r.Flush(t.Context())
	wantLines(t, s)
	c.set("12:02:03")
	r.Flush(t.Context())
	rec := s.records[0]
	if rec.Resource != testID("one") || rec.Category != "Transaction" || !rec.Time.Equal(at("12:01:00")) || !rec.Ended.Equal(at("12:02:00")) || len(rec.ID) != 36 {
		t.Errorf("record %+v", rec)
	}
	const tail = `,"resourceId":"/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ONE/BLOBSERVICES/DEFAULT",` +
		`"time":"2026-03-04T12:0%d:00.0000000Z","metricName":"%s","timeGrain":"PT1M"}`
	wantLines(t, s,
		`{"count":2,"total":2,"minimum":1,"maximum":1,"average":1`+fmt.Sprintf(tail, 1, "Transactions"),
		`{"count":2,"total":512.25,"minimum":0.25,"maximum":512,"average":256.125`+fmt.Sprintf(tail, 1, "Ingress"))
	r.Flush(t.Context())
	wantLines(t, s)
	c.set("12:03:30")
	r.Flush(t.Context())
	wantLines(t, s,
		`{"count":1,"total":1,"minimum":1,"maximum":1,"average":1`+fmt.Sprintf(tail, 2, "Transactions"),
		`{"count":1,"total":7,"minimum":7,"maximum":7,"average":7`+fmt.Sprintf(tail, 2, "Ingress"))
	c.set("12:10:00")
	r.Flush(t.Context())
	wantLines(t, s)
}

// figures are what lines add up to, by minute and metric.
func figures(t *testing.T, lines []string) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for _, l := range lines {
		var m struct {
			Time, MetricName string
			Total            float64
		}
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatal(err)
		}
		sums[m.Time[11:16]+" "+m.MetricName] += m.Total
	}
	return sums
}

func wantFigures(t *testing.T, s *sink, want map[string]float64) {
	t.Helper()
	got := figures(t, s.taken())
	if !maps.Equal(got, want) {
		t.Errorf("totals %v, want %v", got, want)
	}
}

func TestLateSamplesCountInTheOpenMinute(t *testing.T) {
	r, s, c := newTest(t, "12:01:10")
	set := r.Set(testID("one"), "Transaction", "X")
	set.Add(at("12:01:10"), Sample{0, 1})
	c.set("12:02:05")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:01 X": 1})
	set.Add(at("12:01:59"), Sample{0, 10})
	set.Add(at("09:00:00"), Sample{0, 100})
	set.Add(at("12:02:01"), Sample{0, 1000})
	c.set("12:03:05")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:02 X": 1110})
}

func TestMinutesThatNobodyTookAreNotLost(t *testing.T) {
	r, s, c := newTest(t, "12:00:00")
	set := r.Set(testID("one"), "Transaction", "X")
	for minute := range 30 {
		set.Add(at("12:00:00").Add(time.Duration(minute)*time.Minute), Sample{0, 1})
	}
	c.set("12:45:00")
	r.Flush(t.Context())
	total := 0.0
	for _, v := range figures(t, s.taken()) {
		total += v
	}
	if total != 30 {
		t.Errorf("30 samples add up to %v", total)
	}
}

func TestClockSetBack(t *testing.T) {
	r, s, c := newTest(t, "12:00:30")
	set := r.Set(testID("one"), "Transaction", "X")
	set.Add(c.now(), Sample{0, 1})
	c.set("12:01:30")
	r.Flush(t.Context())
	first := s.records[0].ID
	wantFigures(t, s, map[string]float64{"12:00 X": 1})
	// A little: no minute is told twice.
	c.set("12:00:40")
	set.Add(c.now(), Sample{0, 2})
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{})
	c.set("12:02:30")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:01 X": 2})
	// By hours: it does not wait for as long.
	set.Add(c.now(), Sample{0, 4})
	c.set("09:00:30")
	set.Add(c.now(), Sample{0, 8})
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{})
	set.Add(c.now(), Sample{0, 16})
	c.set("09:02:30")
	r.Flush(t.Context())
	c.set("09:03:30")
	r.Flush(t.Context())
	total := 0.0
	for at, v := range figures(t, s.taken()) {
		if !strings.HasPrefix(at, "09:") {
			t.Errorf("a record of %s", at)
		}
		total += v
	}
	if total != 28 {
		t.Errorf("samples of 4, 8 and 16 add up to %v", total)
	}
	c.set("12:00:30")
	set.Add(c.now(), Sample{0, 1})
	c.set("12:01:30")
	r.Flush(t.Context())
	if second := s.records[0].ID; second == first {
		t.Errorf("the second record of 12:00 has the ID of the first, %s", first)
	}
}

func TestOnlyWhatSomebodyAsksFor(t *testing.T) {
	r, s, c := newTest(t, "12:00:30")
	set, other := r.Set(testID("one"), "Transaction", "X"), r.Set(testID("one"), "Capacity", "X")
	s.off = map[record.Category]bool{"Transaction": true}
	set.Add(c.now(), Sample{0, 1})
	other.Add(c.now(), Sample{0, 2})
	c.set("12:01:30")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:00 X": 2})
	// It is asked when the minute is over, not when the sample comes.
	set.Add(c.now(), Sample{0, 4})
	s.off = nil
	c.set("12:02:30")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:01 X": 4})
}

func TestIDs(t *testing.T) {
	seen := map[string]string{}
	for _, start := range []string{"12:00:10", "12:00:20"} {
		r, s, c := newTest(t, start)
		for _, name := range []string{"one", "two"} {
			for _, category := range []record.Category{"Transaction", "Capacity"} {
				set := r.Set(testID(name), category, "X", "Y")
				set.Add(c.now(), Sample{0, 1}, Sample{1, 1})
				set.Add(c.now().Add(time.Minute), Sample{0, 1}, Sample{1, 1})
			}
		}
		c.set("12:05:00")
		r.Flush(t.Context())
		if len(s.records) != 16 {
			t.Fatalf("%d records, want 16", len(s.records))
		}
		for _, rec := range s.records {
			if was, ok := seen[rec.ID]; ok {
				t.Errorf("%s and %s have one ID", was, rec.Line)
			}
			seen[rec.ID] = string(rec.Line)
		}
	}
}

func TestSets(t *testing.T) {
	s, c := new(sink), new(clock)
	c.set("12:00:30")
	var said strings.Builder
	r := New(Config{Emitter: s, Now: c.now, MaxSets: 2, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	one := r.Set(testID("one"), "Transaction", "X")
	if again := r.Set(testID("ONE"), "Transaction", "X"); again != one {
		t.Error("the same call made another Set")
	}
	two := r.Set(testID("two"), "Transaction", "X")
	three, four := r.Set(testID("three"), "Transaction", "X"), r.Set(testID("four"), "Transaction", "X")
	for i, set := range []*Set{one, two, three, four} {
		set.Add(c.now(), Sample{0, float64(int(1) << i)})
	}
	four.Close()
	if n := strings.Count(said.String(), "too many"); n != 1 || strings.Contains(said.String(), "four") {
		t.Errorf("said %q", said.String())
	}
	two.Close()
	one.Close() // the first of two who have it
	c.set("12:01:30")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:00 X": 3})
	one.Add(c.now(), Sample{0, 9})
	three = r.Set(testID("three"), "Transaction", "X") // there is room again
	three.Add(c.now(), Sample{0, 5})
	two.Add(c.now(), Sample{0, 7}) // nobody is there to see it
	c.set("12:02:30")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"12:01 X": 14})
}

func TestRefusedRecordsAreTold(t *testing.T) {
	s, c := &sink{fail: errors.New("the disk is full")}, new(clock)
	c.set("12:00:30")
	var said strings.Builder
	r := New(Config{Emitter: s, Now: c.now, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	r.Set(testID("one"), "Transaction", "X", "Y").Add(c.now(), Sample{0, 1}, Sample{1, 1})
	c.set("12:01:30")
	r.Flush(t.Context())
	if got := said.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "failed=2") || !strings.Contains(got, "the disk is full") {
		t.Errorf("said %q", got)
	}
}

func TestGauge(t *testing.T) {
	s, c := new(sink), new(clock)
	c.set("12:10:30")
	var said strings.Builder
	r := New(Config{Emitter: s, Now: c.now, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	asked := 0
	fail := error(nil)
	read := func(context.Context) ([]float64, error) {
		asked++
		return []float64{float64(asked), math.NaN(), 1 << 40}, fail
	}
	removeHourly := r.Gauge(Gauge{Resource: testID("one"), Category: "Capacity", Names: []string{"H", "None", "Big"}, Every: time.Hour, Read: read})
	c.set("12:59:59")
	r.Flush(t.Context())
	wantLines(t, s)
	c.set("13:00:03")
	r.Flush(t.Context())
	r.Flush(t.Context())
	const tail = `,"resourceId":"/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ONE/BLOBSERVICES/DEFAULT",` +
		`"time":"2026-03-04T%s:00.0000000Z","metricName":"%s","timeGrain":"%s"}`
	wantLines(t, s,
		`{"count":1,"total":1,"minimum":1,"maximum":1,"average":1`+fmt.Sprintf(tail, "12:00", "H", "PT1H"),
		`{"count":1,"total":1099511627776,"minimum":1099511627776,"maximum":1099511627776,"average":1099511627776`+fmt.Sprintf(tail, "12:00", "Big", "PT1H"))

	// Hours that nobody lived through are not asked about, and none twice.
	c.set("16:20:00")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"15:00 H": 2, "15:00 Big": 1 << 40})
	removeHourly()

	r.Gauge(Gauge{Resource: testID("one"), Category: "Capacity", Names: []string{"M"}, Read: read})
	s.off = map[record.Category]bool{"Capacity": true}
	c.set("16:21:10")
	r.Flush(t.Context())
	if asked != 2 {
		t.Errorf("asked %d times; nobody wanted to know the third time", asked)
	}
	s.off, fail = nil, errors.New("no idea")
	c.set("16:22:10")
	r.Flush(t.Context())
	wantLines(t, s)
	if !strings.Contains(said.String(), "no idea") {
		t.Errorf("said %q", said.String())
	}
	fail = nil
	c.set("16:23:10")
	r.Flush(t.Context())
	wantFigures(t, s, map[string]float64{"16:22 M": 4})
}

func TestGrain(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Minute: "PT1M", time.Hour: "PT1H", 90 * time.Minute: "PT1H30M", 5 * time.Minute: "PT5M", 24 * time.Hour: "PT24H"} {
		if got := string(appendGrain(nil, d)); got != want {
			t.Errorf("grain of %s is %s, want %s", d, got, want)
		}
	}
}

// A run hands over each minute a few seconds after its end, and the open one when it
// is stopped; the next one goes on, and nothing is told twice.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(sink)
		began := time.Now() // midnight, in a bubble
		ids := map[string]bool{}
		total := 0.0
		for range 2 {
			r := New(Config{Emitter: s})
			set := r.Set(testID("one"), "Transaction", "X")
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- r.Run(ctx) }()
			for range 150 { // 2.5 minutes
				set.Add(time.Now(), Sample{0, 1})
				time.Sleep(time.Second)
				synctest.Wait()
				s.mu.Lock()
				for _, rec := range s.records {
					if late := time.Since(rec.Ended); !ids[rec.ID] && (late < 3*time.Second || late > 5*time.Second) {
						t.Errorf("%s after %s, the minute is over for %s", rec.Line, time.Since(began), late)
					}
					ids[rec.ID] = true
				}
				s.mu.Unlock()
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			s.mu.Lock()
			for _, rec := range s.records {
				ids[rec.ID] = true
			}
			if len(ids) > 0 && len(s.records) == 0 {
				t.Error("no record")
			}
			s.mu.Unlock()
		}
		s.mu.Lock()
		if len(ids) != len(s.records) {
			t.Errorf("%d records have %d IDs", len(s.records), len(ids))
		}
		s.mu.Unlock()
		for _, v := range figures(t, s.taken()) {
			total += v
		}
		if total != 300 {
			t.Errorf("300 samples add up to %v", total)
		}
	})
}

// Whatever is added from everywhere while minutes are handed over is there in the end.
func TestNothingIsLostOrDouble(t *testing.T) {
	r, s, c := newTest(t, "12:00:00")
	set := r.Set(testID("one"), "Transaction", "X", "Y")
	const adders, each = 8, 2000
	var running sync.WaitGroup
	for range adders {
		running.Go(func() {
			for i := range each {
				set.Add(c.now().Add(-time.Duration(i%3)*time.Second), Sample{0, 1}, Sample{1, float64(i)})
			}
		})
	}
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for i := range 200 {
			c.mu.Lock()
			c.t = c.t.Add(10 * time.Second)
			c.mu.Unlock()
			if i%3 == 0 {
				r.Flush(t.Context())
			}
		}
	}()
	running.Wait()
	<-stop
	r.flush(t.Context(), minuteOf(c.now()), true)
	var x, y float64
	for at, v := range figures(t, s.taken()) {
		if strings.HasSuffix(at, "X") {
			x += v
		} else {
			y += v
		}
	}
	if x != adders*each || y != adders*each*(each-1)/2 {
		t.Errorf("%v samples of %v, they add up to %v, want %v", x, adders*each, y, adders*each*(each-1)/2)
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	set := New(Config{Emitter: new(sink)}).Set(testID("one"), "Transaction", "X", "Y")
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() { set.Add(now, Sample{0, 1}, Sample{1, 2}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	set := New(Config{Emitter: new(sink)}).Set(testID("one"), "Transaction", "1", "2", "3", "4", "5", "6")
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		now := time.Now()
		for p.Next() {
			set.Add(now, Sample{0, 1}, Sample{1, 512}, Sample{2, 4096}, Sample{3, 1.5}, Sample{4, 1.25}, Sample{5, 100})
		}
	})
}

// BenchmarkFlush is a minute of 1,000 resources with six metrics each.
func BenchmarkFlush(b *testing.B) {
	s, c := new(sink), new(clock)
	c.set("12:00:00")
	r := New(Config{Emitter: s, Now: c.now})
	sets := make([]*Set, 1000)
	for i := range sets {
		sets[i] = r.Set(testID(fmt.Sprint(i)), "Transaction", "1", "2", "3", "4", "5", "6")
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, set := range sets {
			set.Add(c.now(), Sample{0, 1}, Sample{1, 512}, Sample{2, 4096}, Sample{3, 1.5}, Sample{4, 1.25}, Sample{5, 100})
		}
		c.mu.Lock()
		c.t = c.t.Add(time.Minute)
		c.mu.Unlock()
		r.Flush(b.Context())
		s.records = s.records[:0]
	}
}
