package analytics

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"reslog/analytics/engine"
	"reslog/kql"
	ksql "reslog/kql/sql"
	"reslog/kql/sql/duckdb"
)

// The limits of an answer: those of the real service.
const (
	maxRows  = 500_000
	maxBytes = 64_000_000
)

// Query runs a query and hands its results to sink, which gets nothing when the
// query fails. It waits for its turn, and ends when ctx does.
//
// An error is of package kql when the query cannot be run as it is, *Truncated or
// *Partial when there is an answer that lacks something, ErrBusy, ErrResources, or
// that of ctx or sink. All rows are of one moment: those of the batches that were
// stored by then.
func (w *Workspace) Query(ctx context.Context, r Request, sink Sink) (Stats, error) {
	var stats Stats
	start := time.Now()
	if err := w.store.gate.enter(ctx); err != nil {
		return stats, err
	}
	defer w.store.gate.leave()
	if err := w.store.turns.wait(ctx); err != nil {
		return stats, err
	}
	stats.Waited = time.Since(start)
	start = time.Now()
	defer func() { w.store.turns.ran(time.Since(start)) }()
	var missing []Missing
	keep := true
	for try := 0; ; try++ {
		q, within, err := w.snapshot(ctx, r, keep)
		if err == nil {
			err = q.run(within, sink, &stats)
		}
		age, found := q.age, 0
		if errors.Is(err, errHeads) {
			q.end()
			keep = false
			continue
		}
		if err != nil && !q.told && ctx.Err() == nil && !isFinal(err) {
			found = q.inspect()
		}
		missing = q.missing()
		q.end()
		stats.Elapsed = time.Since(start)
		var cut *Truncated
		switch {
		case err == nil, errors.As(err, &cut):
		case q.told || try > 2:
			return stats, err
		case found > 0, w.store.broken(ctx, age, err):
			continue
		default:
			return stats, err
		}
		if len(missing) > 0 {
			return stats, errors.Join(&Partial{Missing: missing}, err)
		}
		return stats, err
	}
}

// isFinal reports whether an error has nothing to do with files.
func isFinal(err error) bool {
	var k *kql.Error
	return errors.As(err, &k) || errors.Is(err, engine.ErrMemory) || errors.Is(err, ErrClosed)
}

// Explain returns the SQL that a query is run as, one text a result.
func (w *Workspace) Explain(ctx context.Context, r Request) ([]string, error) {
	q, ctx, err := w.snapshot(ctx, r, false)
	defer q.end()
	if err != nil {
		return nil, err
	}
	plan, err := q.bind(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range plan.Results {
		st, err := q.print(plan, i, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, st.SQL)
	}
	return out, nil
}

// query is a query that runs: a moment of the workspaces that it reads.
type query struct {
	r          Request
	age        int
	keep       bool // the engine keeps the heads of its files
	done       func()
	pool       *sql.DB
	conn       *sql.Conn
	workspaces []reading
	demands    map[*kql.Scan][]demand
	measure    *measure // nil: nothing is measured
	scanned    map[*part]bool
	tables     map[string]bool
	lost       map[*part]Missing
	told       bool // the sink has something
}

// reading is a workspace as a query sees it.
type reading struct {
	w      *Workspace
	tables map[string]view
}

// view is a table at the moment of a query.
type view struct {
	kql.Table
	columns []column
	parts   []*part
}

// snapshot begins a query: a transaction, and the parts that it sees. The caller
// ends it, also with an error, and runs it within the context, which ends with the
// engine.
func (w *Workspace) snapshot(ctx context.Context, r Request, keep bool) (q *query, within context.Context, err error) {
	r.MaxRows = cmp.Or(min(max(r.MaxRows, 0), maxRows), maxRows)
	r.MaxBytes = cmp.Or(min(max(r.MaxBytes, 0), maxBytes), maxBytes)
	q = &query{r: r, keep: keep, scanned: make(map[*part]bool), tables: make(map[string]bool), lost: make(map[*part]Missing), done: func() {}}
	all := []*Workspace{w}
	for _, o := range r.Workspaces {
		if o.store != w.store {
			return q, ctx, fmt.Errorf("query workspace %s: workspace %s is of another store", w.id, o.id)
		}
		if !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	if len(all) > maxWorkspaces {
		return q, ctx, fmt.Errorf("query workspace %s: %d workspaces are named and %d may be", w.id, len(all), maxWorkspaces)
	}
	db, age, done, err := w.store.use()
	if err != nil {
		return q, ctx, err
	}
	within, left := w.store.within(ctx)
	q.age, q.done, q.pool = age, func() { left(); done() }, db.SQL()
	pool := db.SQL()
	if keep {
		pool = db.Keeping()
	}
	if q.conn, err = pool.Conn(within); err != nil {
		return q, within, engine.Translate(within, err)
	}
	if _, err = q.conn.ExecContext(within, "BEGIN TRANSACTION READ ONLY"); err != nil {
		return q, within, engine.Translate(within, err)
	}
	// In the order of ids, so that two who take several do not wait for each other.
	ordered := slices.SortedFunc(slices.Values(all), func(a, b *Workspace) int { return strings.Compare(a.id, b.id) })
	views := make(map[*Workspace]reading)
	for _, o := range ordered {
		v, err := o.read(within, q.conn)
		if err != nil {
			return q, within, err
		}
		views[o] = v
		q.workspaces = append(q.workspaces, v)
	}
	// The first is the one that is asked.
	for i, o := range all {
		q.workspaces[i] = views[o]
	}
	return q, within, nil
}

// read begins the transaction of conn in the workspace's database, and lists what
// it sees.
func (w *Workspace) read(ctx context.Context, conn *sql.Conn) (reading, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.failed != nil {
		return reading{}, w.failed
	}
	// The transaction begins in a database when it is first asked.
	visible := make(map[int64]bool)
	rows, err := conn.QueryContext(ctx, "SELECT id FROM "+w.schema+".parts")
	if err != nil {
		return reading{}, engine.Translate(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return reading{}, engine.Translate(ctx, err)
		}
		visible[id] = true
	}
	if err := rows.Err(); err != nil {
		return reading{}, engine.Translate(ctx, err)
	}
	out := reading{w, make(map[string]view, len(w.tables))}
	for name, t := range w.tables {
		known, _ := w.store.c.Known(name)
		v := view{Table: t.schema(known), columns: t.columns}
		for _, p := range t.parts {
			if visible[p.id] {
				v.parts = append(v.parts, p.seen())
			}
		}
		out.tables[name] = v
	}
	return out, nil
}

// end gives back what the query holds.
func (q *query) end() {
	seen := make(map[*Workspace]bool)
	for _, r := range q.workspaces {
		if seen[r.w] {
			continue
		}
		seen[r.w] = true
		for _, v := range r.tables {
			for _, p := range v.parts {
				if p.state == filed {
					p.refs.release()
				}
			}
		}
	}
	if q.conn != nil {
		// A connection that cannot be rolled back is closed by the pool.
		_, _ = q.conn.ExecContext(context.Background(), "ROLLBACK")
		_ = q.conn.Close()
	}
	q.done()
}

// bind makes a plan of the text.
func (q *query) bind(ctx context.Context) (*kql.Plan, error) {
	w := q.workspaces[0].w
	plan, err := kql.Bind(ctx, q.r.Query, catalog{q}, kql.Options{
		Now: w.store.c.Now(), Span: q.r.Span, Parameters: q.r.Parameters, Workspace: []string{w.id},
		Runner: func(ctx context.Context, plan *kql.Plan, limit int) ([][]any, error) {
			q.demands = findDemands(plan)
			st, err := q.print(plan, 0, limit)
			if err != nil {
				return nil, err
			}
			var rows [][]any
			err = engine.QueryOn(ctx, q.conn, st, func(values []any) error {
				rows = append(rows, slices.Clone(values))
				return nil
			})
			return rows, err
		},
	})
	if err == nil {
		q.demands = findDemands(plan)
	}
	return plan, err
}

func (q *query) print(plan *kql.Plan, i, limit int) (ksql.Statement, error) {
	return ksql.Print(plan, i, duckdb.Dialect{}, ksql.Options{Scan: q.scan, Limit: limit})
}

// run runs the query into sink.
func (q *query) run(ctx context.Context, sink Sink, stats *Stats) error {
	start := time.Now()
	*stats = Stats{Waited: stats.Waited, Range: q.r.Span}
	if q.r.Measure {
		q.measure = measured(ctx, q.pool)
	}
	defer func() {
		if q.measure != nil {
			q.measure.end(stats)
		}
		for p := range q.scanned {
			stats.ScannedRows += p.rows
			stats.ScannedBytes += int64(p.bytes)
		}
		stats.Days = len(q.days())
		stats.Tables = slices.Sorted(maps.Keys(q.tables))
	}()
	plan, err := q.bind(ctx)
	if err != nil {
		return err
	}
	statements := make([]ksql.Statement, len(plan.Results))
	for i := range plan.Results {
		// One more tells that there are more.
		if statements[i], err = q.print(plan, i, q.r.MaxRows+1); err != nil {
			return err
		}
	}
	stats.Compile = time.Since(start)
	for i, st := range statements {
		res := plan.Results[i]
		begun := false
		open := func() error {
			if begun {
				return nil
			}
			begun, q.told = true, true
			if q.measure != nil {
				q.measure.look(ctx) // all of the result is there, and nothing of it is read yet
			}
			return sink.Table(res.Name, st.Columns, res.Render)
		}
		err := engine.QueryOn(ctx, q.conn, st, func(values []any) error {
			if err := open(); err != nil {
				return err
			}
			if stats.Rows >= int64(q.r.MaxRows) {
				return &Truncated{"rows", int64(q.r.MaxRows)}
			}
			if stats.Bytes += size(values); stats.Bytes > q.r.MaxBytes {
				return &Truncated{"bytes", q.r.MaxBytes}
			}
			stats.Rows++
			return sink.Row(values)
		})
		if err == nil {
			err = open()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *query) days() map[int]bool {
	out := make(map[int]bool)
	for p := range q.scanned {
		out[p.day] = true
	}
	return out
}

// size is that of a row as text, about.
func size(values []any) int64 {
	n := int64(0)
	for _, v := range values {
		if s, ok := v.(string); ok {
			n += int64(len(s)) + 2
		} else {
			n += 8
		}
	}
	return n
}

// inspect looks at the files that a query which failed has read, marks those that
// are damaged, and returns how many there are: without them the query may work.
func (q *query) inspect() int {
	found := 0
	for _, r := range q.workspaces {
		for name, v := range r.tables {
			for _, p := range v.parts {
				if !q.scanned[p] || p.state != filed {
					continue
				}
				path := r.w.path(p)
				sum, _, err := sumOf(path)
				if err == nil && sum != p.sum {
					err = errors.New("its contents have changed since they were written")
				}
				if err == nil {
					continue
				}
				found++
				p.broken.Store(&damage{err})
				r.w.store.c.Logger.Error("the file of a day cannot be read and is left out: put a copy back and start again", "workspace", r.w.id, "table", name, "day", dayTime(p.day).Format(time.DateOnly), "file", path, "error", err)
			}
		}
	}
	return found
}

// missing are the days that the query was answered without.
func (q *query) missing() []Missing {
	out := slices.Collect(maps.Values(q.lost))
	slices.SortFunc(out, func(a, b Missing) int {
		return cmp.Or(strings.Compare(a.Workspace, b.Workspace), strings.Compare(a.Table, b.Table), a.Day.Compare(b.Day), strings.Compare(a.File, b.File))
	})
	return out
}
