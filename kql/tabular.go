package kql

import "reslog/kql/syntax"

// sharing is one materialize() where it stands with the names that it sees: the
// body of a function has others at each call.
type sharing struct {
	call *syntax.Call
	in   *lets
}

// unparen is x without parentheses around it.
func unparen(x syntax.Expr) syntax.Expr {
	for {
		p, ok := x.(*syntax.Paren)
		if !ok {
			return x
		}
		x = p.X
	}
}

// tabular binds a tabular expression. What it returns has columns of its own: the
// same table twice is two scans.
func (b *binder) tabular(sc scope, x syntax.Expr) (rel, error) {
	if err := b.enter(x.Pos()); err != nil {
		return rel{}, err
	}
	defer b.leave()
	switch x := x.(type) {
	case *syntax.Paren:
		return b.tabular(sc, x.X)
	case *syntax.Pipe:
		return b.pipe(sc.top(), rel{}, x)
	case *syntax.Ref:
		return b.tableRef(sc, x)
	case *syntax.Call:
		return b.tableCall(sc, x)
	case *syntax.Member:
		return b.tableMember(sc, x)
	case *syntax.BadExpr:
		return rel{}, b.refuse(x.Span, x.What)
	}
	return rel{}, b.fail(x.Pos(), codeNotTable, "a table is expected here")
}

// tableRef binds a name that stands for a relation.
func (b *binder) tableRef(sc scope, x *syntax.Ref) (rel, error) {
	name := x.Name.Text
	if l := sc.lets.find(name); l != nil {
		return b.letTable(sc, x, l)
	}
	if t, ok := b.catalog.Table(name); ok {
		return b.scan(t), nil
	}
	return rel{}, b.near(x.Span, codeUnknownTable, b.meantTable(sc, name), "the name %s does not refer to any known table", name)
}

// meantTable is the name of a table or let that is nearest to an unknown one.
func (b *binder) meantTable(sc scope, name string) string {
	var names []string
	for _, t := range b.catalog.Tables() {
		names = append(names, t.Name)
	}
	return nearest(name, sc.lets.appendNames(names))
}

// scan reads a table, within Options.Span where it has a time.
func (b *binder) scan(t Table) rel {
	s := &Scan{Table: t, Source: t.Columns}
	for _, c := range t.Columns {
		col := b.newCol(c.Name, c.Type)
		col.Hidden = c.Hidden
		s.Columns = append(s.Columns, col)
	}
	out := rel{Rel: s}
	for _, c := range s.Columns {
		if c.Name == t.Time {
			if cond := b.spanCond(c); cond != nil {
				out = filtered(out, cond)
			}
		}
	}
	return out
}

// spanCond is Options.Span as a condition, nil for none.
func (b *binder) spanCond(c Col) Expr {
	var conds []Expr
	if s := b.o.Span; s.HasFrom {
		conds = append(conds, &Call{T: Bool, Func: ">=", Args: []Expr{&ColRef{c}, &Const{Datetime, s.From}}})
	}
	if s := b.o.Span; s.HasTo {
		conds = append(conds, &Call{T: Bool, Func: "<", Args: []Expr{&ColRef{c}, &Const{Datetime, s.To}}})
	}
	return all(conds)
}

// all is the conjunction of conditions, nil for none.
func all(conds []Expr) Expr {
	if len(conds) == 0 {
		return nil
	}
	out := conds[0]
	for _, c := range conds[1:] {
		out = &Call{T: Bool, Func: "and", Args: []Expr{out, c}}
	}
	return out
}

// anyOf is the disjunction of conditions, false for none.
func anyOf(conds []Expr, at syntax.Span) Expr {
	if len(conds) == 0 {
		return &Const{Bool, false}
	}
	out := conds[0]
	for _, c := range conds[1:] {
		out = &Call{T: Bool, Func: "or", Args: []Expr{out, c}, At: at}
	}
	return out
}

// isPlace reports whether a function names another place to read from.
func isPlace(name string) bool {
	switch name {
	case "workspace", "database", "cluster", "app", "resource", "arg", "adx":
		return true
	}
	return false
}

// tableMember binds workspace("x").Table, of our own workspace only.
func (b *binder) tableMember(sc scope, x *syntax.Member) (rel, error) {
	call, ok := x.X.(*syntax.Call)
	if !ok || !isPlace(call.Func.Text) {
		return rel{}, b.fail(x.Span, codeNotTable, "a table is expected here")
	}
	if call.Func.Text != "workspace" || len(call.Args) != 1 {
		return rel{}, b.refuse(call.Span, call.Func.Text+"()")
	}
	name, err := b.constOf(sc, call.Args[0], String)
	if err != nil {
		return rel{}, err
	}
	for _, own := range b.o.Workspace {
		if own == name.Value {
			if t, ok := b.catalog.Table(x.Name.Text); ok {
				return b.scan(t), nil
			}
			return rel{}, b.near(x.Name.Span, codeUnknownTable, b.meantTable(scope{}, x.Name.Text), "the name %s does not refer to any known table", x.Name.Text)
		}
	}
	return rel{}, b.refuse(call.Span, "reading another workspace")
}

// tableCall binds a call that gives a relation.
func (b *binder) tableCall(sc scope, x *syntax.Call) (rel, error) {
	if l := sc.lets.find(x.Func.Text); l != nil && l.function() != nil {
		return b.callTableLet(sc, x, l)
	}
	switch x.Func.Text {
	case "materialize":
		return b.materialize(sc, x)
	case "table":
		return b.tableByName(sc, x)
	}
	if b.functions.scalar[x.Func.Text] != nil || b.functions.aggregate[x.Func.Text] != nil {
		return rel{}, b.fail(x.Span, codeNotTable, "%s gives a scalar and a table is expected here", x.Func.Text)
	}
	if known(x.Func.Text) {
		return rel{}, b.refuse(x.Func.Span, "the function "+x.Func.Text)
	}
	return rel{}, b.near(x.Func.Span, codeUnknownFunction, b.meantTable(sc, x.Func.Text), "there is no function %s", x.Func.Text)
}

// materialize binds materialize(T): all uses of the let around it share the rows.
func (b *binder) materialize(sc scope, x *syntax.Call) (rel, error) {
	if len(x.Args) != 1 {
		return rel{}, b.argCount(x.Span, "materialize", len(x.Args), 1, 1)
	}
	key := sharing{x, sc.lets}
	in, ok := b.shared[key]
	if !ok {
		var err error
		if in, err = b.tabular(sc, x.Args[0]); err != nil {
			return rel{}, err
		}
		in.Rel = &Shared{Out: Out{in.Cols()}, Input: in.Rel}
		b.shared[key] = in
	}
	return b.fresh(in), nil
}

// tableByName binds table("name").
func (b *binder) tableByName(sc scope, x *syntax.Call) (rel, error) {
	if len(x.Args) != 1 {
		return rel{}, b.argCount(x.Span, "table", len(x.Args), 1, 1)
	}
	name, err := b.constOf(sc, x.Args[0], String)
	if err != nil {
		return rel{}, err
	}
	text := name.Value.(string)
	if t, ok := b.catalog.Table(text); ok {
		return b.scan(t), nil
	}
	return rel{}, b.near(x.Args[0].Pos(), codeUnknownTable, b.meantTable(scope{}, text), "there is no table %s", text)
}

// toScalar binds toscalar(X).
func (b *binder) toScalar(sc scope, x *syntax.Call) (Expr, error) {
	if len(x.Args) != 1 {
		return nil, b.argCount(x.Span, "toscalar", len(x.Args), 1, 1)
	}
	if !b.isTabular(sc.top(), x.Args[0]) {
		return b.expr(sc.top(), x.Args[0])
	}
	r, err := b.tabular(sc.top(), x.Args[0])
	if err != nil {
		return nil, err
	}
	r, first, err := b.firstColumn(r, x.Args[0])
	if err != nil {
		return nil, err
	}
	return &ScalarQuery{T: first.Type, Root: r.Rel}, nil
}

// firstColumn keeps only the first column of the relation that x is; it fails where
// there is none, as after project-away *.
func (b *binder) firstColumn(r rel, x syntax.Expr) (rel, Col, error) {
	r = b.shown(r)
	if len(r.Cols()) == 0 {
		return rel{}, Col{}, b.fail(x.Pos(), codeType, "a table with a column is expected here and this has none")
	}
	if len(r.Cols()) > 1 {
		r = b.keep(r, r.Cols()[:1])
	}
	return r, r.Cols()[0], nil
}
