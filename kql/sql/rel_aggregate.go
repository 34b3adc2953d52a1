package sql

import (
	"strings"

	"reslog/kql"
)

// aggregate prints a summarize: keys and arguments are columns of a stage before,
// so that GROUP BY means what it says.
func (p *printer) aggregate(r *kql.Aggregate) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	in = p.grouping(in)
	s := p.stage(in)
	var before, after list
	group := make([]string, len(r.Keys))
	for i, x := range r.Keys {
		text, err := s.text(x)
		if err != nil {
			return rel{}, err
		}
		group[i] = column(r.Columns[i])
		before.add(text, group[i])
		after.add(group[i], group[i])
	}
	if err := p.aggregates(s, r, &before, &after); err != nil {
		return rel{}, err
	}
	for _, k := range in.order {
		before.add(k.name, k.name)
	}
	from := p.inline("SELECT " + before.String() + " FROM " + s.source())
	body := "SELECT " + after.String() + " FROM " + from
	if len(group) > 0 {
		body += " GROUP BY " + strings.Join(group, ", ")
	} else if r.Distinct {
		body += " HAVING count(*) > 0"
	}
	return rel{from: p.inline(body), groupings: in.groupings}, nil
}

// aggregates prints the aggregates that are needed.
func (p *printer) aggregates(s *stage, r *kql.Aggregate, before, after *list) error {
	for i, a := range r.Aggs {
		col := r.Columns[len(r.Keys)+i]
		if !p.needed[col.ID] {
			continue
		}
		text, err := p.agg(s, a, before, ordering(s.order))
		if err != nil {
			return err
		}
		after.add(text, column(col))
	}
	return nil
}

// agg prints an aggregate whose arguments become columns of the list before it.
// Constants stay: a percentile must be one.
func (p *printer) agg(s *stage, a *kql.Agg, before *list, order string) (string, error) {
	in := Rows{Args: make([]string, len(a.Args)), Order: order}
	for i, x := range a.Args {
		text, err := p.aggArg(s, x, before)
		if err != nil {
			return "", err
		}
		in.Args[i] = text
	}
	if a.Filter != nil {
		f, err := s.cond(a.Filter)
		if err != nil {
			return "", err
		}
		in.Filter = p.name("x")
		before.add(f.text, in.Filter)
	}
	text, err := p.d.Aggregate(a, in)
	if err == nil && a.T == kql.String {
		text = "coalesce(" + text + ", '')"
	}
	return text, err
}

func (p *printer) aggArg(s *stage, x kql.Expr, before *list) (string, error) {
	f, err := s.expr(x)
	if err != nil {
		return "", err
	}
	switch x.(type) {
	case *kql.Const:
		return f.text, nil
	case *kql.ColRef:
		before.add(f.text, f.text)
		return f.text, nil
	}
	name := p.name("x")
	before.add(f.text, name)
	return name, nil
}
