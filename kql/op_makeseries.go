package kql

import "reslog/kql/syntax"

// opMakeSeries binds make-series: keys, arrays of aggregates, array of the axis.
//
// Source: the Kusto Query Language reference, "make-series operator".
func (b *binder) opMakeSeries(sc scope, in rel, op *syntax.MakeSeries) (rel, error) {
	options, err := b.options("make-series", op.Options, "kind")
	if err != nil {
		return rel{}, err
	}
	if o, ok := options["kind"]; ok {
		return rel{}, b.refuse(o.Span, "make-series kind="+optionText(o.Value))
	}
	keys, err := b.groupKeys(sc, in, op.Keys)
	if err != nil {
		return rel{}, err
	}
	names := newNamer()
	if err := b.named(names, keys); err != nil {
		return rel{}, err
	}
	s := &Series{Input: in.Rel, ToInclusive: op.InRange}
	for _, k := range keys {
		col, x := b.typed(k.name, k.x)
		s.Columns, s.Keys = append(s.Columns, col), append(s.Keys, x)
	}
	if err := b.seriesAggs(sc, in, op, names, s); err != nil {
		return rel{}, err
	}
	if err := b.seriesAxis(sc, in, op, names, s); err != nil {
		return rel{}, err
	}
	return rel{Rel: s}, nil
}

// seriesAggs binds the aggregates and what stands in bins without rows.
func (b *binder) seriesAggs(sc scope, in rel, op *syntax.MakeSeries, names *namer, s *Series) error {
	over, row := sc.over(in)
	row.aggs = &aggregation{omit: map[int]bool{}}
	var values []column
	for _, a := range op.Aggregates {
		one, err := b.computedOne(over, a.X)
		if err != nil {
			return err
		}
		if len(one) != 1 {
			return b.refuse(a.Span, "an aggregate of several columns in make-series")
		}
		if k, ok := one[0].x.(*Const); ok {
			// A constant stands in the bins that have rows.
			one[0].x = row.aggs.add(b, &Agg{T: k.T, Func: "max", Args: []Expr{k}, At: a.Span})
		}
		if err := b.onlyAggregates(in, row.aggs, []syntax.Expr{a.X}, one[0]); err != nil {
			return err
		}
		ref, ok := one[0].x.(*ColRef)
		if n := len(values); !ok || len(row.aggs.cols) != n+1 || ref.Col.ID != row.aggs.cols[n].ID {
			return b.refuse(a.Span, "an expression around aggregates in make-series")
		}
		d, err := b.seriesDefault(sc, a, row.aggs.aggs[len(values)])
		if err != nil {
			return err
		}
		values, s.Defaults = append(values, one[0]), append(s.Defaults, d)
	}
	if err := b.named(names, values); err != nil {
		return err
	}
	s.Aggs = row.aggs.aggs
	for _, v := range values {
		s.Columns = append(s.Columns, b.newCol(v.name, Dynamic))
	}
	return nil
}

// seriesDefault is the value of an empty bin: 0 where none is given.
func (b *binder) seriesDefault(sc scope, a syntax.SeriesAgg, agg *Agg) (Expr, error) {
	if a.Default == nil {
		if t := agg.T; !t.IsNumber() {
			return nil, b.refuse(a.Span, "make-series of "+t.String()+" without default=")
		}
		d, ok := convert(&Const{Long, int64(0)}, agg.T)
		if !ok {
			d = &Const{agg.T, int64(0)}
		}
		return d, nil
	}
	d, err := b.expr(sc.top(), a.Default)
	if err != nil {
		return nil, err
	}
	if c, ok := convert(d, agg.T); ok {
		return c, nil
	}
	if k, ok := d.(*Const); ok && k.T == Long && agg.T == Int {
		return &Const{Int, k.Value}, nil
	}
	if d.Type().IsNumber() && agg.T.IsNumber() {
		return d, nil
	}
	return nil, b.fail(a.Default.Pos(), codeType, "the default must have the type of the aggregate, %s, and is %s", agg.T, d.Type())
}

// seriesAxis binds the axis with its bounds and its step.
func (b *binder) seriesAxis(sc scope, in rel, op *syntax.MakeSeries, names *namer, s *Series) error {
	over, row := sc.over(in)
	row.noWindow = true
	x, name, given := op.Axis, b.autoName(over, op.Axis), false
	if n, ok := x.(*syntax.Named); ok && len(n.Names) == 1 {
		x, name, given = n.X, n.Names[0].Text, true
	}
	var err error
	if s.Axis, err = b.expr(over, x); err != nil {
		return err
	}
	t := s.Axis.Type()
	if !t.IsNumber() && t != Datetime && t != Timespan {
		return b.fail(x.Pos(), codeType, "an axis must be a datetime, a timespan or a number and this is %s", t)
	}
	if given && !names.reserve(name) {
		return b.fail(op.Axis.Pos(), codeDuplicateColumn, "a column with the name %s is already declared", name)
	} else if !given {
		name = names.unique(name)
	}
	s.Columns = append(s.Columns, b.newCol(name, Dynamic))
	for _, bound := range []struct {
		x  syntax.Expr
		to *Expr
	}{{op.From, &s.From}, {op.To, &s.To}} {
		if bound.x == nil {
			continue
		}
		if *bound.to, err = b.exprOf(sc.top(), bound.x, t); err != nil {
			return err
		}
	}
	return b.seriesStep(sc, op, t, s)
}

func (b *binder) seriesStep(sc scope, op *syntax.MakeSeries, t Type, s *Series) error {
	step, err := b.expr(sc.top(), op.Step)
	if err != nil {
		return err
	}
	want := t
	if t == Datetime {
		want = Timespan
	}
	var ok bool
	if s.Step, ok = convert(step, want); !ok {
		return b.fail(op.Step.Pos(), "KS178", "the type %s is not an appropriate interval type for %s", step.Type(), t)
	}
	if k, ok := s.Step.(*Const); ok && !positive(k.Value) {
		return b.fail(op.Step.Pos(), "", "the step of make-series must be more than zero")
	}
	return nil
}

func positive(v any) bool {
	switch v := v.(type) {
	case int64:
		return v > 0
	case float64:
		return v > 0
	}
	return false
}
