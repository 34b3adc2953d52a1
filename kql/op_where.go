package kql

import "reslog/kql/syntax"

// opWhere keeps the rows for which the condition is true.
func (b *binder) opWhere(sc scope, in rel, op *syntax.Where) (rel, error) {
	over, r := sc.over(in)
	cond, err := b.exprOf(over, op.Cond, Bool)
	if err != nil {
		return rel{}, err
	}
	out := filtered(r.input(), cond)
	if len(r.windows) > 0 {
		out = b.keep(out, in.Cols())
	}
	return out, nil
}

// opTake keeps some rows: take and limit.
func (b *binder) opTake(sc scope, in rel, op *syntax.Take) (rel, error) {
	n, err := b.count(sc, op.Count)
	if err != nil {
		return rel{}, err
	}
	in.Rel = &Limit{Out: Out{in.Cols()}, Input: in.Rel, N: n}
	return in, nil
}

// opSample keeps rows at random.
func (b *binder) opSample(sc scope, in rel, op *syntax.Sample) (rel, error) {
	n, err := b.count(sc, op.Count)
	if err != nil {
		return rel{}, err
	}
	return rel{Rel: &Limit{Out: Out{in.Cols()}, Input: in.Rel, N: n, Sample: true}}, nil
}

// opSampleDistinct is some of the values of an expression.
func (b *binder) opSampleDistinct(sc scope, in rel, op *syntax.SampleDistinct) (rel, error) {
	n, err := b.count(sc, op.Count)
	if err != nil {
		return rel{}, err
	}
	out, err := b.opDistinct(sc, in, &syntax.Distinct{Span: op.Span, Columns: []syntax.Expr{op.X}})
	if err != nil {
		return rel{}, err
	}
	return rel{Rel: &Limit{Out: Out{out.Cols()}, Input: out.Rel, N: n}}, nil
}

// count binds a number of rows: a whole number that no column decides.
func (b *binder) count(sc scope, x syntax.Expr) (Expr, error) {
	n, err := b.expr(sc.top(), x)
	if err != nil {
		return nil, err
	}
	if !n.Type().IsInteger() {
		return nil, b.fail(x.Pos(), "KS134", "a whole number is expected here")
	}
	if k, ok := b.constant(n); ok && k.Value != nil && k.Value.(int64) < 0 {
		return nil, b.fail(x.Pos(), "", "a number of rows cannot be negative")
	}
	n, _ = convert(n, Long)
	return n, nil
}
