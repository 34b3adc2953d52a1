package sql

import (
	"slices"
	"strings"

	"reslog/kql"
)

// expand prints mv-expand. Where the input has an order the rows of a row stay
// together, in the order of the elements.
func (p *printer) expand(r *kql.Expand) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	in = p.numbered(in, r.Input.Cols())
	cols := r.Columns[len(r.Input.Cols()):]
	items, index := cols, (*kql.Col)(nil)
	if r.Index {
		items, index = cols[:len(cols)-1], &cols[len(cols)-1]
	}
	return p.elements(in, elements{
		input: r.Input.Cols(), x: r.Items, items: items, index: index, bagArray: r.BagArray, limit: r.Limit,
	})
}

// elements are the parts of an expansion.
type elements struct {
	input    []kql.Col
	x        []kql.Expr
	items    []kql.Col
	index    *kql.Col
	bagArray bool
	limit    kql.Expr
}

// elements prints the rows that the items of a row expand to: lists first, their
// greatest length next, then a row of every number below it.
func (p *printer) elements(in rel, e elements) (rel, error) {
	s := p.stage(in)
	var l list
	p.keep(&l, e.input, in.order)
	lists, lengths := make([]string, len(e.x)), make([]string, len(e.x))
	for i, x := range e.x {
		text, err := p.items(s, x, e.bagArray)
		if err != nil {
			return rel{}, err
		}
		lists[i] = p.name("x")
		l.add(text, lists[i])
		lengths[i] = p.d.Length(lists[i])
	}
	n := p.d.Greatest(lengths)
	if e.limit != nil {
		limit, err := p.count(e.limit)
		if err != nil {
			return rel{}, err
		}
		n = "least(" + n + ", " + limit + ")"
	}
	listed := p.inline("SELECT " + l.String() + " FROM " + s.source())

	var unnested, out list
	p.keep(&unnested, e.input, in.order)
	for _, name := range lists {
		unnested.add(name, name)
	}
	i := p.name("o")
	unnested.add(p.d.Unnest(n), i)
	from := p.inline("SELECT " + unnested.String() + " FROM " + listed)

	p.keep(&out, e.input, in.order)
	for k, c := range e.items {
		if p.needed[c.ID] {
			out.add(p.d.Element(lists[k], i), column(c))
		}
	}
	if e.index != nil && p.needed[e.index.ID] {
		out.add(i, column(*e.index))
	}
	order := in.order
	if order != nil {
		order = append(order[:len(order):len(order)], key{name: i})
		out.add(i, i)
	}
	return rel{from: p.inline("SELECT " + out.String() + " FROM " + from), order: order, groupings: in.groupings}, nil
}

// items prints the list that a dynamic expands to.
func (p *printer) items(s *stage, x kql.Expr, bagArray bool) (string, error) {
	f, err := s.expr(x)
	if err != nil {
		return "", err
	}
	if !f.plain {
		f = s.hoist(f)
	}
	// The list uses its argument more than once, and counts as a call.
	return p.d.Items(f.text, bagArray), nil
}

// numbered gives a relation that has an order one number a row for it.
func (p *printer) numbered(in rel, cols []kql.Col) rel {
	if in.order == nil {
		return in
	}
	return p.number(in, cols)
}

// number gives every row a number: in its order, or as the rows come.
func (p *printer) number(in rel, cols []kql.Col) rel {
	var l list
	p.keep(&l, cols, nil)
	ordinal := p.name("o")
	l.add("row_number() OVER ("+strings.TrimPrefix(orderBy(in.order), " ")+")", ordinal)
	return rel{from: p.inline("SELECT " + l.String() + " FROM " + in.from), order: []key{{name: ordinal}}, groupings: in.groupings}
}

// apply prints mv-apply: a lateral subquery, whose own common table expressions
// begin with the rows that the items expand to.
func (p *printer) apply(r *kql.Apply) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	outer := in.from
	inner, around := &scope{}, p.scope
	p.scope = inner
	sub, err := p.applySub(r)
	p.scope = around
	if err != nil {
		return rel{}, err
	}
	cols := r.Columns[len(r.Input.Cols()):]
	var l, out list
	for _, c := range p.used(cols) {
		l.add(column(c), column(c))
	}
	for _, c := range p.used(r.Input.Cols()) {
		out.add("l."+column(c), column(c))
	}
	for _, c := range p.used(cols) {
		out.add("r."+column(c), column(c))
	}
	lateral := "(" + inner.with() + "SELECT " + l.String() + " FROM " + sub.from + ")"
	body := "SELECT " + out.String() + " FROM " + outer + " AS l, " + p.d.Lateral() + " " + lateral + " AS r"
	return rel{from: p.inline(body), groupings: in.groupings + sub.groupings}, nil
}

// applySub prints the subquery of an apply in its own scope.
func (p *printer) applySub(r *kql.Apply) (rel, error) {
	var l list
	for _, c := range p.used(r.Input.Cols()) {
		l.add("l."+column(c), column(c))
	}
	row := p.inline("SELECT " + l.String())
	at := len(r.Input.Cols())
	items, index := r.Rows.Columns[at:], (*kql.Col)(nil)
	if r.Index {
		items, index = items[:len(items)-1], &items[len(items)-1]
	}
	// One row has an order: its elements come as they are.
	one := p.inline("SELECT *, 0 AS one_row FROM " + row)
	rows, err := p.elements(rel{from: one, order: []key{{name: "one_row"}}}, elements{
		input: r.Input.Cols(), x: r.Items, items: items, index: index, limit: r.Limit,
	})
	if err != nil {
		return rel{}, err
	}
	p.applied[r.Rows] = rows
	defer delete(p.applied, r.Rows)
	return p.rel(r.Sub)
}

// depends reports whether a relation uses the rows of an apply that is being
// printed.
func (p *printer) depends(r kql.Rel) bool {
	if len(p.applied) == 0 {
		return false
	}
	// Relations in expressions are left out: they do not depend on a row.
	seen := make(map[kql.Rel]bool)
	var uses func(kql.Rel) bool
	uses = func(r kql.Rel) bool {
		if seen[r] {
			return false
		}
		seen[r] = true
		if rows, ok := r.(*kql.ApplyRows); ok {
			_, open := p.applied[rows]
			return open
		}
		return slices.ContainsFunc(kql.Inputs(r), uses)
	}
	return uses(r)
}
