package kql

import "reslog/kql/syntax"

// opWhere keeps the rows for which the condition is true.
func (b *binder) opWhere(sc scope, in rel, op *syntax.Where) (rel, error) {
	over, r := sc.over(in)
	cond, err := b.expr(over, op.Cond)
	if err != nil {
		return rel{}, err
	}
	if t := cond.Type(); t != Bool && t != Unknown {
		return rel{}, b.fail(op.Cond.Pos(), codeType, "a condition must be of type bool and this is %s", t)
	}
	cond, _ = convert(cond, Bool)
	out := filtered(r.input(), cond)
	if len(r.windows) > 0 {
		out = b.keep(out, in.Cols())
	}
	return out, nil
}

// opTake keeps some rows: take and limit.
func (b *binder) opTake(sc scope, in rel, op *syntax.Take) (rel, error) {
	n, err := b.count(sc, in, op.Count)
	if err != nil {
		return rel{}, err
	}
	in.Rel = &Limit{Out: Out{in.Cols()}, Input: in.Rel, N: n}
	return in, nil
}

// opSample keeps rows at random.
func (b *binder) opSample(sc scope, in rel, op *syntax.Sample) (rel, error) {
	n, err := b.count(sc, in, op.Count)
	if err != nil {
		return rel{}, err
	}
	return rel{Rel: &Limit{Out: Out{in.Cols()}, Input: in.Rel, N: n, Sample: true}}, nil
}

// opSampleDistinct is some of the values of an expression.
func (b *binder) opSampleDistinct(sc scope, in rel, op *syntax.SampleDistinct) (rel, error) {
	n, err := b.count(sc, in, op.Count)
	if err != nil {
		return rel{}, err
	}
	if _, ok := unparen(op.X).(*syntax.Ref); !ok {
		return rel{}, b.fail(op.X.Pos(), codeColumnName, "the name of a column is expected here")
	}
	out, err := b.opDistinct(sc, in, &syntax.Distinct{Span: op.Span, Columns: []syntax.Expr{op.X}})
	if err != nil {
		return rel{}, err
	}
	return rel{Rel: &Limit{Out: Out{out.Cols()}, Input: out.Rel, N: n}}, nil
}

// count binds a number of rows: a whole number that no column decides, though the
// names of columns come before others.
func (b *binder) count(sc scope, in rel, x syntax.Expr) (Expr, error) {
	over, r := sc.over(in)
	r.noWindow = true
	n, err := b.expr(over, x)
	if err != nil {
		return nil, err
	}
	if !n.Type().IsInteger() || dependsOnRow(n) {
		return nil, b.fail(x.Pos(), "KS134", "a whole number is expected here, the same for all rows")
	}
	if k, ok := n.(*Const); ok && (k.Value == nil || k.Value.(int64) < 0) {
		return nil, b.fail(x.Pos(), "", "a number of rows cannot be negative or null")
	}
	n, _ = convert(n, Long)
	return n, nil
}

func dependsOnRow(x Expr) (depends bool) {
	walkExpr(x, func(x Expr) {
		if _, ok := x.(*ColRef); ok {
			depends = true
		}
	})
	return depends
}
