package storagemetrics

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/metric"
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// The row of the documentation: seven requests of 20140522T1100.
func TestDocumentedRow(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		o := w.get()
		o.Ingress, o.Egress, o.EndToEnd, o.Server = 571, 6685, 104*time.Millisecond, 6*time.Millisecond
		if i == 6 { // 4003 and 46801 bytes, 731 and 48 ms
			o.Ingress, o.Egress, o.EndToEnd, o.Server = 577, 6691, 107*time.Millisecond, 12*time.Millisecond
		}
		w.Observe(o)
	}
	w.flush()
	w.wantRow(hour, "20260304T1200", "user;All", map[string]float64{
		"TotalRequests": 7, "TotalBillableRequests": 7, "TotalIngress": 4003, "TotalEgress": 46801, "Availability": 100,
		"AverageE2ELatency": 731. / 7, "AverageServerLatency": 48. / 7, "PercentSuccess": 100, "Success": 7,
	})
}

func TestColumns(t *testing.T) {
	w := newWorld(t)
	count := func(n int, auth storage.AuthType, responseType string) {
		for range n {
			o := w.get()
			o.Auth, o.ResponseType = auth, responseType
			w.Observe(o)
		}
	}
	count(40, storage.SharedKey, "Success")
	count(10, storage.OAuth, "Success")
	count(10, storage.Anonymous, "Success")
	count(5, storage.AccountSAS, "ServerBusyError")
	count(4, storage.SharedKey, "ClientTimeoutError")
	count(6, storage.DelegationSAS, "ServerTimeoutError")
	count(8, storage.SharedKey, "ClientOtherError")
	count(2, storage.Anonymous, "ServerOtherError")
	count(5, storage.Anonymous, "AuthorizationError")
	count(7, storage.ServiceSAS, "AuthorizationError")
	count(3, storage.SharedKey, "NetworkError")
	w.flush()
	want := map[string]float64{
		"TotalIngress": 30000, "TotalEgress": 100000, "TotalRequests": 100, "TotalBillableRequests": 82,
		"Availability": 100 * 82. / 90, "AverageE2ELatency": 10, "AverageServerLatency": 4,
		"PercentSuccess": 60, "PercentThrottlingError": 5, "PercentTimeoutError": 10, "PercentServerOtherError": 2,
		"PercentClientOtherError": 8, "PercentAuthorizationError": 12, "PercentNetworkError": 3,
		"Success": 50, "AnonymousSuccess": 10, "SASThrottlingError": 5, "ClientTimeoutError": 4, "SASServerTimeoutError": 6,
		"ClientOtherError": 8, "AnonymousServerOtherError": 2, "AnonymousAuthorizationError": 5, "SASAuthorizationError": 7,
		"NetworkError": 3,
	}
	for name := range documented {
		want[name] += 0
	}
	w.wantRow(hour, "20260304T1200", "user;All", want)
	w.wantRow(hour, "20260304T1200", "user;GetBlob", want)
	if got := w.tables.row("acct", hours, "20260304T1200", "user;All"); len(got) != len(want) {
		t.Errorf("%d columns, want %d: %v", len(got), len(want), got)
	}
	e, err := w.tables.Get(t.Context(), "acct", hours, tablestore.Key{Partition: "20260304T1200", Row: "user;All"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range e.Properties {
		isDouble := strings.HasPrefix(p.Name, "Percent") || strings.HasPrefix(p.Name, "Average") || p.Name == "Availability"
		if want := map[bool]tablestore.Type{true: tablestore.Double, false: tablestore.Int64}[isDouble]; p.Type != want {
			t.Errorf("%s has type %d, want %d", p.Name, p.Type, want)
		}
	}
}

// Every service has its rows from the beginning of an interval on, also without a
// request; operations have them when they are used.
func TestIntervalsWithoutRequests(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, apis, whole)
	w.metrics("acct", storage.Queue, off, off)
	w.flush()
	w.wantKeys(hours, "20260304T1200 system;All", "20260304T1200 user;All")
	w.wantKeys(minutes, "20260304T1200 system;All", "20260304T1200 user;All")
	w.wantRow(hour, "20260304T1200", "user;All", map[string]float64{
		"TotalRequests": 0, "TotalBillableRequests": 0, "Availability": 100, "AverageE2ELatency": 0, "PercentSuccess": 0,
	})
	w.wantKeys("$MetricsHourPrimaryTransactionsQueue")
	w.wantKeys("$MetricsHourPrimaryTransactionsTable", "20260304T1200 system;All", "20260304T1200 user;All")
	w.wantKeys("$MetricsMinutePrimaryTransactionsTable")
	writes := w.tables.writes
	w.flush()
	if w.tables.writes != writes {
		t.Errorf("%d writes of rows that had not changed", w.tables.writes-writes)
	}
	w.clock.set("12:01:00")
	o := w.get()
	o.System = true
	o.Operation = "PutBlob"
	w.Observe(o)
	w.flush()
	w.wantKeys(minutes, "20260304T1200 system;All", "20260304T1200 user;All", "20260304T1201 system;All", "20260304T1201 user;All")
	w.wantKeys(hours, "20260304T1200 system;All", "20260304T1200 system;PutBlob", "20260304T1200 user;All")
	w.wantRow(hour, "20260304T1200", "user;All", map[string]float64{"TotalRequests": 0})
	w.wantRow(hour, "20260304T1200", "system;All", map[string]float64{"TotalRequests": 1})
	w.wantRow(minute, "20260304T1201", "system;All", map[string]float64{"TotalRequests": 1})
}

func TestSwitchingOnAndOff(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, off, off)
	w.Observe(w.get())
	w.flush()
	w.wantKeys(hours)
	w.metrics("acct", storage.Blob, whole, off)
	w.Observe(w.get())
	w.flush()
	w.wantKeys(hours, "20260304T1200 system;All", "20260304T1200 user;All")
	w.metrics("acct", storage.Blob, apis, apis)
	w.Observe(w.get())
	w.flush()
	w.metrics("acct", storage.Blob, off, whole)
	w.Observe(w.get())
	w.flush()
	w.metrics("acct", storage.Blob, apis, off)
	w.Observe(w.get())
	w.flush()
	w.wantRow(hour, "20260304T1200", "user;All", map[string]float64{"TotalRequests": 3})
	w.wantRow(hour, "20260304T1200", "user;GetBlob", map[string]float64{"TotalRequests": 2})
	w.wantRow(minute, "20260304T1200", "user;All", map[string]float64{"TotalRequests": 2})
	w.wantRow(minute, "20260304T1200", "user;GetBlob", map[string]float64{"TotalRequests": 1})
}

// A request counts when it ended, by its record, whenever that is seen.
func TestWhenARequestCounts(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, apis, apis)
	o := w.get()
	o.Received, o.EndToEnd = at("11:59:59"), 2*time.Second
	w.Observe(o)
	o.EndToEnd = 500 * time.Millisecond
	w.Observe(o)
	w.flush()
	w.wantRow(hour, "20260304T1100", "user;All", map[string]float64{"TotalRequests": 1, "AverageE2ELatency": 500})
	w.wantRow(hour, "20260304T1200", "user;All", map[string]float64{"TotalRequests": 1, "AverageE2ELatency": 2000})
	w.wantRow(minute, "20260304T1159", "user;GetBlob", map[string]float64{"TotalRequests": 1})
	w.wantRow(minute, "20260304T1200", "user;GetBlob", map[string]float64{"TotalRequests": 1})
	// Long after the rows were given up, one more.
	w.clock.set("12:30:00")
	w.flush()
	if len(w.open) != 6 { // hours of three services, minutes of one; the hour before and its minute are over
		for k := range w.open {
			t.Logf("open: %s %s", k.grain.table(k.service.kind), partition(k.begins()))
		}
	}
	o.Received = at("11:59:00")
	w.Observe(o)
	w.flush()
	w.wantRow(hour, "20260304T1100", "user;All", map[string]float64{"TotalRequests": 2, "AverageE2ELatency": 500})
	w.wantRow(minute, "20260304T1159", "user;All", map[string]float64{"TotalRequests": 2})
}

// Another process goes on with the rows of the one before.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, apis, apis)
	operations := []string{"GetBlob", "PutBlob", "ListBlobs", "DeleteBlob", "GetBlobProperties"}
	total := time.Duration(0)
	n := 0
	for run := range 5 {
		for i := range 100 {
			o := w.get()
			o.Operation = operations[i%len(operations)]
			o.EndToEnd = time.Duration(1+i*run) * 1234567 * time.Nanosecond
			o.System = i%7 == 6
			if !o.System {
				total += o.EndToEnd
				n++
			}
			w.Observe(o)
			if i%10 == 0 {
				w.flush()
			}
		}
		w.flush()
		lost := w.get() // the process is killed before it is written
		w.Observe(lost)
		w.restart()
	}
	w.flush()
	for _, g := range []grain{hour, minute} {
		w.wantRow(g, "20260304T1200", "user;All", map[string]float64{
			"TotalRequests": float64(n), "Success": float64(n), "TotalIngress": float64(300 * n),
			"AverageE2ELatency": float64(total) / 1e6 / float64(n), "AverageServerLatency": 4, "PercentSuccess": 100,
		})
		w.wantRow(g, "20260304T1200", "system;All", map[string]float64{"TotalRequests": float64(500 - n)})
		for _, column := range []string{"TotalRequests", "TotalEgress", "Success"} {
			sum := w.tables.sum("acct", g.table(storage.Blob), column, func(row string) bool {
				return strings.HasPrefix(row, "user;") && row != "user;All"
			})
			w.wantRow(g, "20260304T1200", "user;All", map[string]float64{column: sum})
		}
	}
}

// Whatever happens, hours are the sum of their minutes, and the whole is the sum of
// the operations.
func TestSums(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, apis, apis)
	types := []string{"Success", "ClientOtherError", "AuthorizationError", "NetworkError", "ServerBusyError", "ServerOtherError"}
	rnd := rand.New(rand.NewPCG(1, 2))
	n := 0
	for step := range 150 {
		for range rnd.IntN(20) {
			o := w.get()
			o.Operation = fmt.Sprint("Operation", rnd.IntN(12))
			o.Auth = storage.AuthType(rnd.IntN(6))
			o.ResponseType = types[rnd.IntN(len(types))]
			o.Ingress, o.Egress = rnd.Int64N(1e6), rnd.Int64N(1e6)
			o.EndToEnd = time.Duration(rnd.Int64N(int64(20 * time.Second)))
			o.Server = o.EndToEnd / 2
			w.Observe(o)
			n++
		}
		w.clock.mu.Lock()
		w.clock.t = w.clock.t.Add(time.Duration(rnd.Int64N(int64(time.Minute))))
		w.clock.mu.Unlock()
		if step%3 == 0 {
			w.flush()
		}
		if step%50 == 49 {
			w.flush()
			w.restart()
		}
	}
	w.flush()
	user := func(row string) bool { return row == "user;All" }
	operation := func(row string) bool { return strings.HasPrefix(row, "user;") && row != "user;All" }
	columns := []string{"TotalRequests", "TotalBillableRequests", "TotalIngress", "TotalEgress"}
	for s := range status(statuses) {
		columns = append(columns, s.name())
	}
	for _, column := range columns {
		want := w.tables.sum("acct", hours, column, user)
		for what, got := range map[string]float64{
			"the minutes":                w.tables.sum("acct", minutes, column, user),
			"the operations of hours":    w.tables.sum("acct", hours, column, operation),
			"the operations of minutes":  w.tables.sum("acct", minutes, column, operation),
			"what it should be at least": max(want, 0),
		} {
			if got != want {
				t.Errorf("%s: %s are %v, hours %v", column, what, got, want)
			}
		}
	}
	if got := w.tables.sum("acct", hours, "TotalRequests", user); got != float64(n) {
		t.Errorf("%v requests, want %d", got, n)
	}
	if keys := w.tables.keys("acct", hours); !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "20260304T1300") }) {
		t.Errorf("no second hour in %v", keys)
	}
}

// What cannot be written waits, and only what waits too long is given up.
func TestStoreThatFails(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, apis, apis)
	w.Observe(w.get())
	w.flush()
	w.tables.setFail(errors.New("the disk is full"))
	for range 30 {
		w.clock.mu.Lock()
		w.clock.t = w.clock.t.Add(time.Minute)
		w.clock.mu.Unlock()
		w.Observe(w.get())
		if err := w.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Fatalf("flush returned %v", err)
		}
	}
	w.tables.setFail(nil)
	w.flush()
	user := func(row string) bool { return row == "user;All" }
	if h, m := w.tables.sum("acct", hours, "TotalRequests", user), w.tables.sum("acct", minutes, "TotalRequests", user); h != 31 || m != 31 {
		t.Errorf("%v requests by the hour, %v by the minute, want 31", h, m)
	}
	w.tables.setFail(errors.New("the disk is full"))
	most := 0
	for range 300 {
		w.clock.mu.Lock()
		w.clock.t = w.clock.t.Add(time.Minute)
		w.clock.mu.Unlock()
		w.Observe(w.get())
		_ = w.Flush(t.Context())
		most = max(most, len(w.open))
	}
	if most > 100 || !strings.Contains(w.said.String(), "given up") {
		t.Errorf("%d intervals are kept; said %q", most, w.said.String())
	}
}

func TestFailuresAreToldOnce(t *testing.T) {
	w := newWorld(t)
	w.tables.setFail(errors.New("the disk is full"))
	for range 5 {
		w.Collector.flush(t.Context())
	}
	w.tables.setFail(nil)
	for range 5 {
		w.Collector.flush(t.Context())
	}
	if said := w.said.String(); strings.Count(said, "\n") != 2 || !strings.Contains(said, "the disk is full") ||
		!strings.Contains(said, "and 2 more") || !strings.Contains(said, "are written again") {
		t.Errorf("said %q", said)
	}
}

func TestAccountsComeAndGo(t *testing.T) {
	s := new(sink)
	var r *metric.Recorder
	w := newWorld(t, func(c *Config) {
		r = metric.New(metric.Config{Emitter: s, Now: c.Now})
		c.Recorder = r
	})
	w.Observe(storage.Observation{Service: storage.Blob, Operation: "Unknown", Auth: storage.Anonymous}) // no account
	o := w.get()
	o.Account, o.Resource = "other", newAccount("other").ServiceID(storage.Blob)
	w.Observe(o) // it is new, and has not been listed yet
	w.setAccounts(newAccount("acct"), newAccount("other"))
	w.flush()
	if got := w.tables.row("other", hours, "20260304T1200", "user;All"); got["TotalRequests"] != 1 {
		t.Errorf("row of a new account: %v", got)
	}
	w.Observe(o)
	w.setAccounts(newAccount("acct"))
	for range 3 {
		w.flush()
	}
	if got := w.tables.row("other", hours, "20260304T1200", "user;All"); got["TotalRequests"] != 1 {
		t.Errorf("row of an account that is gone: %v", got)
	}
	if len(*w.accounts.Load()) != 1 || len(w.gone) != 0 || len(w.open) != 3 {
		t.Errorf("%d accounts, %d gone, %d intervals", len(*w.accounts.Load()), len(w.gone), len(w.open))
	}
	// The name again, as another resource.
	again := newAccount("other")
	again.ID = newAccount("another").ID
	w.setAccounts(newAccount("acct"), again)
	o.Resource = again.ServiceID(storage.Blob)
	w.Observe(o)
	w.Observe(o)
	for range 3 {
		w.flush()
	}
	if got := w.tables.row("other", hours, "20260304T1200", "user;All"); got["TotalRequests"] != 3 {
		t.Errorf("row of an account that is there again: %v", got)
	}
	w.clock.set("12:01:10")
	r.Flush(t.Context())
	count := map[string]int{}
	for _, rec := range s.take() {
		if strings.Contains(string(rec.Line), `"metricName":"Transactions"`) {
			count[rec.Resource.String()] += strings.Count(string(rec.Line), `"total":2`)
		}
	}
	if count[o.Resource.String()] != 1 || count[again.ID.String()] != 1 || len(count) != 4 {
		t.Errorf("records of %v", count)
	}
}

// Run writes what changes, and all there is when it ends.
func TestRun(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.FlushEvery = 10 * time.Millisecond })
	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	requests := func() float64 {
		n, ok := w.tables.row("acct", hours, "20260304T1200", "user;All")["TotalRequests"]
		if !ok {
			return -1
		}
		return n
	}
	wait := func(n float64) {
		t.Helper()
		for began := time.Now(); requests() != n; time.Sleep(time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("%v requests in the row, want %v", requests(), n)
			}
		}
	}
	stop := run()
	wait(0)
	w.Observe(w.get())
	wait(1)
	w.Observe(w.get())
	stop()
	wait(2)
	w.restart()
	run()()
	w.wantRow(hour, "20260304T1200", "user;GetBlob", map[string]float64{"TotalRequests": 2})
	if w.said.Len() > 0 {
		t.Errorf("said %s", w.said)
	}
}

// Nothing that is observed from everywhere is lost or counts twice.
func TestObserveWhileRowsAreWritten(t *testing.T) {
	w := newWorld(t)
	w.metrics("acct", storage.Blob, apis, apis)
	const observers, each = 8, 3000
	var running sync.WaitGroup
	for i := range observers {
		running.Go(func() {
			for j := range each {
				o := w.get()
				o.Operation = []string{"GetBlob", "PutBlob", "ListBlobs"}[(i+j)%3]
				o.Received = o.Received.Add(-time.Duration(j%90) * time.Second)
				w.Observe(o)
			}
		})
	}
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 100 {
			w.flush()
			w.clock.mu.Lock()
			w.clock.t = w.clock.t.Add(time.Second)
			w.clock.mu.Unlock()
		}
	}()
	running.Wait()
	<-stop
	w.flush()
	for _, table := range []string{hours, minutes} {
		for what, fits := range map[string]func(string) bool{
			"user;All":   func(row string) bool { return row == "user;All" },
			"operations": func(row string) bool { return row != "user;All" },
		} {
			if got := w.tables.sum("acct", table, "TotalRequests", fits); got != observers*each {
				t.Errorf("%s of %s: %v requests, want %d", what, table, got, observers*each)
			}
		}
	}
}
