//go:build cgo

package analytics

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestAnswersAreCut(t *testing.T) {
	v := threeDays(t)
	rows, err := v.query(Request{Query: "Logs_CL | project N", MaxRows: 7})
	var cut *Truncated
	if !errors.As(err, &cut) || cut.Limit != "rows" || cut.Max != 7 || len(rows) != 7 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if rows, err := v.query(Request{Query: "Logs_CL | take 7", MaxRows: 7}); err != nil || len(rows) != 7 {
		t.Errorf("as many rows as may be: %d, %v", len(rows), err)
	}
	rows, err = v.query(Request{Query: "Logs_CL | project strcat('0123456789', AccountName)", MaxBytes: 1000})
	if !errors.As(err, &cut) || cut.Limit != "bytes" || len(rows) < 30 || len(rows) > 66 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestErrorsOfASinkEndAQuery(t *testing.T) {
	v := threeDays(t)
	stop := errors.New("enough")
	if _, err := v.w.Query(t.Context(), Request{Query: "Logs_CL"}, failing{stop}); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (failing) Table(string, []kql.Column, *kql.Render) error { return nil }
func (f failing) Row([]any) error                             { return f.err }

// big is a query that works for long.
const big = "range a from 1 to 100000000 step 1 | extend b = a % 7919, c = a % 7907 | summarize count() by b, c | count"

func TestTimeEndsAQuery(t *testing.T) {
	v := start(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := v.w.Query(ctx, Request{Query: big}, &results{})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Minute {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	v.must("print 1", "1")
}

func TestTooManyQueries(t *testing.T) {
	v := start(t, func(c *Config) { c.Queries, c.Waiting = 1, 1 })
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			if _, err := v.w.Query(ctx, Request{Query: big}, &results{}); !errors.Is(err, context.Canceled) {
				t.Errorf("a query that was ended: %v", err)
			}
		})
	}
	for len(v.s.gate.all) < 2 {
		time.Sleep(time.Millisecond)
	}
	if _, err := v.w.Query(t.Context(), Request{Query: "print 1"}, &results{}); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	cancel()
	wait.Wait()
	v.must("print 1", "1")
}

// TestAGreedyQuery runs one that needs more memory than there is: it fails, and
// what runs beside it does not.
func TestAGreedyQuery(t *testing.T) {
	v := start(t, func(c *Config) { c.Memory, c.Temp = 96<<20, 32<<20 })
	v.append(rows.Batch{Rows: logs(logRow(noon, "a", 1))})
	var stop atomic.Bool
	var wait sync.WaitGroup
	appended := 0
	wait.Go(func() {
		for i := 1; !stop.Load(); i++ {
			if err := v.w.Append(t.Context(), rows.Batch{Source: "s", Position: uint64(i), Rows: logs(logRow(noon, "b", i))}); err != nil {
				t.Errorf("append beside it: %v", err)
			}
			appended++
		}
	})
	for range 3 {
		_, err := v.query(Request{Query: "range a from 1 to 30000000 step 1 | summarize count() by strcat('a long text of some thirty bytes', tostring(a)) | count"})
		if !errors.Is(err, ErrResources) {
			t.Errorf("a greedy query: %v", err)
		}
		v.must("Logs_CL | where AccountName == 'a' | count", "1")
	}
	stop.Store(true)
	wait.Wait()
	v.must("Logs_CL | where AccountName == 'b' | count", itoa(appended))
}

// TestQueriesSeeWholeBatches queries while batches are appended and days closed.
func TestQueriesSeeWholeBatches(t *testing.T) {
	v := start(t, nil)
	var stop atomic.Bool
	var wait sync.WaitGroup
	var batches atomic.Int64
	wait.Go(func() {
		defer stop.Store(true)
		for i := range 40 {
			var b rows.Batch
			for k := range 10 {
				r := logs(logRow(noon.Add(-time.Duration(k%3*24)*time.Hour), "a", i))
				r[0].Table = []string{"A_CL", "B_CL"}[k%2]
				b.Rows = append(b.Rows, r...)
			}
			if err := v.w.Append(t.Context(), b); err != nil {
				t.Error(err)
			}
			batches.Add(1)
		}
	})
	wait.Go(func() {
		for !stop.Load() {
			if err := v.s.Maintain(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wait.Go(func() {
			last := int64(0)
			for !stop.Load() {
				if batches.Load() == 0 {
					time.Sleep(time.Millisecond)
					continue
				}
				least := batches.Load() * 10
				var out results
				if _, err := v.w.Query(t.Context(), Request{Query: "union A_CL, B_CL | summarize n = count(), d = dcount(_ItemId)"}, &out); err != nil {
					t.Error(err)
					return
				}
				n := out.rows[0][0][0].(int64)
				if n%10 != 0 || n < least || n < last {
					t.Errorf("%d rows after %d and %d", n, least, last)
				}
				last = n
			}
		})
	}
	wait.Wait()
	v.must("union A_CL, B_CL | count", "400")
}

func TestSeveralWorkspaces(t *testing.T) {
	v := start(t, nil)
	const otherID = "0a1b2c3d-0000-4000-8000-00000000000b"
	other, err := v.s.Workspace(t.Context(), otherID)
	if err != nil {
		t.Fatal(err)
	}
	v.append(rows.Batch{Rows: logs(logRow(noon, "a", 1))})
	extra := rows.Rows{Table: "Logs_CL", Columns: []kql.Column{{Name: "AccountName", Type: kql.String}, {Name: "Only", Type: kql.Long}}, Values: [][]any{{"b", int64(7)}}}
	if err := other.Append(t.Context(), rows.Batch{Rows: []rows.Rows{extra}}); err != nil {
		t.Fatal(err)
	}
	got, err := v.query(Request{Query: "Logs_CL | sort by AccountName asc | project AccountName, TenantId, N, Only", Workspaces: []*Workspace{other, v.w}})
	if want := fmt.Sprint([][]any{{"a", testID, int64(1), nil}, {"b", otherID, nil, int64(7)}}); err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v\nwant %s", got, err, want)
	}
	v.must("Logs_CL | count", "1")
	if err := v.s.Remove(t.Context(), otherID); err != nil {
		t.Fatal(err)
	}
	if err := other.Append(t.Context(), rows.Batch{Rows: logs(logRow(noon, "a", 1))}); !errors.Is(err, ErrClosed) {
		t.Errorf("append to a workspace that is removed: %v", err)
	}
	if other, err = v.s.Workspace(t.Context(), otherID); err != nil {
		t.Fatal(err)
	}
	if tables, err := other.Tables(t.Context()); err != nil || len(tables) != 0 {
		t.Errorf("a workspace that was removed has %v, %v", tables, err)
	}
}

func TestKnownTables(t *testing.T) {
	known := kql.Table{Name: "StorageBlobLogs", Columns: []kql.Column{{Name: "StatusCode", Type: kql.String}, {Name: "DurationMs", Type: kql.Real}, {Name: "_ItemId", Type: kql.String}}}
	v := start(t, func(c *Config) {
		c.Known = func(name string) (kql.Table, bool) { return known, name == known.Name }
	})
	v.must("StorageBlobLogs | where DurationMs > 1 and StatusCode == '200' | count", "0")
	v.append(rows.Batch{Rows: []rows.Rows{{Table: "StorageBlobLogs", Columns: []kql.Column{{Name: "DurationMs", Type: kql.Long}, {Name: "More", Type: kql.String}}, Values: [][]any{{int64(3), "x"}}}}})
	v.must("StorageBlobLogs | project DurationMs + 0.5, StatusCode == '', More", "3.5 true x")
	err := v.w.Append(t.Context(), rows.Batch{Rows: []rows.Rows{{Table: "StorageBlobLogs", Columns: []kql.Column{{Name: "StatusCode", Type: kql.Long}}, Values: [][]any{{int64(3)}}}}})
	if err == nil || !strings.Contains(err.Error(), "column StatusCode of table StorageBlobLogs is a string") {
		t.Errorf("a column of another type: %v", err)
	}
}

func TestWhatCannotBeStored(t *testing.T) {
	v := start(t, nil)
	long := []kql.Column{{Name: "X", Type: kql.Long}}
	for _, c := range []struct {
		r    rows.Rows
		want string
	}{
		{rows.Rows{Table: "a b", Columns: long, Values: [][]any{{int64(1)}}}, "table name"},
		{rows.Rows{Table: "T", Columns: []kql.Column{{Name: `x"y`, Type: kql.Long}}, Values: [][]any{{int64(1)}}}, "column name"},
		{rows.Rows{Table: "T", Columns: long, Values: [][]any{{}}}, "0 values"},
		{rows.Rows{Table: "T", Columns: long, Values: [][]any{{"text"}}}, "is a string and should be a long"},
		{rows.Rows{Table: "T", Columns: []kql.Column{{Name: "I", Type: kql.Int}}, Values: [][]any{{int64(1) << 40}}}, "should be a int"},
		{rows.Rows{Table: "T", Columns: append(long, long...), Values: [][]any{{int64(1), int64(1)}}}, "two columns"},
	} {
		if err := v.w.Append(t.Context(), rows.Batch{Source: "s", Position: 1, Rows: []rows.Rows{c.r}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.r, err)
		}
	}
	if p, err := v.w.Position(t.Context(), "s"); p != 0 || err != nil {
		t.Errorf("position %d, %v", p, err)
	}
	v.append(rows.Batch{Rows: []rows.Rows{{Table: "T", Columns: []kql.Column{{Name: "S", Type: kql.String}}, Values: [][]any{{"bad \xff utf-8, and a text that is longer than twelve"}, {strings.Repeat("long", 1<<19)}}}}})
	v.must("T | where S startswith 'bad' | project S", "bad \uFFFD utf-8, and a text that is longer than twelve")
	v.must("T | project n = strlen(S) | sort by n desc | take 1", itoa(4<<19))
}

// TestTimesAreKept: the rule of ingestion about old times is that of package rows.
func TestTimesAreKept(t *testing.T) {
	v := start(t, nil)
	for _, d := range []time.Duration{-49 * time.Hour, -47 * time.Hour, 23 * time.Hour, 25 * time.Hour} {
		v.append(rows.Batch{Rows: logs(logRow(noon.Add(d), "a", int(d.Hours())))})
	}
	v.must("Logs_CL | sort by N asc | project N, (TimeGenerated - datetime(2026-03-10 12:00)) / 1h, _TimeReceived == datetime(2026-03-10 12:00)", "-49 -49 true", "-47 -47 true", "23 23 true", "25 25 true")
}

// TestQuestionMark: a folder with a question mark is refused for what it is.
func TestQuestionMark(t *testing.T) {
	v := start(t, nil)
	c := v.c
	c.Folder = filepath.Join(t.TempDir(), "a?b")
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Workspace(t.Context(), testID); err == nil || !strings.Contains(err.Error(), "question mark in it: use another folder") {
		t.Errorf("the error is %v", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
