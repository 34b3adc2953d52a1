package kql

import "reslog/kql/syntax"

// isTabular reports whether x is a relation; in doubt it is a scalar.
func (b *binder) isTabular(sc scope, x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Paren:
		return b.isTabular(sc, x.X)
	case *syntax.Pipe:
		return true
	case *syntax.Ref:
		if sc.row != nil {
			if _, ok := sc.row.column(x.Name.Text); ok {
				return false
			}
		}
		if l := sc.lets.find(x.Name.Text); l != nil {
			return b.isTabularLet(l)
		}
		_, ok := b.catalog.Table(x.Name.Text)
		return ok
	case *syntax.Call:
		if l := sc.lets.find(x.Func.Text); l != nil && l.function() != nil {
			return b.isTabularLet(l)
		}
		return x.Func.Text == "materialize" || x.Func.Text == "table"
	case *syntax.Member:
		call, ok := x.X.(*syntax.Call)
		return ok && isPlace(call.Func.Text)
	}
	return false
}

// isTabularLet says what a let is, or what the function that it is returns.
func (b *binder) isTabularLet(l *let) bool {
	if l.table != nil {
		return true
	}
	if l.value == nil || l.scalar != nil {
		return false
	}
	if !l.known {
		l.known, l.tabular = true, b.isTabularValue(l)
	}
	return l.tabular
}

func (b *binder) isTabularValue(l *let) bool {
	f := l.function()
	if f == nil {
		return b.isTabular(scope{lets: l.in}, l.value)
	}
	in := newLets(l.in)
	add := func(name *let) {
		if next, ok := in.with(name); ok {
			in = next
		}
	}
	for _, p := range f.Params {
		name := &let{name: p.Name}
		if p.Table {
			name.table = func() (rel, error) { return rel{}, nil }
		}
		add(name)
	}
	for _, s := range f.Body.Statements {
		switch s := s.(type) {
		case *syntax.LetStatement:
			add(&let{name: s.Name, in: in, value: s.Value})
		case *syntax.ExprStatement:
			return b.isTabular(scope{lets: in}, s.Expr)
		}
	}
	return false
}
