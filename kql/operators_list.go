package kql

import (
	"strings"

	"reslog/kql/syntax"
)

// between binds X between (From .. To). To may be a span that is added to From.
func (b *binder) between(sc scope, x *syntax.Binary, left Expr) (Expr, error) {
	r, ok := x.Y.(*syntax.Range)
	if !ok {
		return nil, b.fail(x.Y.Pos(), "", "between needs (from .. to)")
	}
	from, err := b.expr(sc, r.From)
	if err != nil {
		return nil, err
	}
	to, err := b.expr(sc, r.To)
	if err != nil {
		return nil, err
	}
	if left.Type() == Datetime && from.Type() == Datetime && to.Type() == Timespan {
		to = b.folded(&Call{T: Datetime, Func: "+", Args: []Expr{from, to}, At: r.Span})
	}
	low, high := ordering(">=", left, from), ordering("<=", left, to)
	if low == nil || high == nil {
		wrong := from
		if low != nil {
			wrong = to
		}
		return nil, b.fail(r.Span, codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), wrong.Type())
	}
	args, _, ok := unify([]Expr{left, from, to})
	if !ok {
		return nil, b.fail(r.Span, codeOperandTypes, "the bounds of %s must have the type of what is compared", x.Op)
	}
	return &Call{T: Bool, Func: x.Op, Args: args, At: x.Span}, nil
}

// in binds in, !in, in~, !in~, has_any and has_all: over values, over a dynamic
// array, or over the only column of a relation.
func (b *binder) in(sc scope, x *syntax.Binary, left Expr) (Expr, error) {
	items := []syntax.Expr{x.Y}
	if l, ok := x.Y.(*syntax.List); ok {
		items = l.Items
	}
	textOnly := strings.HasSuffix(x.Op, "~") || strings.HasPrefix(x.Op, "has")
	if textOnly {
		if left.Type() != String && left.Type() != Dynamic {
			return nil, b.fail(x.X.Pos(), codeOperandTypes, "the operator %s is not defined for the type %s", x.Op, left.Type())
		}
		left, _ = convert(left, String)
	}
	if len(items) == 1 && b.isTabular(sc, items[0]) {
		return b.inTable(sc, x, left, items[0])
	}
	var values []Expr
	for _, item := range items {
		v, err := b.expr(sc, item)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	args, wrong := listed(left, values)
	if wrong >= 0 {
		return nil, b.fail(items[wrong].Pos(), codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), values[wrong].Type())
	}
	return &Call{T: Bool, Func: x.Op, Args: args, At: x.Span}, nil
}

// listed gives the left side of `in` and the values one type. A dynamic value is
// left as it is: an array is all of its elements. It returns the index of a value
// that cannot be compared, else -1.
func listed(left Expr, values []Expr) (args []Expr, wrong int) {
	t := left.Type()
	for i, v := range values {
		if v.Type() == Dynamic {
			continue
		}
		u := common(t, v.Type())
		if u == Unknown {
			if _, ok := meantAs(v, t); !ok {
				return nil, i
			}
			continue
		}
		t = u
	}
	l, _ := convert(left, t)
	args = []Expr{l}
	for i, v := range values {
		if v.Type() == Dynamic {
			args = append(args, v)
			continue
		}
		c, ok := convert(v, t)
		if !ok {
			if c, ok = meantAs(v, t); !ok {
				return nil, i
			}
		}
		args = append(args, c)
	}
	return args, -1
}

// inTable binds X in (relation).
func (b *binder) inTable(sc scope, x *syntax.Binary, left Expr, item syntax.Expr) (Expr, error) {
	r, err := b.tabular(sc.top(), item)
	if err != nil {
		return nil, err
	}
	r, first, err := b.firstColumn(r, item)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(x.Op, "has") {
		// has_any over a relation: over the array of its values.
		return b.hasTable(x, left, first, r)
	}
	call := equality("==", left, &ColRef{first})
	if call == nil {
		return nil, b.fail(item.Pos(), codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), first.Type)
	}
	if ref, ok := call.Args[1].(*ColRef); !ok || ref.Col.ID != first.ID {
		r = b.project(r, []Col{b.newCol(first.Name, call.Args[1].Type())}, call.Args[1:])
	}
	var q Expr = &InQuery{X: call.Args[0], Root: r.Rel, Fold: strings.HasSuffix(x.Op, "~")}
	if strings.HasPrefix(x.Op, "!") {
		q = &Call{T: Bool, Func: "not", Args: []Expr{q}, At: x.Span}
	}
	return q, nil
}

// hasTable binds has_any and has_all over a relation, as over the list of its
// values.
func (b *binder) hasTable(x *syntax.Binary, left Expr, first Col, r rel) (Expr, error) {
	v, ok := convert(&ColRef{first}, String)
	if !ok {
		return nil, b.fail(x.Y.Pos(), codeOperandTypes, "the operator %s needs a column of strings", x.Op)
	}
	list := b.newCol("list_", Dynamic)
	agg := &Aggregate{Out: Out{[]Col{list}}, Input: r.Rel, Aggs: []*Agg{{T: Dynamic, Func: "make_list", Args: []Expr{v}, At: x.Span}}}
	return &Call{T: Bool, Func: x.Op, Args: []Expr{left, &ScalarQuery{T: Dynamic, Root: agg}}, At: x.Span}, nil
}
