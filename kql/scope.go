package kql

import (
	"maps"
	"slices"

	"reslog/kql/syntax"
)

// scope is what names mean where an expression stands. It is passed by value:
// row makes one with columns, and a subquery starts again from the lets alone.
type scope struct {
	lets *lets
	// row is the relation that the expression is computed over; nil outside of one.
	row *row
	// left, right are $left and $right of a join's condition.
	left, right []Col
}

// row is the columns in reach and what an expression over them may ask of the
// operator around it.
type row struct {
	in rel
	// aggs collects aggregates; nil: they are refused here.
	aggs *aggregation
	// windows are the window functions met, by level: those of level 1 look at
	// columns of level 0. noWindow refuses them where an operator cannot have them.
	windows  [][]windowCol
	levels   map[int]int // column ID: level
	noWindow bool
	// omit are columns that `*` leaves out: the keys of a summarize.
	omit map[int]bool
}

type windowCol struct {
	col Col
	x   *WindowCall
}

// lets are the names that let statements and parameters define, chained from the
// inside out. The names of one level are one map; who holds a *lets sees the first
// n of them, which is how a let sees those before it and no others.
type lets struct {
	outer *lets
	names map[string]*let
	n     int
}

// let is one of them. Which kind it is shows when it is used.
type let struct {
	name  syntax.Name
	index int
	in    *lets       // the names that its value sees
	value syntax.Expr // nil for a parameter
	// scalar is the value of a scalar, once it is known; all uses share it.
	scalar Expr
	// table makes the relation of a tabular parameter or of `as`, afresh for each
	// use.
	table func() (rel, error)
	used  bool
	// known says that tabular does: whether it is, or gives, a relation.
	known, tabular bool
	// checked: its body was bound with the declared columns alone.
	checked bool
}

func newLets(outer *lets) *lets { return &lets{outer: outer, names: map[string]*let{}} }

// with adds a name; it reports false when the level has it already.
func (l *lets) with(name *let) (*lets, bool) {
	if _, ok := l.names[name.name.Text]; ok {
		return l, false
	}
	name.index = l.n
	l.names[name.name.Text] = name
	return &lets{outer: l.outer, names: l.names, n: l.n + 1}, true
}

func (l *lets) find(name string) *let {
	for ; l != nil; l = l.outer {
		if found := l.names[name]; found != nil && found.index < l.n {
			found.used = true
			return found
		}
	}
	return nil
}

// appendNames appends the names of all levels, of each in order: of two that are as
// near to a wrong one the same is meant each time.
func (l *lets) appendNames(names []string) []string {
	for ; l != nil; l = l.outer {
		names = append(names, slices.Sorted(maps.Keys(l.names))...)
	}
	return names
}

// function is the value of a let that defines a function, nil for others.
func (l *let) function() *syntax.FunctionExpr {
	f, _ := unparen(l.value).(*syntax.FunctionExpr)
	return f
}

// over returns the scope of expressions over a relation, and its row, from which
// the caller takes the relation back with input: windows may have been added.
func (sc scope) over(in rel) (scope, *row) {
	r := &row{in: in, levels: map[int]int{}}
	return scope{lets: sc.lets, row: r}, r
}

// top returns the scope of a subquery: without columns.
func (sc scope) top() scope { return scope{lets: sc.lets} }

// input is the relation of a row with the windows that its expressions needed.
// The columns of the windows come last and are hidden.
func (r *row) input() rel {
	in := r.in
	for _, level := range r.windows {
		w := &Window{Input: in.Rel, Order: in.order}
		w.Columns = append(w.Columns, in.Cols()...)
		for _, c := range level {
			w.Columns, w.Exprs = append(w.Columns, c.col), append(w.Exprs, c.x)
		}
		in.Rel = w
	}
	return in
}

// column finds a column by name. Of several with one name the first counts.
func (r *row) column(name string) (Col, bool) {
	for _, c := range r.in.Cols() {
		if c.Name == name {
			return c, true
		}
	}
	return Col{}, false
}
