package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// callScalarLet calls a function that gives a scalar.
func (b *binder) callScalarLet(sc scope, x *syntax.Call, l *let) (Expr, error) {
	if b.isTabularLet(l) {
		return nil, b.fail(x.Span, codeScalarExpected, "%s gives a table and a scalar is expected; toscalar() takes its first value", l.name.Text)
	}
	body, result, err := b.enterFunction(sc, x, l, false)
	if err != nil {
		return nil, err
	}
	return b.expr(body, result)
}

// callTableLet calls a function that gives a table.
func (b *binder) callTableLet(sc scope, x *syntax.Call, l *let) (rel, error) {
	if !b.isTabularLet(l) {
		return rel{}, b.fail(x.Span, codeNotTable, "%s gives a scalar and a table is expected", l.name.Text)
	}
	if !l.checked {
		// The body may name only the columns that its parameters declare, and yet the
		// others of the argument go through it.
		l.checked = true
		if f := l.function(); slices.ContainsFunc(f.Params, func(p syntax.Param) bool { return len(p.Columns) > 0 }) {
			body, result, err := b.enterFunction(sc, x, l, true)
			if err != nil {
				return rel{}, err
			}
			if _, err := b.tabular(body, result); err != nil {
				return rel{}, err
			}
		}
	}
	body, result, err := b.enterFunction(sc, x, l, false)
	if err != nil {
		return rel{}, err
	}
	return b.tabular(body, result)
}

// enterFunction binds the arguments of a call and the statements of the body, and
// returns the body's expression with its scope. The body sees what the let saw,
// not what the caller sees. strict keeps only declared columns of tables.
func (b *binder) enterFunction(sc scope, x *syntax.Call, l *let, strict bool) (scope, syntax.Expr, error) {
	f := l.function()
	body := scope{lets: newLets(l.in)}
	args, err := b.matchArguments(x, f)
	if err != nil {
		return body, nil, err
	}
	for i, p := range f.Params {
		param := &let{name: p.Name, used: true}
		if err := b.bindParam(sc, scope{lets: l.in}, x, p, args[i], param, strict); err != nil {
			return body, nil, err
		}
		if body, err = b.define(body, param); err != nil {
			return body, nil, err
		}
	}
	for _, s := range f.Body.Statements {
		if r, ok := s.(*syntax.ExprStatement); ok {
			return body, r.Expr, nil
		}
		if body, err = b.statement(body, s); err != nil {
			return body, nil, err
		}
	}
	return body, nil, b.fail(f.Span, "", "the function %s has no expression", l.name.Text)
}

// matchArguments gives every parameter its argument, nil for the default.
func (b *binder) matchArguments(x *syntax.Call, f *syntax.FunctionExpr) ([]syntax.Expr, error) {
	args := make([]syntax.Expr, len(f.Params))
	for i, a := range x.Args {
		at := i
		if n, ok := a.(*syntax.Named); ok && len(n.Names) == 1 {
			at = -1
			for j, p := range f.Params {
				if p.Name.Text == n.Names[0].Text {
					at = j
				}
			}
			if at < 0 {
				return nil, b.fail(n.Span, "", "%s has no parameter %s", x.Func.Text, n.Names[0].Text)
			}
			a = n.X
		}
		if at >= len(args) || args[at] != nil {
			return nil, b.argCount(x.Span, x.Func.Text, len(x.Args), required(f.Params), len(f.Params))
		}
		args[at] = a
	}
	for i, p := range f.Params {
		if args[i] == nil && p.Default == nil {
			return nil, b.argCount(x.Span, x.Func.Text, len(x.Args), required(f.Params), len(f.Params))
		}
	}
	return args, nil
}

func required(params []syntax.Param) (n int) {
	for _, p := range params {
		if p.Default == nil {
			n++
		}
	}
	return n
}

// bindParam gives a parameter its value: of the argument in the scope of the
// caller, or of the default in that of the function.
func (b *binder) bindParam(caller, home scope, x *syntax.Call, p syntax.Param, arg syntax.Expr, to *let, strict bool) error {
	if p.Table {
		return b.bindTableParam(caller, x, p, arg, to, strict)
	}
	t, err := b.typeNamed(p.Type, p.Span)
	if err != nil {
		return err
	}
	if arg == nil {
		caller, arg = home, p.Default
	}
	v, err := b.expr(caller, arg)
	if err != nil {
		return err
	}
	if c, ok := convert(v, t); ok {
		to.scalar = c
		return nil
	}
	if c, ok := meantAs(v, t); ok {
		to.scalar = c
		return nil
	}
	if t == Dynamic {
		to.scalar = boxed(v)
		return nil
	}
	return b.refuse(arg.Pos(), "an argument of type "+v.Type().String()+" for the parameter "+p.Name.Text+" of type "+t.String()+" (convert it)")
}

// bindTableParam makes a tabular parameter bind its argument at each use. It is
// bound once here too, so that an unused one is checked.
func (b *binder) bindTableParam(caller scope, x *syntax.Call, p syntax.Param, arg syntax.Expr, to *let, strict bool) error {
	to.table = func() (rel, error) {
		r, err := b.tabular(caller.top(), arg)
		if err != nil || p.AnyCols || len(p.Columns) == 0 {
			return r, err
		}
		return b.declared(r, x, p, arg, strict)
	}
	_, err := to.table()
	return err
}

// declared fails when the argument for a tabular parameter has not the columns
// that it declares. With strict it keeps only those.
func (b *binder) declared(r rel, x *syntax.Call, p syntax.Param, arg syntax.Expr, strict bool) (rel, error) {
	var cols []Col
	for _, want := range p.Columns {
		t, err := b.typeNamed(want.Type, want.Span)
		if err != nil {
			return rel{}, err
		}
		found := false
		for _, c := range r.Cols() {
			if c.Name == want.Name.Text && c.Type == t && !found {
				cols, found = append(cols, c), true
			}
		}
		if !found {
			return rel{}, b.fail(arg.Pos(), codeTableColumns, "the argument for %s of %s has no column %s of type %s", p.Name.Text, x.Func.Text, want.Name.Text, t)
		}
	}
	if !strict {
		return r, nil
	}
	return b.keep(r, cols), nil
}
