package kql

import (
	"reslog/kql/syntax"
)

// call binds Func(Args): a function that a let defines, an aggregate where those
// may stand, a scalar function.
func (b *binder) call(sc scope, x *syntax.Call) (Expr, error) {
	if l := sc.lets.find(x.Func.Text); l != nil && l.function() != nil {
		return b.callScalarLet(sc, x, l)
	}
	switch {
	case x.On != nil:
		return nil, b.refuse(x.Span, "a function of another place")
	case x.Func.Text == "toscalar":
		return b.toScalar(sc, x)
	case isColumnIfExists(x):
		return b.columnIfExists(sc, x)
	case x.Func.Text == "ingestion_time" && len(x.Args) == 0:
		return b.ingestionTime(sc, x)
	}
	named, err := b.callColumns(sc, x)
	if err != nil {
		return nil, err
	}
	return named[0].X, nil
}

// callColumns binds a call that may make several columns. What makes one gives it
// without a name.
func (b *binder) callColumns(sc scope, x *syntax.Call) ([]Named, error) {
	f, aggregate, err := b.function(sc, x)
	if err != nil {
		return nil, err
	}
	c := &Binding{Func: f, Name: x.Func.Text, At: x.Span, b: b}
	if sc.row != nil {
		c.Columns = func() []Col { return visibleOf(sc) }
	}
	inner := sc
	if aggregate {
		if inner, err = sc.inAggregate(b, x); err != nil {
			return nil, err
		}
	}
	if err := b.arguments(inner, c, x.Args); err != nil {
		return nil, err
	}
	named, err := b.invoke(c, aggregate)
	if err != nil {
		return nil, err
	}
	for i, n := range named {
		if agg, ok := n.X.(AggExpr); ok {
			if agg.T == Decimal && agg.Func == "sum" {
				return nil, b.refuse(x.Span, x.Func.Text+"() of decimals (use toreal)")
			}
			named[i].X = sc.row.aggs.add(b, agg.Agg)
		}
		if w, ok := n.X.(*WindowCall); ok {
			if named[i].X, err = b.window(sc, w); err != nil {
				return nil, err
			}
		}
	}
	return named, nil
}

// function finds what a call calls.
func (b *binder) function(sc scope, x *syntax.Call) (f *Function, aggregate bool, err error) {
	name := x.Func.Text
	if sc.row != nil && sc.row.aggs != nil {
		if f := b.functions.aggregate[name]; f != nil {
			return f, true, nil
		}
	}
	if f := b.functions.scalar[name]; f != nil {
		return f, false, nil
	}
	if b.functions.aggregate[name] != nil {
		return nil, false, b.fail(x.Func.Span, codeAggregate, "the aggregate function %s can only stand in summarize", name)
	}
	if known(name) {
		return nil, false, b.refuse(x.Func.Span, "the function "+name)
	}
	return nil, false, b.near(x.Func.Span, codeUnknownFunction, nearest(name, b.functions.names), "there is no function %s", name)
}

// arguments binds the arguments of a call.
func (b *binder) arguments(sc scope, c *Binding, args []syntax.Expr) error {
	for i, a := range args {
		name := b.autoName(sc, a)
		if n, ok := a.(*syntax.Named); ok && len(n.Names) == 1 {
			a = n.X // arg_max(a, b = c); elsewhere a name says nothing
		}
		if _, ok := a.(*syntax.Star); ok && i == len(args)-1 && sc.row != nil {
			c.Star, c.HasStar = visibleOf(sc), true
			c.Syntax = append(c.Syntax, a)
			return nil
		}
		x, err := b.argument(sc, a)
		if err != nil {
			return err
		}
		c.Args, c.Names, c.Syntax = append(c.Args, x), append(c.Names, name), append(c.Syntax, a)
	}
	return nil
}

// argument binds one: a type literal is the constant of its name.
func (b *binder) argument(sc scope, a syntax.Expr) (Expr, error) {
	if t, ok := a.(*syntax.TypeOf); ok {
		return b.typeOf(t)
	}
	return b.expr(sc, a)
}

// typeOf is typeof(long) as an argument: a string constant with the type's name.
func (b *binder) typeOf(t *syntax.TypeOf) (Expr, error) {
	typ, ok := ParseType(t.Type)
	if !ok || t.Schema != nil {
		return nil, b.fail(t.Span, codeType, "typeof takes a type here")
	}
	return &Const{String, typ.String()}, nil
}

// invoke makes the expression of a call out of its bound arguments.
func (b *binder) invoke(c *Binding, aggregate bool) ([]Named, error) {
	f := c.Func
	if f.BindColumns != nil {
		named, err := f.BindColumns(c)
		if err == nil && len(named) == 0 {
			err = c.Fail(-1, codeArgumentCount, "%s has no columns to give", c.Name)
		}
		return named, err
	}
	if f.Bind != nil {
		x, err := f.Bind(c)
		return []Named{{X: x}}, err
	}
	if c.HasStar && f.Name != "count" {
		return nil, c.Fail(len(c.Args), "", "%s does not take *", c.Name)
	}
	args, t, err := b.choose(c, f.Signatures)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Window:
		return []Named{{X: &WindowCall{T: t, Func: f.Name, Args: args, At: c.At}}}, nil
	case aggregate:
		agg := &Agg{T: t, Func: f.Name, Args: args, At: c.At}
		if f.If != "" {
			agg.Func, agg.Args, agg.Filter = f.If, args[:len(args)-1], args[len(args)-1]
		}
		return []Named{{X: AggExpr{agg}}}, nil
	}
	return []Named{{X: b.folded(&Call{T: t, Func: f.Name, Args: args, At: c.At})}}, nil
}

// window puts a window function into the row and gives the column that it is.
func (b *binder) window(sc scope, w *WindowCall) (Expr, error) {
	r := sc.row
	switch {
	case r == nil || r.noWindow || r.aggs != nil:
		return nil, b.fail(w.At, "", "%s cannot stand here", w.Func)
	case !r.in.serialized:
		return nil, b.fail(w.At, "", "%s needs rows in an order: put sort or serialize before", w.Func)
	}
	level := 0
	for _, a := range w.Args {
		walkExpr(a, func(x Expr) {
			if ref, ok := x.(*ColRef); ok {
				level = max(level, r.levels[ref.Col.ID])
			}
		})
	}
	for len(r.windows) <= level {
		r.windows = append(r.windows, nil)
	}
	col := b.newCol("", w.T)
	col.Hidden = true
	r.windows[level] = append(r.windows[level], windowCol{col, w})
	r.levels[col.ID] = level + 1
	return &ColRef{col}, nil
}

// visibleOf are the columns that `*` means in a scope.
func visibleOf(sc scope) []Col {
	var out []Col
	for _, c := range sc.row.in.visible() {
		if !sc.row.omit[c.ID] {
			out = append(out, c)
		}
	}
	return out
}
