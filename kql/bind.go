package kql

import (
	"context"
	"maps"
	"slices"
	"time"

	"reslog/kql/syntax"
)

// Options are what a query is bound with besides its text and the tables.
type Options struct {
	// Now is now() of the query; zero: the clock at the call.
	Now time.Time
	// Span holds for every table that has a time column, whatever the query says.
	Span TimeRange
	// Parameters are the values of `declare query_parameters`, as literals of the
	// language or, for strings, as plain text.
	Parameters map[string]string
	// Runner runs plans that decide about columns; nil: plugins that need one are
	// refused.
	Runner Runner
	// Workspace is what workspace("…") may name: the names and ids of the one that
	// the catalog is of.
	Workspace []string
	// MaxNodes bounds the plan and the work of binding; zero: 100,000. Functions
	// that call functions grow a query exponentially.
	MaxNodes int
}

const (
	// maxDepth bounds how deep functions call functions and expressions nest.
	maxDepth = 400
	// maxSource bounds the text of a query, in bytes.
	maxSource = 1 << 20
)

// Bind turns a query into a plan. It fails with an *Error, or with what the Runner
// or the context failed with.
func Bind(ctx context.Context, source string, catalog Catalog, o Options) (*Plan, error) {
	if len(source) > maxSource {
		b := binder{source: source[:maxSource]}
		return nil, b.fail(syntax.Span{}, "", "the query is longer than %d bytes", maxSource)
	}
	query, err := syntax.Parse(source)
	if err != nil {
		return nil, parseError(err)
	}
	return bindQuery(ctx, query, catalog, o)
}

func bindQuery(ctx context.Context, query *syntax.Query, catalog Catalog, o Options) (*Plan, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.MaxNodes == 0 {
		o.MaxNodes = 100_000
	}
	b := &binder{ctx: ctx, source: query.Source, catalog: catalog, o: o, functions: functions(), now: Ticks(o.Now), shared: map[sharing]rel{}}
	plan := &Plan{Now: b.now}
	if err := b.query(plan, query); err != nil {
		return nil, err
	}
	if err := b.bounded(plan); err != nil {
		return nil, err
	}
	for _, r := range plan.Results {
		narrow(r.Root)
	}
	return plan, nil
}

// binder is one run of Bind.
type binder struct {
	ctx       context.Context
	source    string
	catalog   Catalog
	o         Options
	functions *registry
	now       int64
	columns   int // ids given so far
	nodes     int // expressions and operators bound so far
	depth     int // of nested calls of bind functions
	render    *Render
	shared    map[sharing]rel // what materialize made
	probes    int             // plans run while binding
}

// newCol makes a column with an ID of its own.
func (b *binder) newCol(name string, t Type) Col {
	b.columns++
	return Col{ID: b.columns, Name: name, Type: t}
}

// enter counts a node and a level; the caller defers leave.
func (b *binder) enter(at syntax.Span) error {
	b.nodes++
	b.depth++
	if b.nodes > b.o.MaxNodes {
		return b.fail(at, "", "the query is too large: its functions expand to more than %d steps", b.o.MaxNodes)
	}
	if b.depth > maxDepth {
		return b.fail(at, "", "the query nests too deep")
	}
	return b.ctx.Err()
}

func (b *binder) leave() { b.depth-- }

// query binds the statements of a request.
func (b *binder) query(plan *Plan, q *syntax.Query) error {
	sc := scope{lets: newLets(nil)}
	for _, s := range q.Statements {
		x, ok := s.(*syntax.ExprStatement)
		if !ok {
			var err error
			if sc, err = b.statement(sc, s); err != nil {
				return err
			}
			continue
		}
		b.render = nil
		r, err := b.tabular(sc, x.Expr)
		if err != nil {
			return err
		}
		r = b.shown(r)
		plan.Results = append(plan.Results, Result{Root: r.Rel, Columns: r.Cols(), Render: b.render})
	}
	if len(plan.Results) == 0 {
		return b.fail(syntax.Span{Start: len(b.source), End: len(b.source)}, "KS503", "the query has no expression that gives rows")
	}
	// A let that is never used is bound all the same, so that its errors are told.
	for _, name := range slices.Sorted(maps.Keys(sc.lets.names)) {
		if err := b.checkLet(sc.lets.names[name]); err != nil {
			return err
		}
	}
	nameResults(plan.Results)
	return nil
}
