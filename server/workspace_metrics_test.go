package server

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"reslog/analytics"
	"reslog/control/query"
)

// gathered are the values of a metric by the values of its labels.
func gathered(t *testing.T, r prometheus.Gatherer, name string) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]float64)
	for _, f := range families {
		if f.GetName() != "reslog_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			// Of these three it has one.
			out[strings.Join(labels, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

func newTestMetrics() (*workspaceMetrics, *prometheus.Registry) {
	m := newWorkspaceMetrics()
	m.named = func(id string) string { return "name of " + id }
	r := prometheus.NewRegistry()
	r.MustRegister(m.collectors()...)
	return m, r
}

func stored(workspace, table string, rows int64) analytics.Stored {
	return analytics.Stored{
		Workspace: workspace, Outcome: analytics.OutcomeStored, Rows: rows, Elapsed: time.Millisecond,
		Tables: []analytics.StoredRows{{Table: table, Rows: rows, Bytes: float64(10 * rows)}},
	}
}

func TestWorkspaceMetrics(t *testing.T) {
	m, r := newTestMetrics()
	m.Stored(stored("w", "A_CL", 2))
	m.Stored(stored("w", "A_CL", 3))
	m.Stored(analytics.Stored{Workspace: "w", Outcome: analytics.OutcomeRefused, Rows: 4})
	m.Stored(analytics.Stored{Workspace: "w", Outcome: analytics.OutcomeKnown, Rows: 5})
	m.Expired(analytics.Expired{Workspace: "w", Rows: 6})
	m.Expired(analytics.Expired{Workspace: "w", Err: errors.New("no")})
	m.Closed(analytics.Closed{Workspace: "w", Table: "A_CL", Err: errors.New("no")})
	m.query(query.Observation{Result: query.ResultOK, Elapsed: time.Second, Rows: 7})
	m.query(query.Observation{Result: query.ResultLimited})
	check := func(name, labels string, want float64) {
		t.Helper()
		if got, ok := gathered(t, r, name)[labels]; !ok || got != want {
			t.Errorf("%s of %q is %v, want %v", name, labels, gathered(t, r, name), want)
		}
	}
	check("workspace_stored_rows_total", "A_CL name of w w", 5)
	check("workspace_stored_bytes_total", "A_CL name of w w", 50)
	check("workspace_unstored_rows_total", "refused name of w w", 4)
	check("workspace_batches_total", "stored", 2)
	check("workspace_batches_total", "known", 1)
	check("workspace_batches_total", "failed", 0)
	check("workspace_batch_seconds", "", 2)
	check("workspace_retention_runs_total", "ok name of w w", 1)
	check("workspace_retention_runs_total", "failed name of w w", 1)
	check("workspace_expired_rows_total", "name of w w", 6)
	check("workspace_closings_total", "failed name of w w", 1)
	if at := gathered(t, r, "workspace_last_closing_timestamp_seconds"); len(at) != 0 {
		t.Errorf("what was not closed was closed at %v", at)
	}
	check("queries_total", "ok", 1)
	check("queries_total", "limited", 1)
	check("queries_total", "timeout", 0)
	check("query_seconds", "", 1)
	check("query_rows_total", "", 7)
}

// TestWorkspaceSeriesAreBounded: tables beyond the bound are counted together, and
// make room for others when they are gone.
func TestWorkspaceSeriesAreBounded(t *testing.T) {
	m, r := newTestMetrics()
	for i := range 2 * maxSeries {
		m.Stored(stored("w", fmt.Sprintf("T%d_CL", i), 1))
	}
	got := gathered(t, r, "workspace_stored_rows_total")
	if len(got) != maxSeries+1 || got["other other "] != maxSeries {
		t.Errorf("%d series, and %v of others", len(got), got["other other "])
	}
	m.Expired(analytics.Expired{Workspace: "late"})
	if got := gathered(t, r, "workspace_retention_runs_total"); got["ok other "] != 1 {
		t.Errorf("a workspace beyond the bound is %v", got)
	}
	m.forget(seriesKey{"w", "T0_CL"})
	m.Stored(stored("w", "new_CL", 1))
	got = gathered(t, r, "workspace_stored_rows_total")
	if _, ok := got["T0_CL name of w w"]; ok || got["new_CL name of w w"] != 1 || len(got) != maxSeries+1 {
		t.Errorf("%d series after a table went and another came", len(got))
	}
}
