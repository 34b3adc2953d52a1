package kql

import (
	"fmt"
	"slices"

	"reslog/kql/syntax"
)

// opFind binds find: the rows of tables for which a condition is true. source_ is
// the table; then come the columns that project asks for, or those that the
// condition names and those that all tables have; the others are in the bag pack_.
// A table that has none of the columns of the condition is left out. A column that
// has several types becomes the wider number, or dynamic.
//
// Source: the Kusto Query Language reference, "find operator".
func (b *binder) opFind(sc scope, in rel, op *syntax.Find) (rel, error) {
	if in.Rel != nil {
		return rel{}, b.refuse(op.Span, "find after a pipe")
	}
	options, err := b.options("find", op.Options, "withsource", "datascope")
	if err != nil {
		return rel{}, err
	}
	legs, err := b.searched(sc, in, op.Tables, op)
	if err != nil {
		return rel{}, err
	}
	named := condColumns(op.Cond)
	f := &finder{b: b, sc: sc, op: op, legs: withColumns(legs, named, op.Cond)}
	if err := f.choose(named); err != nil {
		return rel{}, err
	}
	source := "source_"
	if o, ok := options["withsource"]; ok {
		source = optionText(o.Value)
	}
	return f.united(source)
}

// condColumns are the names that a condition refers to, in order.
func condColumns(x syntax.Expr) []string {
	var out []string
	var walk func(x syntax.Expr)
	walk = func(x syntax.Expr) {
		switch x := x.(type) {
		case *syntax.Ref:
			out = append(out, x.Name.Text)
		case *syntax.Paren:
			walk(x.X)
		case *syntax.Unary:
			walk(x.X)
		case *syntax.Binary:
			walk(x.X)
			walk(x.Y)
		case *syntax.List:
			for _, i := range x.Items {
				walk(i)
			}
		case *syntax.Range:
			walk(x.From)
			walk(x.To)
		case *syntax.Call:
			for _, a := range x.Args {
				walk(a)
			}
		case *syntax.Member:
			walk(x.X)
		case *syntax.Index:
			walk(x.X)
			walk(x.Index)
		}
	}
	walk(x)
	return out
}

// withColumns are the legs that have one of the columns named: all of them when no
// name is a column, or when the condition has a term, which any column may have.
func withColumns(legs []leg, names []string, cond syntax.Expr) []leg {
	if hasTerm(cond) {
		return legs
	}
	var out []leg
	for _, l := range legs {
		if slices.ContainsFunc(names, func(n string) bool { return hasColumn(l, n) }) {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return legs
	}
	return out
}

// hasTerm reports whether a condition has a text or a star that stands for any
// column.
func hasTerm(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Literal, *syntax.Star:
		return true
	case *syntax.Paren:
		return hasTerm(x.X)
	case *syntax.Call:
		return x.Func.Text == "not" && len(x.Args) == 1 && hasTerm(x.Args[0])
	case *syntax.Binary:
		if x.Op == "and" || x.Op == "or" {
			return hasTerm(x.X) || hasTerm(x.Y)
		}
		_, star := x.X.(*syntax.Star)
		return star
	}
	return false
}

func hasColumn(l leg, name string) bool {
	_, ok := (&row{in: l.rel}).column(name)
	return ok
}

// finder puts the output of a find together.
type finder struct {
	b    *binder
	sc   scope
	op   *syntax.Find
	legs []leg
	cols []Col // the output, without source_ and pack_
	pack bool
}

// choose finds the columns of the output.
func (f *finder) choose(named []string) error {
	if f.op.Project != nil {
		return f.projected()
	}
	seen := map[string]bool{}
	for _, l := range f.legs {
		for _, c := range l.visible() {
			common := !slices.ContainsFunc(f.legs, func(o leg) bool { return !hasColumn(o, c.Name) })
			switch {
			case seen[c.Name] || f.away(c.Name):
			case common || slices.Contains(named, c.Name):
				seen[c.Name] = true
				f.cols = append(f.cols, f.b.newCol(c.Name, f.typeOf(c.Name)))
			default:
				f.pack = true
			}
		}
	}
	f.pack = f.pack && !f.away("pack_")
	return nil
}

// away reports whether project-away leaves a column out.
func (f *finder) away(name string) bool {
	return slices.ContainsFunc(f.op.Away, func(n syntax.Name) bool { return wildMatch(n.Text, name) })
}

// projected are the columns that project lists.
func (f *finder) projected() error {
	for _, p := range f.op.Project {
		if p.Pack {
			f.pack = true
			continue
		}
		if !slices.ContainsFunc(f.legs, func(l leg) bool { return hasColumn(l, p.Name.Text) }) {
			return f.b.fail(p.Span, codeUnknownName, "the name %s does not refer to any known column", p.Name.Text)
		}
		t := f.typeOf(p.Name.Text)
		if p.Type != "" {
			var err error
			if t, err = f.b.typeNamed(p.Type, p.Span); err != nil {
				return err
			}
		}
		f.cols = append(f.cols, f.b.newCol(p.Name.Text, t))
	}
	return nil
}

// typeOf is the type of a column of several tables.
func (f *finder) typeOf(name string) Type {
	t := Unknown
	for _, l := range f.legs {
		c, ok := (&row{in: l.rel}).column(name)
		switch {
		case !ok:
		case t == Unknown || t == c.Type || widens(t, c.Type):
			t = c.Type
		case !widens(c.Type, t):
			return Dynamic
		}
	}
	return t
}

// united is the union of what each table has.
func (f *finder) united(source string) (rel, error) {
	u := &Union{Exprs: make([][]Expr, len(f.legs))}
	u.Columns = append([]Col{f.b.newCol(source, String)}, f.cols...)
	if f.pack {
		u.Columns = append(u.Columns, f.b.newCol("pack_", Dynamic))
	}
	for i, l := range f.legs {
		over, row := f.sc.over(f.missing(l.rel))
		row.noWindow = true
		s := searcher{b: f.b, sc: over, cols: l.visible()}
		cond, err := s.cond(f.op.Cond)
		if err != nil {
			return rel{}, f.mixed(err)
		}
		in := filtered(row.input(), cond)
		u.Inputs = append(u.Inputs, in.Rel)
		name := l.name
		if name == "" {
			name = fmt.Sprintf("find_arg%d", i)
		}
		u.Exprs[i] = append(u.Exprs[i], &Const{String, name})
		for _, c := range f.cols {
			x, err := f.value(l, c)
			if err != nil {
				return rel{}, err
			}
			u.Exprs[i] = append(u.Exprs[i], x)
		}
		if f.pack {
			u.Exprs[i] = append(u.Exprs[i], f.packed(l))
		}
	}
	return rel{Rel: u}, nil
}

// mixed refuses a condition over a column that has another type in some table.
func (f *finder) mixed(err error) error {
	for _, name := range condColumns(f.op.Cond) {
		if f.typeOf(name) == Dynamic {
			return f.b.refuse(f.op.Cond.Pos(), "find with a condition over "+name+", which has several types,")
		}
	}
	return err
}

// missing adds the columns of the condition that a table has not, as nulls.
func (f *finder) missing(in rel) rel {
	var more []Assign
	for _, name := range condColumns(f.op.Cond) {
		l := leg{rel: in}
		if t := f.typeOf(name); t != Unknown && !hasColumn(l, name) && !slices.ContainsFunc(more, func(a Assign) bool { return a.Col.Name == name }) {
			more = append(more, Assign{f.b.newCol(name, t), null(t)})
		}
	}
	if len(more) == 0 {
		return in
	}
	return f.b.appended(in, more)
}

// value is a column of the output in terms of one table.
func (f *finder) value(l leg, want Col) (Expr, error) {
	c, ok := (&row{in: l.rel}).column(want.Name)
	if !ok {
		return null(want.Type), nil
	}
	if want.Type == Dynamic {
		return boxed(&ColRef{c}), nil
	}
	if x, ok := convert(&ColRef{c}, want.Type); ok {
		return x, nil
	}
	return f.b.called(f.op.Span, "to"+want.Type.String(), &ColRef{c})
}

// packed is the bag of the columns that are not in the output.
func (f *finder) packed(l leg) Expr {
	var args []Expr
	for _, c := range l.visible() {
		if !f.away(c.Name) && !slices.ContainsFunc(f.cols, func(o Col) bool { return o.Name == c.Name }) {
			args = append(args, boxed(&Const{String, c.Name}), boxed(&ColRef{c}))
		}
	}
	if len(args) == 0 {
		return null(Dynamic)
	}
	return &Call{T: Dynamic, Func: "bag_pack", Args: args, At: f.op.Span}
}
