//go:build cgo

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"reslog/analytics"
	"reslog/analytics/rows"
	"reslog/bench/report"
	"reslog/kql"
)

type bench struct {
	options
	store *analytics.Store
	w     *analytics.Workspace
	// correlation is the id of one row, in the middle.
	correlation string
}

// counter is a sink that counts.
type counter struct{ rows int }

func (c *counter) Table(string, []kql.Column, *kql.Render) error { return nil }
func (c *counter) Row([]any) error                               { c.rows++; return nil }

// ingest appends the rows, and tells the rate over the time that Append took: the
// rows are made between.
func (b *bench) ingest(ctx context.Context, g *generator) error {
	position, err := b.w.Position(ctx, "bench")
	if err != nil {
		return err
	}
	fmt.Printf("%d rows, in batches of %d, seed %d\n\n", b.rows, b.batch, b.seed)
	var stop atomic.Bool
	var wait sync.WaitGroup
	var asked []time.Duration
	var mu sync.Mutex
	var making sync.RWMutex // nobody queries while rows are made
	for range b.queries {
		wait.Go(func() {
			for !stop.Load() {
				making.RLock()
				start := time.Now()
				if _, err := b.w.Query(ctx, analytics.Request{Query: table + " | summarize count() by StatusText"}, &counter{}); err != nil {
					fmt.Println("query:", err)
				}
				mu.Lock()
				asked = append(asked, time.Since(start))
				mu.Unlock()
				making.RUnlock()
			}
		})
	}
	var busy, used time.Duration
	var each []time.Duration
	for done := 0; done < b.rows; {
		making.Lock()
		batches := b.make(g, &done, position)
		making.Unlock()
		start, before := time.Now(), report.CPU()
		for _, r := range batches {
			began := time.Now()
			if err := b.w.Append(ctx, r); err != nil {
				return err
			}
			each = append(each, time.Since(began))
		}
		// What goes on behind the batches is part of the work: this waits for it.
		if err := b.store.Maintain(ctx); err != nil {
			return err
		}
		busy += time.Since(start)
		used += report.CPU() - before
	}
	stop.Store(true)
	wait.Wait()
	if len(each) == 0 {
		fmt.Printf("the rows are there already\n\n")
		return nil
	}
	_, _, database := b.files()
	fmt.Printf("taken: %.0f rows/s with %d clients that query, %.0f times a second; a batch p50 %v, p99 %v, worst %v; their queries p50 %v, worst %v; database %.1f B a row; processor %.1f us a row, that of queries beside it included\n\n",
		float64(b.rows)/busy.Seconds(), b.queries, float64(len(asked))/busy.Seconds(), middle(each), quantile(each, 0.99), slices.Max(each), middle(asked), slices.Max(append(asked, 0)), float64(database)/float64(b.rows), float64(used.Microseconds())/float64(b.rows))
	return nil
}

// make makes some batches in advance, so that to make rows takes no time of what is
// measured.
func (b *bench) make(g *generator, done *int, position uint64) []rows.Batch {
	var out []rows.Batch
	for len(out) < ahead && *done < b.rows {
		r := g.batch(min(b.batch, b.rows-*done))
		*done += len(r.Values)
		if b.correlation == "" && *done > b.rows/2 {
			b.correlation = r.Values[0][slices.IndexFunc(columns, func(c kql.Column) bool { return c.Name == "CorrelationId" })].(string)
		}
		if uint64(*done) > position {
			out = append(out, rows.Batch{Source: "bench", Position: uint64(*done), Rows: []rows.Rows{r}})
		}
	}
	return out
}

// ahead is how many batches are made in advance.
const ahead = 50

// quantile is the time that a part of all are not above.
func quantile(d []time.Duration, q float64) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return s[min(len(s)-1, int(q*float64(len(s))))].Round(10 * time.Microsecond)
}

func middle(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(d))
	return s[len(s)/2].Round(10 * time.Microsecond)
}

// close closes the day.
func (b *bench) close(ctx context.Context) error {
	start, before := time.Now(), report.CPU()
	if err := b.store.Maintain(ctx); err != nil {
		return err
	}
	took := time.Since(start)
	files, size, _ := b.files()
	fmt.Printf("closed: %.1f B a row in %d files, after %v (%.0f rows/s, %.1f us of processor a row); what is random in a row is %.1f B\n\n",
		float64(size)/float64(b.rows), len(files), took.Round(time.Millisecond), float64(b.rows)/took.Seconds(), float64((report.CPU()-before).Microseconds())/float64(b.rows), randomBytes)
	return nil
}

// question is a query of the language, and of SQL over a relation with its
// columns.
type question struct {
	name, kql, sql string
	columns        string
}

func (b *bench) questions() []question {
	last := day.Add(22*time.Hour + 50*time.Minute)
	return []question{
		{"count by StatusText", "summarize count() by StatusText", "SELECT StatusText, count(*) FROM logs GROUP BY StatusText", "StatusText"},
		{
			"5-minute bins by OperationName", "summarize count(), avg(DurationMs) by bin(TimeGenerated, 5m), OperationName",
			"SELECT TimeGenerated - TimeGenerated % 3000000000, OperationName, count(*), avg(DurationMs) FROM logs GROUP BY ALL", "TimeGenerated, OperationName, DurationMs",
		},
		{"Uri contains_cs", `where Uri contains_cs "reports-77" | count`, "SELECT count(*) FROM logs WHERE contains(Uri, 'reports-77')", "Uri"},
		{"Uri contains", `where Uri contains "Reports-77" | count`, "SELECT count(*) FROM logs WHERE contains(lower(Uri), 'reports-77')", "Uri"},
		{"Uri has", `where Uri has "reports" | count`, `SELECT count(*) FROM logs WHERE contains(lower(Uri), 'reports') AND regexp_matches(lower(Uri), '(^|[^0-9a-z])reports([^0-9a-z]|$)')`, "Uri"},
		{
			"top 10 by DurationMs", "top 10 by DurationMs | project TimeGenerated, Uri, DurationMs, StatusCode",
			"SELECT TimeGenerated, Uri, DurationMs, StatusCode FROM logs ORDER BY DurationMs DESC LIMIT 10", "TimeGenerated, Uri, DurationMs, StatusCode",
		},
		{
			"percentiles by OperationName", "summarize percentiles(DurationMs, 50, 95, 99) by OperationName",
			"SELECT OperationName, quantile_disc(DurationMs, [0.5, 0.95, 0.99]) FROM logs GROUP BY OperationName", "OperationName, DurationMs",
		},
		{"one CorrelationId", fmt.Sprintf(`where CorrelationId == "%s"`, b.correlation), "", ""},
		{
			"last hour, status >= 400", fmt.Sprintf("where TimeGenerated >= datetime(%s) and toint(StatusCode) >= 400 | count", last.Format(time.RFC3339)),
			fmt.Sprintf("SELECT count(*) FROM logs WHERE TimeGenerated >= %d AND CAST(StatusCode AS INTEGER) >= 400", ticks(last)), "TimeGenerated, StatusCode",
		},
		{
			"top 10 Uri by bytes", "summarize b = sum(ResponseBodySize) by Uri | top 10 by b",
			"SELECT Uri, sum(ResponseBodySize) AS b FROM logs GROUP BY Uri ORDER BY b DESC LIMIT 10", "Uri, ResponseBodySize",
		},
	}
}

// timing is what a query took: the first time, and the middle of the others.
type timing struct {
	name               string
	first, median, cpu time.Duration
	rows               int
	err                error
}

func (b *bench) measure(ctx context.Context, times int) []timing {
	var out []timing
	for _, q := range b.questions() {
		t := timing{name: q.name}
		var each []time.Duration
		var used time.Duration
		for i := range times + 1 {
			var c counter
			start, before := time.Now(), report.CPU()
			if _, t.err = b.w.Query(ctx, request(q), &c); t.err != nil {
				break
			}
			if t.rows = c.rows; i == 0 {
				t.first = time.Since(start)
			} else {
				each = append(each, time.Since(start))
				used += report.CPU() - before
			}
		}
		t.median, t.cpu = middle(each), used/time.Duration(times)
		out = append(out, t)
	}
	return out
}

func (b *bench) report(title string, all []timing) {
	fmt.Printf("%s\n\n| query | median | first | processor | rows |\n|---|---|---|---|---|\n", title)
	for _, t := range all {
		if t.err != nil {
			fmt.Printf("| %s | %v | | | |\n", t.name, t.err)
			continue
		}
		fmt.Printf("| %s | %.1f ms | %.1f ms | %.0f ms | %d |\n", t.name, ms(t.median), ms(t.first), ms(t.cpu), t.rows)
	}
	fmt.Println()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
