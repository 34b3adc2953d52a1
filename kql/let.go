package kql

import "reslog/kql/syntax"

// statement binds what is not an expression, and returns the scope of what
// follows.
func (b *binder) statement(sc scope, s syntax.Statement) (scope, error) {
	switch s := s.(type) {
	case *syntax.LetStatement:
		return b.define(sc, &let{name: s.Name, in: sc.lets, value: s.Value})
	case *syntax.SetStatement:
		return sc, nil // options of the request change nothing about the rows
	case *syntax.DeclareStatement:
		return b.declare(sc, s)
	case *syntax.OtherStatement:
		return sc, b.refuse(s.Span, "the statement "+s.Keyword)
	}
	return sc, b.fail(s.Pos(), "", "this statement is not known")
}

func (b *binder) define(sc scope, l *let) (scope, error) {
	next, ok := sc.lets.with(l)
	if !ok {
		return sc, b.fail(l.name.Span, codeRedefined, "the name %s is defined already", l.name.Text)
	}
	sc.lets = next
	return sc, nil
}

// letScalar is a name used as a scalar.
func (b *binder) letScalar(sc scope, x *syntax.Ref, l *let) (Expr, error) {
	if l.scalar != nil {
		return l.scalar, nil
	}
	if b.isTabularLet(l) {
		return nil, b.fail(x.Span, codeScalarExpected, "%s is a table and a scalar is expected; toscalar() takes its first value", l.name.Text)
	}
	if l.function() != nil {
		return b.callScalarLet(sc, &syntax.Call{Span: x.Span, Func: x.Name}, l)
	}
	v, err := b.expr(scope{lets: l.in}, l.value)
	if err != nil {
		return nil, err
	}
	l.scalar = v
	return v, nil
}

// letTable is a name used as a relation.
func (b *binder) letTable(sc scope, x *syntax.Ref, l *let) (rel, error) {
	switch {
	case l.table != nil:
		return l.table()
	case !b.isTabularLet(l):
		return rel{}, b.fail(x.Span, codeNotTable, "%s is a scalar and a table is expected", l.name.Text)
	case l.function() != nil:
		return b.callTableLet(sc, &syntax.Call{Span: x.Span, Func: x.Name}, l)
	}
	return b.tabular(scope{lets: l.in}, l.value)
}

// checkLet binds a let that nothing has used, for its errors. What is only not
// supported does not matter then.
func (b *binder) checkLet(l *let) error {
	if l.used || l.value == nil || l.function() != nil {
		return nil
	}
	var err error
	if b.isTabularLet(l) {
		_, err = b.tabular(scope{lets: l.in}, l.value)
	} else {
		_, err = b.expr(scope{lets: l.in}, l.value)
	}
	if e, ok := err.(*Error); ok && e.Refused { //nolint:errorlint // ours are not wrapped
		return nil
	}
	return err
}

// declare binds `declare query_parameters(...)` to Options.Parameters.
func (b *binder) declare(sc scope, s *syntax.DeclareStatement) (scope, error) {
	for _, p := range s.Params {
		t, err := b.typeNamed(p.Type, p.Span)
		if err != nil {
			return sc, err
		}
		l := &let{name: p.Name, used: true}
		text, given := b.o.Parameters[p.Name.Text]
		switch {
		case given:
			v, err := b.parameter(p, t, text)
			if err != nil {
				return sc, err
			}
			l.scalar = v
		case p.Default != nil:
			v, err := b.exprOf(sc, p.Default, t)
			if err != nil {
				return sc, err
			}
			l.scalar = v
		default:
			return sc, b.fail(p.Span, "", "the query parameter %s has no value", p.Name.Text)
		}
		if sc, err = b.define(sc, l); err != nil {
			return sc, err
		}
	}
	return sc, nil
}

// parameter reads the value of a query parameter: a literal of its type, or for a
// string the text itself.
func (b *binder) parameter(p syntax.Param, t Type, text string) (Expr, error) {
	q, err := syntax.Parse("print " + text)
	if err == nil && len(q.Statements) == 1 {
		if x, ok := printed(q.Statements[0]); ok {
			if v, err := b.expr(scope{lets: newLets(nil)}, x); err == nil {
				if c, ok := v.(*Const); ok {
					if out, ok := convert(c, t); ok {
						return out, nil
					}
				}
			}
		}
	}
	if v, ok := parseValue(t, text); ok {
		return &Const{t, v}, nil
	}
	return nil, b.fail(p.Span, codeType, "the value of the query parameter %s is not of type %s", p.Name.Text, t)
}

// printed is the only column of a print without a pipe.
func printed(s syntax.Statement) (syntax.Expr, bool) {
	x, ok := s.(*syntax.ExprStatement)
	if !ok {
		return nil, false
	}
	p, ok := x.Expr.(*syntax.Pipe)
	if !ok || p.Source != nil || len(p.Operators) != 1 {
		return nil, false
	}
	op, ok := p.Operators[0].(*syntax.Print)
	if !ok || len(op.Columns) != 1 {
		return nil, false
	}
	return op.Columns[0], true
}
