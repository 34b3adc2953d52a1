package sql

import (
	"fmt"
	"strings"

	"reslog/kql"
)

// side is one input of a join with its keys as columns.
type side struct {
	name string
	cols []kql.Col
	keys []string
	// null is set when a row of the result may have none of this side.
	null  bool
	alias string
}

// join prints a join. Its rows have no order.
func (p *printer) join(r *kql.Join) (rel, error) {
	if len(r.LeftKeys) != len(r.RightKeys) {
		return rel{}, fmt.Errorf("print a plan: a join has %d keys at the left and %d at the right", len(r.LeftKeys), len(r.RightKeys))
	}
	left, in, err := p.side(r.Left, r.LeftKeys, "l")
	if err != nil {
		return rel{}, err
	}
	right, inRight, err := p.side(r.Right, r.RightKeys, "r")
	if err != nil {
		return rel{}, err
	}
	if r.Kind == kql.InnerUnique {
		var l list
		p.keep(&l, r.Left.Cols(), nil)
		for _, k := range left.keys {
			l.add(k, k)
		}
		left.name = p.inline(p.d.DistinctOn(left.keys, l.String(), left.name, ordering(in.order)))
	}
	left.null = r.Kind == kql.RightOuter || r.Kind == kql.FullOuter
	right.null = r.Kind == kql.LeftOuter || r.Kind == kql.FullOuter
	from, sides := p.joined(r, left, right)
	var l list
	for _, c := range p.used(r.Columns) {
		text, err := sideColumn(c, sides)
		if err != nil {
			return rel{}, err
		}
		l.add(text, column(c))
	}
	return rel{from: p.inline("SELECT " + l.String() + " FROM " + from), groupings: max(in.groupings, inRight.groupings)}, nil
}

// side prints an input of a join with its keys.
func (p *printer) side(r kql.Rel, keys []kql.Expr, alias string) (side, rel, error) {
	in, err := p.rel(r)
	if err != nil {
		return side{}, rel{}, err
	}
	s := p.stage(in)
	out := side{cols: r.Cols(), alias: alias}
	var l list
	p.keep(&l, out.cols, in.order)
	for _, x := range keys {
		text, err := s.text(x)
		if err != nil {
			return side{}, rel{}, err
		}
		name := p.name("k")
		l.add(text, name)
		out.keys = append(out.keys, name)
	}
	out.name = p.inline("SELECT " + l.String() + " FROM " + s.source())
	return out, in, nil
}

// joined prints the FROM of a join and the sides whose columns are in it.
func (p *printer) joined(r *kql.Join, left, right side) (string, []side) {
	on := make([]string, len(left.keys))
	for i := range left.keys {
		on[i] = p.d.Same(r.LeftKeys[i].Type(), "l."+left.keys[i], "r."+right.keys[i])
	}
	if len(on) == 0 {
		on = []string{"true"}
	}
	l, rr, cond := left.name+" AS l", right.name+" AS r", strings.Join(on, " AND ")
	switch r.Kind {
	case kql.LeftSemi, kql.LeftAnti:
		return p.d.Semi(l, rr, cond, r.Kind == kql.LeftAnti), []side{left}
	case kql.RightSemi, kql.RightAnti:
		return p.d.Semi(rr, l, cond, r.Kind == kql.RightAnti), []side{right}
	}
	word := "INNER"
	switch r.Kind {
	case kql.LeftOuter:
		word = "LEFT"
	case kql.RightOuter:
		word = "RIGHT"
	case kql.FullOuter:
		word = "FULL"
	}
	return l + " " + word + " JOIN " + rr + " ON " + cond, []side{left, right}
}

// sideColumn finds a column of a join. A string that a missing row would have is
// empty.
func sideColumn(c kql.Col, sides []side) (string, error) {
	found := ""
	for _, s := range sides {
		for _, in := range s.cols {
			if in.ID != c.ID {
				continue
			}
			if found != "" {
				return "", fmt.Errorf("print a plan: column %s is on both sides of a join", column(c))
			}
			if found = s.alias + "." + column(c); s.null && c.Type == kql.String {
				found = "coalesce(" + found + ", '')"
			}
			break
		}
	}
	if found == "" {
		return "", fmt.Errorf("print a plan: column %s is on no side of a join", column(c))
	}
	return found, nil
}

// union prints the rows of all inputs.
func (p *printer) union(r *kql.Union) (rel, error) {
	selects := make([]string, len(r.Inputs))
	groupings := 0
	weights := make(map[int]int)
	for i, input := range r.Inputs {
		in, err := p.rel(input)
		if err != nil {
			return rel{}, err
		}
		groupings = max(groupings, in.groupings)
		s := p.stage(in)
		l, heavy, err := p.columns(s, r.Columns, r.Exprs[i])
		if err != nil {
			return rel{}, err
		}
		for _, c := range r.Columns {
			weights[c.ID] = max(weights[c.ID], p.weights[c.ID])
		}
		selects[i] = "SELECT " + l.String() + " FROM " + s.source()
		if heavy {
			selects[i] = "SELECT * FROM " + p.shareable(selects[i])
		}
	}
	for id, w := range weights {
		p.weights[id] = w
	}
	return rel{from: p.inline(strings.Join(selects, " UNION ALL ")), groupings: groupings}, nil
}
