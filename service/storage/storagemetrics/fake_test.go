package storagemetrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// fakeTables is a store of tables in memory, as far as metrics need one.
type fakeTables struct {
	mu     sync.Mutex
	tables map[string]map[tablestore.Key][]tablestore.Property // by "account table"
	writes int
	fail   error
}

func newFakeTables() *fakeTables {
	return &fakeTables{tables: map[string]map[tablestore.Key][]tablestore.Property{}}
}

func (f *fakeTables) table(account, name string) (map[tablestore.Key][]tablestore.Property, error) {
	if f.fail != nil {
		return nil, f.fail
	}
	t := f.tables[account+" "+name]
	if t == nil {
		return nil, tablestore.ErrTableNotFound
	}
	return t, nil
}

func (f *fakeTables) CreateTable(_ context.Context, account string, t tablestore.Table) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch _, err := f.table(account, t.Name); {
	case err == nil:
		return tablestore.ErrTableExists
	case !errors.Is(err, tablestore.ErrTableNotFound):
		return err
	}
	f.tables[account+" "+t.Name] = map[tablestore.Key][]tablestore.Property{}
	return nil
}

func compareKeys(a, b tablestore.Key) int {
	return cmp.Or(strings.Compare(a.Partition, b.Partition), strings.Compare(a.Row, b.Row))
}

func within(k tablestore.Key, r tablestore.Range) bool {
	return (r.From == nil || compareKeys(*r.From, k) <= 0) && (r.To == nil || compareKeys(k, *r.To) <= 0)
}

// Query answers with pages of three, so that there are some.
func (f *fakeTables) Query(_ context.Context, account, name string, q tablestore.Query) (p tablestore.Page, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, err := f.table(account, name)
	if err != nil {
		return p, err
	}
	for _, k := range slices.SortedFunc(maps.Keys(t), compareKeys) {
		if !within(k, q.Ranges[0]) || q.Next != nil && compareKeys(k, *q.Next) < 0 {
			continue
		}
		if len(p.Entities) == 3 {
			p.Next = &k
			break
		}
		p.Entities = append(p.Entities, tablestore.Entity{Key: k, Properties: t[k]})
	}
	return p, nil
}

func (f *fakeTables) Write(_ context.Context, account, name string, _ time.Time, writes []tablestore.Write) ([]time.Time, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, err := f.table(account, name)
	if err != nil {
		return nil, err
	}
	f.writes++
	for _, w := range writes {
		if w.Kind != tablestore.InsertOrReplace {
			return nil, fmt.Errorf("write of kind %d", w.Kind)
		}
		t[w.Entity.Key] = w.Entity.Properties
	}
	return make([]time.Time, len(writes)), nil
}

func (f *fakeTables) DeleteRange(_ context.Context, account, name string, r tablestore.Range) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, err := f.table(account, name)
	if err != nil {
		return err
	}
	maps.DeleteFunc(t, func(k tablestore.Key, _ []tablestore.Property) bool { return within(k, r) })
	return nil
}

func (f *fakeTables) setFail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

// keys are the rows of a table, "partition row", in order.
func (f *fakeTables) keys(account, name string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var keys []string
	for _, k := range slices.SortedFunc(maps.Keys(f.tables[account+" "+name]), compareKeys) {
		keys = append(keys, k.Partition+" "+k.Row)
	}
	return keys
}

// row is a row as numbers by column; nil when it is not there.
func (f *fakeTables) row(account, name, partition, row string) map[string]float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	properties, ok := f.tables[account+" "+name][tablestore.Key{Partition: partition, Row: row}]
	if !ok {
		return nil
	}
	m := make(map[string]float64)
	for _, p := range properties {
		m[p.Name] = number(p)
	}
	return m
}

func number(p tablestore.Property) float64 {
	if p.Type == tablestore.Double {
		return math.Float64frombits(uint64(p.Number))
	}
	return float64(p.Number)
}

// sum adds up a column over the rows of a table with a RowKey that fits.
func (f *fakeTables) sum(account, name, column string, fits func(row string) bool) (sum float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, properties := range f.tables[account+" "+name] {
		for _, p := range properties {
			if p.Name == column && fits(k.Row) {
				sum += number(p)
			}
		}
	}
	return sum
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
	tables     *fakeTables
	properties *storage.Properties
	said       *strings.Builder // by the logger

	mu   sync.Mutex
	list []*storage.Account
}

// newWorld begins at noon, with the account "acct", whose metrics are as those of a
// new account: hours with operations.
func newWorld(t testing.TB, configure ...func(*Config)) *world {
	w := &world{
		t: t, clock: new(clock), tables: newFakeTables(), said: new(strings.Builder),
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
