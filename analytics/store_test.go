//go:build cgo

package analytics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reslog/analytics/rows"
	"reslog/kql"
)

func TestMain(m *testing.M) {
	if runChild() {
		return
	}
	goleak.VerifyTestMain(m)
}

const testID = "0a1b2c3d-0000-4000-8000-00000000000a"

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

type world struct {
	t     testing.TB
	c     Config
	clock *clock
	s     *Store
	w     *Workspace
	log   *logged
}

// logged keeps what is logged at a level of error.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	l.lines = append(l.lines, line)
	return nil
}

func (l *logged) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *logged) WithGroup(string) slog.Handler      { return l }

func start(t testing.TB, change func(*Config)) *world {
	t.Helper()
	v := &world{t: t, clock: &clock{at: noon}, log: &logged{}}
	v.c = Config{Folder: t.TempDir(), Now: v.clock.now, Maintain: -1, Threads: 2, Memory: 512 << 20, Logger: slog.New(v.log)}
	if change != nil {
		change(&v.c)
	}
	v.open()
	t.Cleanup(v.close)
	return v
}

func (v *world) open() {
	v.t.Helper()
	var err error
	if v.s, err = Open(context.Background(), v.c); err != nil {
		v.t.Fatal(err)
	}
	if v.w, err = v.s.Workspace(context.Background(), testID); err != nil {
		v.t.Fatal(err)
	}
}

func (v *world) close() {
	v.t.Helper()
	if err := v.s.Close(context.Background()); err != nil {
		v.t.Errorf("close: %v", err)
	}
}

func (v *world) restart() {
	v.t.Helper()
	v.close()
	v.open()
}

func (v *world) append(b rows.Batch) {
	v.t.Helper()
	if err := v.w.Append(v.t.Context(), b); err != nil {
		v.t.Fatal(err)
	}
}

func (v *world) maintain() {
	v.t.Helper()
	if err := v.s.Maintain(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
}

// results is a sink that keeps everything.
type results struct {
	names   []string
	columns [][]kql.Column
	rows    [][][]any
}

func (r *results) Table(name string, columns []kql.Column, _ *kql.Render) error {
	r.names, r.columns, r.rows = append(r.names, name), append(r.columns, columns), append(r.rows, nil)
	return nil
}

func (r *results) Row(values []any) error {
	i := len(r.rows) - 1
	r.rows[i] = append(r.rows[i], slices.Clone(values))
	return nil
}

func (v *world) query(r Request) ([][]any, error) {
	v.t.Helper()
	var out results
	_, err := v.w.Query(v.t.Context(), r, &out)
	if len(out.rows) == 0 {
		return nil, err
	}
	return out.rows[0], err
}

// must runs a query and compares the rows, printed.
func (v *world) must(query string, want ...string) {
	v.t.Helper()
	rows, err := v.query(Request{Query: query})
	if err != nil {
		v.t.Errorf("%s: %v", query, err)
		return
	}
	var got []string
	for _, r := range rows {
		got = append(got, strings.TrimSuffix(fmt.Sprintln(r...), "\n"))
	}
	if !slices.Equal(got, want) {
		v.t.Errorf("%s:\n got %q\nwant %q", query, got, want)
	}
}

func at(t time.Time) int64 { return kql.Ticks(t) }

var logColumns = []kql.Column{
	{Name: "TimeGenerated", Type: kql.Datetime},
	{Name: "AccountName", Type: kql.String},
	{Name: "accountName", Type: kql.Long},
	{Name: "Uri", Type: kql.String},
	{Name: "ObjectKey", Type: kql.String},
	{Name: "CorrelationId", Type: kql.String},
	{Name: "Etag", Type: kql.String},
	{Name: "DurationMs", Type: kql.Real},
	{Name: "Ok", Type: kql.Bool},
	{Name: "Bag", Type: kql.Dynamic},
	{Name: "_ResourceId", Type: kql.String},
	{Name: "N", Type: kql.Int},
}

func logRow(t time.Time, account string, n int) []any {
	return []any{
		at(t), account, int64(n), "https://" + account + ".blob.core.windows.net:443/c/b" + fmt.Sprint(n) + "?x=1", "/" + account + "/c/b" + fmt.Sprint(n),
		fmt.Sprintf("0a0b0c0d-0000-4000-8000-%012x", n), fmt.Sprintf("0x8D%X", n+4096), float64(n) / 2, n%2 == 0, fmt.Sprintf(`{"a":%d}`, n), "/subscriptions/5/resourcegroups/g/providers/p/" + account, int64(n),
	}
}

func logs(values ...[]any) []rows.Rows {
	return []rows.Rows{{Table: "Logs_CL", Columns: logColumns, Values: values}}
}

func TestAppendAndQuery(t *testing.T) {
	v := start(t, nil)
	v.append(rows.Batch{Source: "s", Position: 3, Rows: logs(logRow(noon, "a", 1), logRow(noon.Add(-time.Hour), "b", 2))})
	v.append(rows.Batch{Source: "s", Position: 3, Rows: logs(logRow(noon, "again", 1))})
	v.append(rows.Batch{Source: "s", Position: 9, Rows: logs([]any{nil, "", nil, "", "", "", "", nil, nil, nil, "", nil})})
	check := func() {
		t.Helper()
		v.must("Logs_CL | count", "3")
		v.must("Logs_CL | where AccountName == 'b' | project AccountName, accountName, Uri, ObjectKey, CorrelationId, Etag, DurationMs, Ok, Bag.a, N",
			"b 2 https://b.blob.core.windows.net:443/c/b2?x=1 /b/c/b2 0a0b0c0d-0000-4000-8000-000000000002 0x8D1002 1 true 2 2")
		v.must("Logs_CL | where isempty(AccountName) | project Uri == '', ObjectKey == '', isnull(accountName), isnull(Bag), TimeGenerated == datetime(2026-03-10 12:00)", "true true true true true")
		v.must("Logs_CL | where CorrelationId == '0a0b0c0d-0000-4000-8000-000000000001' | project AccountName, TenantId, Type, _SubscriptionId, _IsBillable", "a "+testID+" Logs_CL 5 true")
		v.must("Logs_CL | where Etag == '0x8D1001' | count", "1")
		v.must("Logs_CL | where Etag == '0x8D1001 ' or CorrelationId == 'x' | count", "0")
		v.must("Logs_CL | where ObjectKey == '/a/c/b1' and Uri has 'b1' | summarize dcount(_ItemId)", "1")
		v.must("Logs_CL | distinct _ItemId | count", "3")
		if p, err := v.w.Position(t.Context(), "s"); p != 9 || err != nil {
			t.Errorf("position %d, %v", p, err)
		}
		rows, err := v.query(Request{Query: "Logs_CL | project AccountName", Resource: "/Subscriptions/5/resourceGroups/g/providers/p/A"})
		if err != nil || len(rows) != 1 || rows[0][0] != "a" {
			t.Errorf("of one resource: %v, %v", rows, err)
		}
		rows, err = v.query(Request{Query: "Logs_CL | project AccountName", Span: kql.TimeRange{To: at(noon), HasTo: true}})
		if err != nil || len(rows) != 1 || rows[0][0] != "b" {
			t.Errorf("of a span: %v, %v", rows, err)
		}
	}
	check()
	v.restart()
	check()
	v.clock.move(24 * time.Hour)
	v.maintain()
	tables, err := v.w.Tables(t.Context())
	if err != nil || len(tables) != 1 || tables[0].Rows != 3 || !tables[0].Days[0].Closed || tables[0].Stored == 0 {
		t.Fatalf("%+v, %v", tables, err)
	}
	check()
	v.restart()
	check()
}

func TestSourcesAreForgotten(t *testing.T) {
	v := start(t, nil)
	v.append(rows.Batch{Source: "s", Position: 3, Rows: logs(logRow(noon, "a", 1))})
	if err := v.w.Forget(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	v.append(rows.Batch{Source: "s", Position: 1, Rows: logs(logRow(noon, "a", 1))})
	v.must("Logs_CL | count", "2")
}

func TestTwoStoresOfOneFolder(t *testing.T) {
	v := start(t, nil)
	if s, err := Open(t.Context(), v.c); err == nil {
		t.Fatal(errors.Join(errors.New("a folder is open twice"), s.Close(t.Context())))
	}
}

// TestFewPositions writes some positions: a start counts them and rewrites nothing.
func TestFewPositions(t *testing.T) {
	v := start(t, nil)
	v.append(rows.Batch{Source: "other", Position: 7})
	for i := range 5 {
		v.append(rows.Batch{Source: "s", Position: uint64(i + 1)})
	}
	v.restart()
	v.maintain()
	if v.w.advanced != 4 {
		t.Errorf("%d positions are counted beyond those of two sources, want 4", v.w.advanced)
	}
}

// TestManyPositions writes more positions than are kept: the last stays.
func TestManyPositions(t *testing.T) {
	v := start(t, nil)
	v.append(rows.Batch{Source: "other", Position: 7})
	for i := range maxAdvanced + 1 {
		v.append(rows.Batch{Source: "s", Position: uint64(i + 1)})
	}
	count := func() (n int) {
		if err := v.w.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM "+v.w.schema+".positions").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != maxAdvanced+2 {
		t.Errorf("%d rows of positions", n)
	}
	v.maintain()
	for range 2 {
		p, err := v.w.Position(t.Context(), "s")
		o, err2 := v.w.Position(t.Context(), "other")
		if n := count(); n != 2 || p != maxAdvanced+1 || o != 7 || err != nil || err2 != nil {
			t.Errorf("%d rows of positions, s %d %v, other %d %v", n, p, err, o, err2)
		}
		v.restart()
	}
}
