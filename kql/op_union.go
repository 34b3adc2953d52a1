package kql

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"reslog/kql/syntax"
)

// leg is one of the relations of a union, search or find.
type leg struct {
	rel
	name string // for withsource; "" for a relation without a name
}

// opUnion binds union: all rows of all sources, columns matched by name. With
// kind=inner only the columns that all sources have.
//
// Source: the Kusto Query Language reference, "union operator".
func (b *binder) opUnion(sc scope, in rel, op *syntax.Union) (rel, error) {
	options, err := b.options("union", op.Options, "kind", "withsource", "isfuzzy")
	if err != nil {
		return rel{}, err
	}
	kind, err := b.word(options, "kind", "outer", "inner")
	if err != nil {
		return rel{}, err
	}
	fuzzy, err := b.word(options, "isfuzzy", "false", "true")
	if err != nil {
		return rel{}, err
	}
	var legs []leg
	if in.Rel != nil {
		legs = append(legs, leg{in, b.relName(sc, in)})
	}
	more, err := b.legs(sc, op.Sources, fuzzy == "true")
	if err != nil {
		return rel{}, err
	}
	if legs = append(legs, more...); len(legs) == 0 {
		return rel{}, b.fail(op.Span, codeUnknownTable, "none of the tables of the union exists")
	}
	b.distinctLegs(legs)
	source := ""
	if o, ok := options["withsource"]; ok {
		source = optionText(o.Value)
	}
	return b.united(op.Span, legs, source, "union_arg", kind == "inner")
}

// legs binds the sources of a union, search or find. With fuzzy those that read a
// table that does not exist are left out.
func (b *binder) legs(sc scope, sources []syntax.Expr, fuzzy bool) ([]leg, error) {
	var out []leg
	for _, x := range sources {
		if ref, ok := unparen(x).(*syntax.Ref); ok && ref.Name.Wild {
			found, err := b.wildLegs(sc, ref)
			if err != nil {
				return nil, err
			}
			if len(found) == 0 && !fuzzy {
				return nil, b.fail(x.Pos(), codeUnknownTable, "no table matches %s", ref.Name.Text)
			}
			out = append(out, found...)
			continue
		}
		r, err := b.tabular(sc, x)
		if fuzzy && isMissing(x, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, leg{r, b.legName(sc, x, r)})
	}
	return out, nil
}

// isMissing reports whether a source failed because a table that it reads, or the
// function that it is, does not exist.
func isMissing(x syntax.Expr, err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	if e.Code == codeUnknownTable {
		return true
	}
	for {
		switch y := unparen(x).(type) {
		case *syntax.Pipe:
			if y.Source != nil {
				x = y.Source
				continue
			}
		case *syntax.Call:
			return e.Code == codeUnknownFunction && e.Syntax.Span == y.Func.Span
		}
		return false
	}
}

// wildLegs are the tables and views whose names match a pattern, tables first.
func (b *binder) wildLegs(sc scope, ref *syntax.Ref) ([]leg, error) {
	var out []leg
	for _, t := range b.catalog.Tables() {
		if wildMatch(ref.Name.Text, t.Name) {
			out = append(out, leg{b.scan(t), t.Name})
		}
	}
	for _, name := range viewNames(sc.lets) {
		if !wildMatch(ref.Name.Text, name) {
			continue
		}
		r, err := b.tabular(sc, &syntax.Ref{Span: ref.Span, Name: syntax.Name{Span: ref.Span, Text: name}})
		if err != nil {
			return nil, err
		}
		out = append(out, leg{r, name})
	}
	return out, nil
}

// viewNames are the lets that are views, sorted.
func viewNames(l *lets) []string {
	var out []string
	seen := map[string]bool{}
	for ; l != nil; l = l.outer {
		for name, x := range l.names {
			if f := x.function(); x.index < l.n && !seen[name] && f != nil && f.View {
				out = append(out, name)
			}
			seen[name] = true
		}
	}
	slices.Sort(out)
	return out
}

// legName is the name that a source has in withsource: of a table, of a view, of
// `as`.
func (b *binder) legName(sc scope, x syntax.Expr, r rel) string {
	switch x := unparen(x).(type) {
	case *syntax.Ref:
		return b.sourceName(sc, x.Name.Text, r)
	case *syntax.Call:
		return b.sourceName(sc, x.Func.Text, r)
	case *syntax.Pipe:
		if as, ok := x.Operators[len(x.Operators)-1].(*syntax.AsOp); ok {
			return as.Name.Text
		}
	}
	return b.relName(sc, r)
}

func (b *binder) sourceName(sc scope, name string, r rel) string {
	l := sc.lets.find(name)
	if l == nil {
		return b.relName(sc, r)
	}
	if f := l.function(); f != nil && f.View {
		return name
	}
	return b.relName(sc, r)
}

// relName is the name of a relation that is a whole table, or that `as` named.
func (b *binder) relName(sc scope, r rel) string {
	switch x := r.Rel.(type) {
	case *Scan:
		return x.Table.Name
	case *Filter: // Options.Span and nothing else
		if s, ok := x.Input.(*Scan); ok {
			t, _ := (&row{in: rel{Rel: s}}).column(s.Table.Time)
			if reflect.DeepEqual(x.Cond, b.spanCond(t)) {
				return s.Table.Name
			}
		}
	}
	shared := sharedOf(r)
	for l := sc.lets; l != nil && shared != nil; l = l.outer {
		for name, x := range l.names {
			if x.table == nil || x.in == nil || x.index >= l.n { // parameters are no `as`
				continue
			}
			if named, err := x.table(); err == nil && sharedOf(named) == shared {
				return name
			}
		}
	}
	return ""
}

// sharedOf is the relation of `as` below one use of it, nil for other relations.
func sharedOf(r rel) *Shared {
	x := r.Rel
	if p, ok := x.(*Project); ok {
		x = p.Input
	}
	s, _ := x.(*Shared)
	return s
}

// distinctLegs gives columns of their own to legs that share some.
func (b *binder) distinctLegs(legs []leg) {
	seen := map[int]bool{}
	for i := range legs {
		if slices.ContainsFunc(legs[i].Cols(), func(c Col) bool { return seen[c.ID] }) {
			legs[i].rel = b.fresh(legs[i].rel)
		}
		for _, c := range legs[i].Cols() {
			seen[c.ID] = true
		}
	}
}

// unified is a column of a union: its type, and the column of each leg that it is,
// with ID zero where the leg has none.
type unified struct {
	name   string
	typ    Type
	hidden bool
	split  bool // there are several types of the name
	from   []Col
}

// unifyLegs matches the columns of legs by name. Columns of one name and several types
// become one column a type, name_type, where the first of them is.
func unifyLegs(legs []leg) []unified {
	var order []string
	groups := map[string][]*unified{}
	for i, l := range legs {
		for _, c := range l.Cols() {
			if groups[c.Name] == nil {
				order = append(order, c.Name)
			}
			at := slices.IndexFunc(groups[c.Name], func(u *unified) bool { return u.typ == c.Type })
			if at < 0 {
				at = len(groups[c.Name])
				groups[c.Name] = append(groups[c.Name], &unified{name: c.Name, typ: c.Type, hidden: true, from: make([]Col, len(legs))})
			}
			u := groups[c.Name][at]
			u.hidden = u.hidden && c.Hidden
			u.from[i] = c
		}
	}
	names := newNamer()
	var out []unified
	for _, name := range order {
		for _, u := range groups[name] {
			if u.split = len(groups[name]) > 1; u.split {
				u.name = name + "_" + u.typ.String()
			}
			u.name = names.unique(u.name)
			out = append(out, *u)
		}
	}
	return out
}

// united is the union of legs. source, where it is not empty, names a first column
// with the names of the legs; unnamed is what those without a name are called, with
// their number.
func (b *binder) united(at syntax.Span, legs []leg, source, unnamed string, inner bool) (rel, error) {
	columns := unifyLegs(legs)
	if inner {
		var err error
		if columns, err = b.commonColumns(at, columns); err != nil {
			return rel{}, err
		}
	}
	u := &Union{Exprs: make([][]Expr, len(legs))}
	if source != "" {
		if slices.ContainsFunc(columns, func(c unified) bool { return c.name == source }) {
			return rel{}, b.fail(at, codeDuplicateColumn, "a column with the name %s is already declared", source)
		}
		u.Columns = append(u.Columns, b.newCol(source, String))
	}
	for _, c := range columns {
		col := b.newCol(c.name, c.typ)
		col.Hidden = c.hidden
		u.Columns = append(u.Columns, col)
	}
	for i, l := range legs {
		u.Inputs = append(u.Inputs, l.Rel)
		if source != "" {
			name := l.name
			if name == "" {
				name = fmt.Sprintf("%s%d", unnamed, i)
			}
			u.Exprs[i] = append(u.Exprs[i], &Const{String, name})
		}
		u.Exprs[i] = append(u.Exprs[i], legExprs(columns, i)...)
	}
	return rel{Rel: u}, nil
}

// legExprs are the columns of a union in terms of one leg.
func legExprs(columns []unified, i int) []Expr {
	out := make([]Expr, len(columns))
	for n, c := range columns {
		if c.from[i].ID == 0 {
			out[n] = null(c.typ)
		} else {
			out[n] = &ColRef{c.from[i]}
		}
	}
	return out
}

// commonColumns are the columns that all legs have, for kind=inner.
func (b *binder) commonColumns(at syntax.Span, columns []unified) ([]unified, error) {
	var out []unified
	for _, c := range columns {
		if !slices.ContainsFunc(c.from, func(f Col) bool { return f.ID == 0 }) {
			out = append(out, c)
		} else if c.split {
			return nil, b.refuse(at, "union kind=inner over columns of one name and several types")
		}
	}
	if len(out) == 0 {
		return nil, b.fail(at, "", "the tables of the union have no column in common")
	}
	return out, nil
}
