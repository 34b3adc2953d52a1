package server

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"reslog/analytics"
	"reslog/control/query"
)

// workspaceMetrics count what workspaces take, close and drop, and the queries of
// them. What is only looked at is collected at the time of a scrape, see
// collectWorkspaces.
type workspaceMetrics struct {
	// named is the name of a workspace by its customer ID. It is set before anything is
	// counted.
	named func(customerID string) string

	storedRows, storedBytes *prometheus.CounterVec
	unstored                *prometheus.CounterVec
	batches                 *prometheus.CounterVec
	batchSeconds            prometheus.Histogram
	closings                *prometheus.CounterVec
	closing                 *prometheus.GaugeVec
	retentions, expired     *prometheus.CounterVec
	queries                 *prometheus.CounterVec
	queryRows               prometheus.Counter
	querySeconds            prometheus.Histogram

	mu     sync.Mutex
	series map[seriesKey]seriesLabels
}

// maxSeries bounds the workspaces and tables that have series of their own. What is
// beyond is counted together, as the workspace and table "other".
const maxSeries = 1000

// seriesKey is a table of a workspace, or with an empty table the workspace.
type seriesKey struct{ workspace, table string }

// seriesLabels are workspace, workspace_id and, of tables, table.
type seriesLabels [3]string

func (l seriesLabels) workspace() []string { return l[:2:2] }

func (l seriesLabels) table() []string { return l[:] }

const otherSeries = "other"

var _ analytics.Observer = (*workspaceMetrics)(nil)

func newWorkspaceMetrics() *workspaceMetrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reslog_" + name, Help: help}, labels)
	}
	seconds := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "reslog_" + name, Help: help, Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600},
		})
	}
	m := &workspaceMetrics{
		storedRows:  vec("workspace_stored_rows_total", "Rows that tables took.", tableLabels()...),
		storedBytes: vec("workspace_stored_bytes_total", "Size of the rows that tables took, as it is billed.", tableLabels()...),
		unstored: vec("workspace_unstored_rows_total", "Rows of batches that were not stored: refused ones never can be, failed ones are mostly tried again.",
			append(workspaceLabels(), "outcome")...),
		batches:      vec("workspace_batches_total", "Batches of rows by outcome; known ones had been stored before.", "outcome"),
		batchSeconds: seconds("workspace_batch_seconds", "Time from handing over a batch to its being on disk, with what it waited for others."),
		closings:     vec("workspace_closings_total", "Days of tables that were written into files, by result.", append(workspaceLabels(), "result")...),
		closing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "reslog_workspace_last_closing_timestamp_seconds", Help: "When a day of a table was last written into a file.",
		}, workspaceLabels()),
		retentions:   vec("workspace_retention_runs_total", "Times that retention was enforced, by result.", append(workspaceLabels(), "result")...),
		expired:      vec("workspace_expired_rows_total", "Rows that were dropped because their retention had ended.", workspaceLabels()...),
		queries:      vec("queries_total", "Queries of workspaces by result.", "result"),
		queryRows:    prometheus.NewCounter(prometheus.CounterOpts{Name: "reslog_query_rows_total", Help: "Rows that queries answered."}),
		querySeconds: seconds("query_seconds", "Time from a query to the end of its answer, with what it waited for others."),
		series:       make(map[seriesKey]seriesLabels),
	}
	// What is rare is there from the start: a rate of it can be told.
	for _, r := range query.Results() {
		m.queries.WithLabelValues(string(r))
	}
	for _, o := range []analytics.Outcome{analytics.OutcomeStored, analytics.OutcomeKnown, analytics.OutcomeRefused, analytics.OutcomeFailed} {
		m.batches.WithLabelValues(string(o))
	}
	return m
}

func workspaceLabels() []string { return []string{"workspace", "workspace_id"} }

func tableLabels() []string { return append(workspaceLabels(), "table") }

// vector is a metric with labels.
type vector interface {
	prometheus.Collector
	DeletePartialMatch(labels prometheus.Labels) int
}

// vectors are the metrics with workspaces in their labels.
func (m *workspaceMetrics) vectors() []vector {
	return []vector{m.storedRows, m.storedBytes, m.unstored, m.closings, m.closing, m.retentions, m.expired}
}

// collectors are all of them.
func (m *workspaceMetrics) collectors() []prometheus.Collector {
	list := []prometheus.Collector{m.batches, m.batchSeconds, m.queries, m.queryRows, m.querySeconds}
	for _, v := range m.vectors() {
		list = append(list, v)
	}
	return list
}

// labels are those of a table, or of a workspace: once it has some they stay the
// same until it is forgotten.
func (m *workspaceMetrics) labels(workspace, table string) seriesLabels {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := seriesKey{workspace, table}
	if l, ok := m.series[key]; ok {
		return l
	}
	if len(m.series) >= maxSeries {
		if table != "" {
			table = otherSeries
		}
		return seriesLabels{otherSeries, "", table}
	}
	l := seriesLabels{m.named(workspace), workspace, table}
	if l[0] == "" {
		l[0] = workspace // it is being deleted
	}
	m.series[key] = l
	return l
}

// known are the tables and workspaces that have series.
func (m *workspaceMetrics) known() []seriesKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]seriesKey, 0, len(m.series))
	for k := range m.series {
		out = append(out, k)
	}
	return out
}

// forget ends the series of a table or a workspace that is gone.
func (m *workspaceMetrics) forget(k seriesKey) {
	m.mu.Lock()
	l := m.series[k]
	delete(m.series, k)
	m.mu.Unlock()
	gone := prometheus.Labels{"workspace": l[0], "workspace_id": l[1]}
	if k.table != "" {
		gone["table"] = l[2]
		m.storedRows.DeletePartialMatch(gone)
		m.storedBytes.DeletePartialMatch(gone)
		return
	}
	for _, v := range m.vectors() {
		v.DeletePartialMatch(gone)
	}
}

// Stored implements analytics.Observer.
func (m *workspaceMetrics) Stored(s analytics.Stored) {
	m.batches.WithLabelValues(string(s.Outcome)).Inc()
	if s.Outcome == analytics.OutcomeRefused || s.Outcome == analytics.OutcomeFailed {
		l := m.labels(s.Workspace, "").workspace()
		m.unstored.WithLabelValues(append(l, string(s.Outcome))...).Add(float64(s.Rows))
		return
	}
	if s.Outcome == analytics.OutcomeStored {
		m.batchSeconds.Observe(s.Elapsed.Seconds())
	}
	for _, t := range s.Tables {
		l := m.labels(s.Workspace, t.Table).table()
		m.storedRows.WithLabelValues(l...).Add(float64(t.Rows))
		m.storedBytes.WithLabelValues(l...).Add(t.Bytes)
	}
}

// Expired implements analytics.Observer.
func (m *workspaceMetrics) Expired(e analytics.Expired) {
	l := m.labels(e.Workspace, "").workspace()
	m.retentions.WithLabelValues(append(l, resultOf(e.Err))...).Inc()
	m.expired.WithLabelValues(l...).Add(float64(e.Rows))
}

// Closed implements analytics.Observer.
func (m *workspaceMetrics) Closed(c analytics.Closed) {
	l := m.labels(c.Workspace, "").workspace()
	m.closings.WithLabelValues(append(l, resultOf(c.Err))...).Inc()
	if c.Err == nil {
		m.closing.WithLabelValues(l...).Set(unixSeconds(time.Now()))
	}
}

func resultOf(err error) string {
	if err != nil {
		return "failed"
	}
	return "ok"
}

// query is the observer of the query API.
func (m *workspaceMetrics) query(o query.Observation) {
	m.queries.WithLabelValues(string(o.Result)).Inc()
	if o.Result != query.ResultLimited {
		m.querySeconds.Observe(o.Elapsed.Seconds())
	}
	m.queryRows.Add(float64(o.Rows))
}
