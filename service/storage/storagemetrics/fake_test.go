package storagemetrics

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// testTables is a store of tables, in memory, that fails when a test wants it to.
type testTables struct {
	*tablestore.Store
	mu     sync.Mutex
	writes int
	fail   error
}

func newTestTables(t testing.TB) *testTables {
	s, err := tablestore.Open(tablestore.Config{Dir: "tables", FS: vfs.NewMem(), MinFree: -1, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &testTables{Store: s}
}

func (f *testTables) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail
}

func (f *testTables) setFail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

// Query answers with pages of three, so that there are some.
func (f *testTables) Query(ctx context.Context, account, table string, q tablestore.Query) (tablestore.Page, error) {
	if err := f.failure(); err != nil {
		return tablestore.Page{}, err
	}
	q.Limit = 3
	return f.Store.Query(ctx, account, table, q)
}

func (f *testTables) Write(ctx context.Context, account, table string, now time.Time, writes []tablestore.Write) ([]time.Time, error) {
	if err := f.failure(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.writes++
	f.mu.Unlock()
	return f.Store.Write(ctx, account, table, now, writes)
}

func (f *testTables) DeleteRange(ctx context.Context, account, table string, r tablestore.Range) error {
	if err := f.failure(); err != nil {
		return err
	}
	return f.Store.DeleteRange(ctx, account, table, r)
}

// all are the rows of a table, none when there is no table.
func (f *testTables) all(account, table string) []tablestore.Entity {
	page, err := f.Store.Query(context.Background(), account, table, tablestore.Query{Limit: 1 << 20, Scan: 1 << 20, Bytes: 1 << 30})
	if err != nil && !errors.Is(err, tablestore.ErrTableNotFound) {
		panic(err)
	}
	return page.Entities
}

// keys are the rows of a table, "partition row", in order.
func (f *testTables) keys(account, table string) []string {
	var keys []string
	for _, e := range f.all(account, table) {
		keys = append(keys, e.Partition+" "+e.Row)
	}
	return keys
}

// row is a row as numbers by column; nil when it is not there.
func (f *testTables) row(account, table, partition, row string) map[string]float64 {
	e, err := f.Get(context.Background(), account, table, tablestore.Key{Partition: partition, Row: row})
	if err != nil {
		return nil
	}
	m := make(map[string]float64)
	for _, p := range e.Properties {
		m[p.Name] = number(p)
	}
	return m
}

// sum adds up a column over the rows of a table with a RowKey that fits.
func (f *testTables) sum(account, table, column string, fits func(row string) bool) (sum float64) {
	for _, e := range f.all(account, table) {
		for _, p := range e.Properties {
			if p.Name == column && fits(e.Row) {
				sum += number(p)
			}
		}
	}
	return sum
}

func number(p tablestore.Property) float64 {
	if p.Type == tablestore.Double {
		return math.Float64frombits(uint64(p.Number))
	}
	return float64(p.Number)
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

// set turns it to a time of one day.
func (c *clock) set(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = at(text)
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-04 "+text)
	if err != nil {
		panic(err)
	}
	return t
}

func newAccount(name string) *storage.Account {
	return &storage.Account{
		Name: name, Location: "local", Keys: [2][]byte{[]byte("the first key"), []byte("the second key")},
		ID: resource.MustParse("/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/" + name),
	}
}

// sink is an Emitter that keeps what it is given.
type sink struct {
	mu      sync.Mutex
	records []record.Record
}

func (*sink) Enabled(resource.ID, record.Category) bool     { return true }
func (*sink) Begin(context.Context, record.Record) error    { return nil }
func (*sink) Withdraw(context.Context, record.Record) error { return nil }

func (s *sink) Emit(_ context.Context, r record.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, r)
	return nil
}

// take returns the records so far and forgets them.
func (s *sink) take() []record.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records
	s.records = nil
	return r
}

// world is a Collector and all it needs.
type world struct {
	*Collector
	t          testing.TB
	clock      *clock
	tables     *testTables
	properties *storage.Properties
	said       *strings.Builder // by the logger

	mu   sync.Mutex
	list []*storage.Account
}

// newWorld begins at noon, with the account "acct", whose metrics are as those of a
// new account: hours with operations.
func newWorld(t testing.TB, configure ...func(*Config)) *world {
	w := &world{
		t: t, clock: new(clock), tables: newTestTables(t), said: new(strings.Builder),
		properties: storage.OpenProperties(storage.PropertiesConfig{}), list: []*storage.Account{newAccount("acct")},
	}
	w.clock.set("12:00:30")
	w.restart(configure...)
	return w
}

// restart makes another Collector on the same tables, as another process would.
func (w *world) restart(configure ...func(*Config)) {
	c := Config{
		Accounts: w.accountList, Properties: w.properties, Tables: w.tables, Now: w.clock.now,
		Logger: slog.New(slog.NewTextHandler(w.said, nil)),
	}
	for _, f := range configure {
		f(&c)
	}
	w.Collector = New(c)
}

func (w *world) accountList() []*storage.Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list
}

func (w *world) setAccounts(list ...*storage.Account) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = list
}

// metrics switches the tables of a service on and off.
func (w *world) metrics(account string, k storage.Kind, hours, minutes storage.Metrics) {
	w.t.Helper()
	p := storage.DefaultServiceProperties()
	p.HourMetrics, p.MinuteMetrics = hours, minutes
	if err := w.properties.Set(context.Background(), newAccount(account), k, p); err != nil {
		w.t.Fatal(err)
	}
}

var (
	off   = storage.Metrics{Version: "1.0"}
	whole = storage.Metrics{Version: "1.0", Enabled: true}
	apis  = storage.Metrics{Version: "1.0", Enabled: true, IncludeAPIs: true}
)

func (w *world) flush() {
	w.t.Helper()
	if err := w.Flush(context.Background()); err != nil {
		w.t.Error(err)
	}
}

// get is an observation of a successful GetBlob at the time of the clock.
func (w *world) get() storage.Observation {
	return storage.Observation{
		Service: storage.Blob, Account: "acct", Resource: newAccount("acct").ServiceID(storage.Blob), Operation: "GetBlob",
		Received: w.clock.now(), Status: 200, ResponseType: "Success", Auth: storage.SharedKey, Proved: true,
		Ingress: 300, Egress: 1000, EndToEnd: 10 * time.Millisecond, Server: 4 * time.Millisecond,
	}
}

func (w *world) wantKeys(table string, want ...string) {
	w.t.Helper()
	if got := w.tables.keys("acct", table); !slices.Equal(got, want) {
		w.t.Errorf("rows of %s:\n%s\nwant\n%s", table, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantRow checks some columns of a row of the account's blobs.
func (w *world) wantRow(g grain, partition, row string, want map[string]float64) {
	w.t.Helper()
	got := w.tables.row("acct", g.table(storage.Blob), partition, row)
	if got == nil {
		w.t.Errorf("no row %s %s of %s", partition, row, g.table(storage.Blob))
		return
	}
	for column, v := range want {
		if has, ok := got[column]; !ok || math.Abs(has-v) > 1e-9*math.Abs(v) {
			w.t.Errorf("%s %s: %s is %v, want %v", partition, row, column, has, v)
		}
	}
}

const (
	hours   = "$MetricsHourPrimaryTransactionsBlob"
	minutes = "$MetricsMinutePrimaryTransactionsBlob"
)
