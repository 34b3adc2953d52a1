package kql

import "reslog/kql/syntax"

// column is one column that project, extend, summarize … compute.
type column struct {
	name string
	// given: the query names it, by = or as a column of the input.
	given bool
	x     Expr
	at    syntax.Span
}

// computed binds the columns of an operator over a row. A function of several
// columns gives them all; (a, b) = names the first of them.
func (b *binder) computed(sc scope, xs []syntax.Expr) ([]column, error) {
	var out []column
	for _, x := range xs {
		cols, err := b.computedOne(sc, x)
		if err != nil {
			return nil, err
		}
		out = append(out, cols...)
	}
	return out, nil
}

func (b *binder) computedOne(sc scope, x syntax.Expr) ([]column, error) {
	named, isNamed := x.(*syntax.Named)
	value := x
	if isNamed {
		value = named.X
	}
	call, ok := unparen(value).(*syntax.Call)
	if ok && b.severalColumns(sc, call) {
		cols, err := b.callColumns(sc, call)
		if err != nil {
			return nil, err
		}
		if isNamed && !named.Tuple && (sc.row.aggs == nil || b.functions.aggregate[call.Func.Text] == nil) {
			cols = cols[:1] // x = series_stats(s) is the first, where m = arg_max(a, b) names it
		}
		return b.nameSeveral(x, cols)
	}
	e, err := b.expr(sc, value)
	if err != nil {
		return nil, err
	}
	if isNamed {
		if len(named.Names) != 1 {
			return nil, b.fail(named.Span, "", "%d names are given to one column", len(named.Names))
		}
		return []column{{named.Names[0].Text, true, e, named.Names[0].Span}}, nil
	}
	_, given := unparen(value).(*syntax.Ref)
	return []column{{b.autoName(sc, value), given, e, x.Pos()}}, nil
}

// severalColumns reports whether a call is of a function that makes columns.
func (b *binder) severalColumns(sc scope, call *syntax.Call) bool {
	if sc.lets.find(call.Func.Text) != nil {
		return false
	}
	if sc.row.aggs != nil {
		if f := b.functions.aggregate[call.Func.Text]; f != nil {
			return f.BindColumns != nil
		}
	}
	f := b.functions.scalar[call.Func.Text]
	return f != nil && f.BindColumns != nil
}

// nameSeveral names the columns of one function: one name or a tuple gives the
// first ones theirs.
func (b *binder) nameSeveral(x syntax.Expr, cols []Named) ([]column, error) {
	var names []syntax.Name
	if n, ok := x.(*syntax.Named); ok {
		names = n.Names
	}
	if len(names) > len(cols) {
		return nil, b.fail(x.Pos(), "", "%d names are given to %d columns", len(names), len(cols))
	}
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{c.Name, false, c.X, x.Pos()}
		if i < len(names) {
			out[i].name, out[i].given = names[i].Text, true
		}
	}
	return out, nil
}

// named gives computed columns their names: those that are given must differ,
// the others get a number where they do not.
func (b *binder) named(n *namer, cols []column) error {
	for i := range cols {
		c := &cols[i]
		if !c.given {
			c.name = n.unique(c.name)
			continue
		}
		name, ok := n.declare(c.name)
		if !ok {
			return b.duplicate(c.at, c.name)
		}
		c.name = name
	}
	return nil
}

func (b *binder) duplicate(at syntax.Span, name string) error {
	return b.fail(at, codeDuplicateColumn, "a column with the name %s is there already", name)
}

// typed is a column for a computed one. An untyped null is dynamic.
func (b *binder) typed(name string, x Expr) (Col, Expr) {
	if x.Type() == Unknown {
		x = null(Dynamic)
	}
	return b.newCol(name, x.Type()), x
}
