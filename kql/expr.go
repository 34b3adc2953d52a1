package kql

import (
	"reslog/kql/syntax"
)

// expr binds a scalar expression.
func (b *binder) expr(sc scope, x syntax.Expr) (Expr, error) {
	if err := b.enter(x.Pos()); err != nil {
		return nil, err
	}
	defer b.leave()
	switch x := x.(type) {
	case *syntax.Literal:
		return b.literal(x)
	case *syntax.Ref:
		return b.ref(sc, x)
	case *syntax.Paren:
		if b.isTabular(sc, x.X) {
			return nil, b.fail(x.Span, codeScalarExpected, "a table stands where a scalar is expected; toscalar() takes its first value")
		}
		return b.expr(sc, x.X)
	case *syntax.Unary:
		return b.unary(sc, x)
	case *syntax.Binary:
		return b.binary(sc, x)
	case *syntax.Call:
		return b.call(sc, x)
	case *syntax.Member:
		return b.member(sc, x)
	case *syntax.Index:
		return b.index(sc, x)
	case *syntax.Named:
		return nil, b.fail(x.Span, "", "a name cannot be given here")
	case *syntax.Star:
		return nil, b.fail(x.Span, "", "* cannot stand here")
	case *syntax.BadExpr:
		return nil, b.refuse(x.Span, x.What)
	case *syntax.List, *syntax.Range:
		return nil, b.fail(x.Pos(), "", "a list can only stand at the right of in, has_any, has_all or between")
	}
	return nil, b.fail(x.Pos(), codeType, "a scalar is expected here")
}

// exprs binds several.
func (b *binder) exprs(sc scope, xs []syntax.Expr) ([]Expr, error) {
	out := make([]Expr, len(xs))
	for i, x := range xs {
		var err error
		if out[i], err = b.expr(sc, x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// exprOf binds x and converts it to t, without a function of the language.
func (b *binder) exprOf(sc scope, x syntax.Expr, t Type) (Expr, error) {
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	if c, ok := convert(e, t); ok {
		return c, nil
	}
	return nil, b.fail(x.Pos(), codeType, "an expression of type %s is expected and this is %s", t, e.Type())
}

// typeNamed is the type that a query names.
func (b *binder) typeNamed(name string, at syntax.Span) (Type, error) {
	t, ok := ParseType(name)
	if !ok {
		return Unknown, b.fail(at, codeTypeName, "%s is not a type", name)
	}
	return t, nil
}

// constOf binds x, which must be a constant of type t.
func (b *binder) constOf(sc scope, x syntax.Expr, t Type) (*Const, error) {
	e, err := b.exprOf(sc.top(), x, t)
	if err != nil {
		return nil, err
	}
	if c, ok := e.(*Const); ok {
		return c, nil
	}
	return nil, b.fail(x.Pos(), codeNotConstant, "a constant is expected here")
}

// ref binds a name: a column of the row, else a let.
func (b *binder) ref(sc scope, x *syntax.Ref) (Expr, error) {
	name := x.Name.Text
	if x.Name.Wild {
		return nil, b.fail(x.Span, "", "a name with * cannot stand here")
	}
	if sc.row != nil {
		if c, ok := sc.row.column(name); ok {
			return &ColRef{c}, nil
		}
	}
	if l := sc.lets.find(name); l != nil {
		return b.letScalar(sc, x, l)
	}
	if _, ok := b.catalog.Table(name); ok {
		return nil, b.fail(x.Span, codeScalarExpected, "the table %s stands where a scalar is expected", name)
	}
	return nil, b.near(x.Span, codeUnknownName, b.meant(sc, name), "the name %s does not refer to any known column, table, variable or function", name)
}

// member binds X.Name: a path into a dynamic value.
func (b *binder) member(sc scope, x *syntax.Member) (Expr, error) {
	if side, ok := x.X.(*syntax.Ref); ok && (side.Name.Text == "$left" || side.Name.Text == "$right") {
		return b.sided(sc, x, side)
	}
	base, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	if base.Type() != Dynamic {
		return nil, b.fail(x.Name.Span, codeUnknownName, "a value of type %s has no %s: only dynamic values have members", base.Type(), x.Name.Text)
	}
	return &Call{T: Dynamic, Func: "[]", Args: []Expr{base, &Const{String, x.Name.Text}}, At: x.Span}, nil
}

// sided binds $left.Name and $right.Name.
func (b *binder) sided(sc scope, x *syntax.Member, side *syntax.Ref) (Expr, error) {
	cols := sc.left
	if side.Name.Text == "$right" {
		cols = sc.right
	}
	for _, c := range cols {
		if c.Name == x.Name.Text {
			return &ColRef{c}, nil
		}
	}
	if cols == nil {
		return nil, b.fail(side.Span, codeUnknownName, "%s can only stand in the condition of a join", side.Name.Text)
	}
	return nil, b.near(x.Name.Span, codeUnknownName, nearest(x.Name.Text, columnNames(cols)), "%s has no column %s", side.Name.Text, x.Name.Text)
}

// index binds X[Index]: a path into a dynamic value, by name or by position.
func (b *binder) index(sc scope, x *syntax.Index) (Expr, error) {
	base, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	if base.Type() != Dynamic {
		return nil, b.fail(x.X.Pos(), codeNoElements, "only dynamic values have elements and this is %s", base.Type())
	}
	i, err := b.expr(sc, x.Index)
	if err != nil {
		return nil, err
	}
	switch i.Type() {
	case String, Long:
	case Int:
		i, _ = convert(i, Long)
	case Dynamic:
		return nil, b.refuse(x.Index.Pos(), "a dynamic value as an index (use tostring or tolong)")
	default:
		return nil, b.fail(x.Index.Pos(), codeType, "an index must be a string or a whole number and this is %s", i.Type())
	}
	return &Call{T: Dynamic, Func: "[]", Args: []Expr{base, i}, At: x.Span}, nil
}

// meant is the name of a scope that is nearest to one that is unknown.
func (b *binder) meant(sc scope, name string) string {
	var names []string
	if sc.row != nil {
		names = columnNames(sc.row.in.Cols())
	}
	return nearest(name, sc.lets.appendNames(names))
}

func columnNames(cols []Col) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name
	}
	return out
}
