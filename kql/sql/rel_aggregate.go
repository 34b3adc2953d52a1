package sql

import "reslog/kql"

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
	if len(group) > 0 || r.Distinct {
		body += groupBy(group)
	}
	return rel{from: p.inline(body), groupings: in.groupings}, nil
}

// aggregates prints the aggregates that are needed.
func (p *printer) aggregates(s *stage, r *kql.Aggregate, before, after *list) error {
	var aggs []*kql.Agg
	var names []string
	for i, a := range r.Aggs {
		if col := r.Columns[len(r.Keys)+i]; p.needed[col.ID] {
			aggs, names = append(aggs, a), append(names, column(col))
		}
	}
	texts, err := p.aggs(s, aggs, before, ordering(s.order))
	for i, text := range texts {
		after.add(text, names[i])
	}
	return err
}

// aggs prints aggregates whose arguments become columns of the list before them.
func (p *printer) aggs(s *stage, aggs []*kql.Agg, before *list, order string) ([]string, error) {
	rows := make([]Rows, len(aggs))
	for i, a := range aggs {
		var err error
		if rows[i], err = p.aggRows(s, a, before, order); err != nil {
			return nil, err
		}
	}
	texts := make([]string, len(aggs))
	for i, a := range aggs {
		in := rows[i]
		for k, o := range rows {
			if aggs[k].Func == a.Func && in.Filter == o.Filter && len(in.Args) > 0 && len(o.Args) > 0 && in.Args[0] == o.Args[0] {
				in.Beside = append(in.Beside, aggs[k])
			}
		}
		text, err := p.d.Aggregate(a, in)
		if err != nil {
			return nil, err
		}
		if a.T == kql.String {
			text = "coalesce(" + text + ", '')"
		}
		texts[i] = text
	}
	return texts, nil
}

// aggRows are the rows that an aggregate is over. Constants stay: a percentile must
// be one.
func (p *printer) aggRows(s *stage, a *kql.Agg, before *list, order string) (Rows, error) {
	in := Rows{Args: make([]string, len(a.Args)), Order: order}
	for i, x := range a.Args {
		text, err := p.aggArg(s, x, before)
		if err != nil {
			return in, err
		}
		in.Args[i] = text
	}
	if a.Filter != nil {
		f, err := s.cond(a.Filter)
		if err != nil {
			return in, err
		}
		in.Filter = p.under(before, f)
	}
	return in, nil
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
	return p.under(before, f), nil
}

// under is the name of a column of the list that is f: one for all that use it.
func (p *printer) under(l *list, f frag) string {
	if name, ok := l.made[f.text]; ok && !f.fickle {
		return name
	}
	name := p.name("x")
	l.add(f.text, name)
	if l.made == nil {
		l.made = make(map[string]string)
	}
	l.made[f.text] = name
	return name
}
