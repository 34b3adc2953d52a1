package sql

import (
	"fmt"
	"strings"

	"reslog/kql"
)

// scan prints a table: the relation of the store under the plan's names.
func (p *printer) scan(r *kql.Scan) (rel, error) {
	if p.o.Scan == nil {
		return rel{}, fmt.Errorf("print a plan: there is nothing to read the table %s from", r.Table.Name)
	}
	var used []kql.Column
	var names []string
	for i, c := range r.Columns {
		if p.needed[c.ID] {
			used = append(used, r.Source[i])
			names = append(names, column(c))
		}
	}
	from, err := p.o.Scan(r, used)
	if err != nil {
		return rel{}, err
	}
	if len(names) == 0 {
		return rel{from: p.inline("SELECT 1 AS one FROM " + from + " AS t")}, nil
	}
	return rel{from: p.inline("SELECT " + strings.Join(names, ", ") + " FROM " + from + " AS t(" + strings.Join(names, ", ") + ")")}, nil
}

// values prints rows of constant expressions. Several have the order in which
// they are written.
func (p *printer) values(r *kql.Values) (rel, error) {
	rows, literal, err := p.rows(r)
	if err != nil {
		return rel{}, err
	}
	cols := p.used(r.Columns)
	if !literal || len(rows) == 0 {
		return p.computed(r, cols)
	}
	var l list
	names := make([]string, 0, len(cols)+1)
	p.keep(&l, cols, nil)
	for _, c := range cols {
		names = append(names, column(c))
	}
	ordinal := p.name("o")
	names = append(names, ordinal)
	l.add(ordinal, ordinal)
	return rel{
		from:  p.inline("SELECT " + l.String() + " FROM " + p.d.Values(rows, names)),
		order: []key{{name: ordinal}},
	}, nil
}

// rows prints the needed columns of values with an ordinal behind them. literal is
// false when some need more than a literal.
func (p *printer) rows(r *kql.Values) (rows [][]string, literal bool, err error) {
	at := make(map[int]int, len(r.Columns))
	for i, c := range r.Columns {
		at[c.ID] = i
	}
	cols := p.used(r.Columns)
	for n, row := range r.Rows {
		out := make([]string, 0, len(cols)+1)
		for _, c := range cols {
			k, ok := row[at[c.ID]].(*kql.Const)
			if !ok {
				return nil, false, nil
			}
			text, err := p.d.Literal(c.Type, k.Value)
			if err != nil {
				return nil, false, err
			}
			out = append(out, text)
		}
		ordinal, err := p.d.Literal(kql.Long, int64(n))
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, append(out, ordinal))
	}
	return rows, true, nil
}

// computed prints values that are expressions, or none: a SELECT a row.
func (p *printer) computed(r *kql.Values, cols []kql.Col) (rel, error) {
	ordinal := p.name("o")
	rows := r.Rows
	if len(rows) == 0 {
		null := make([]kql.Expr, len(r.Columns))
		for i, c := range r.Columns {
			null[i] = &kql.Const{T: c.Type}
		}
		rows = [][]kql.Expr{null}
	}
	selects := make([]string, len(rows))
	for n, row := range rows {
		s := p.constants()
		var l list
		for i, c := range r.Columns {
			if !p.needed[c.ID] {
				continue
			}
			text, err := s.text(row[i])
			if err != nil {
				return rel{}, err
			}
			l.add(text, column(c))
		}
		number, err := p.d.Literal(kql.Long, int64(n))
		if err != nil {
			return rel{}, err
		}
		l.add(number, ordinal)
		selects[n] = "SELECT " + l.String() + " FROM " + s.source()
	}
	if len(r.Rows) == 0 {
		selects[0] += " WHERE false"
	}
	out := rel{from: p.inline(strings.Join(selects, " UNION ALL "))}
	if len(rows) > 1 {
		out.order = []key{{name: ordinal}}
	}
	return out, nil
}

// sequence prints the range operator, in its order.
func (p *printer) sequence(r *kql.Sequence) (rel, error) {
	col := r.Columns[0]
	s := p.constants()
	var l list
	ends := [3]string{p.name("x"), p.name("x"), p.name("x")}
	for i, x := range []kql.Expr{r.From, r.To, r.Step} {
		text, err := s.text(x)
		if err != nil {
			return rel{}, err
		}
		l.add(text, ends[i])
	}
	bounds := p.inline("SELECT " + l.String() + " FROM " + s.source())
	last := p.name("x")
	counted := p.inline("SELECT *, " + p.d.Steps(col.Type, ends[0], ends[1], ends[2]) + " AS " + last + " FROM " + bounds)
	i := p.name("o")
	value := p.d.At(col.Type, ends[0], ends[2], i)
	body := "SELECT " + value + " AS " + column(col) + ", " + i + " FROM " + counted + " AS t, " + p.d.Numbers(last, i)
	return rel{from: p.inline(body), order: []key{{name: i}}}, nil
}

// filter prints a where.
func (p *printer) filter(r *kql.Filter) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	s := p.stage(in)
	cond, err := s.cond(r.Cond)
	if err != nil {
		return rel{}, err
	}
	var l list
	p.keep(&l, r.Columns, in.order)
	from := s.source()
	return rel{from: p.inline("SELECT " + l.String() + " FROM " + from + " WHERE " + cond.text), order: in.order, groupings: in.groupings}, nil
}

// project prints computed columns. The last of a statement, if it only leaves
// columns out, needs nothing: the statement names those that it takes, and engines
// plan a level less.
func (p *printer) project(r *kql.Project) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	s := p.stage(in)
	l, heavy, err := p.columns(s, r.Columns, r.Exprs)
	if err != nil {
		return rel{}, err
	}
	p.keep(l, nil, in.order)
	if r == p.top && !heavy && len(s.levels) == 0 && l.onlyNames() {
		return in, nil
	}
	from := s.source()
	return rel{from: p.relation(heavy, "SELECT "+l.String()+" FROM "+from), order: in.order, groupings: in.groupings}, nil
}

// columns prints the columns of exprs that are needed, and whether one is heavy.
func (p *printer) columns(s *stage, cols []kql.Col, exprs []kql.Expr) (*list, bool, error) {
	l := &list{}
	isHeavy := false
	for i, c := range cols {
		if !p.needed[c.ID] {
			continue
		}
		f, err := s.expr(exprs[i])
		if err != nil {
			return nil, false, err
		}
		if p.weights[c.ID] = f.weight; f.weight > heavy {
			isHeavy, p.weights[c.ID] = true, 1
		}
		l.add(f.text, column(c))
	}
	return l, isHeavy, nil
}

// sort prints a sort.
func (p *printer) sort(r *kql.Sort) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	return p.ordered(in, r.Columns, r.Keys)
}

// sortKeys prints the keys of a sort. l is nil when all of them are columns.
func (p *printer) sortKeys(s *stage, cols []kql.Col, order []kql.Order) (l *list, keys []key, err error) {
	l = &list{}
	p.keep(l, cols, nil)
	computed := false
	add := func(text string, o kql.Order) {
		name := p.name("o")
		l.add(text, name)
		keys = append(keys, key{name, o.Desc, o.NullsFirst})
		computed = true
	}
	for _, o := range order {
		f, err := s.expr(o.X)
		if err != nil {
			return nil, nil, err
		}
		ref, isColumn := o.X.(*kql.ColRef)
		if t := o.X.Type(); t == kql.Real || t == kql.Decimal {
			// Not a number stands next to null, whichever end that is at.
			add(p.d.IsNaN(f.text), kql.Order{Desc: o.NullsFirst, NullsFirst: o.NullsFirst})
		}
		if isColumn {
			l.add(f.text, f.text)
			keys = append(keys, key{column(ref.Col), o.Desc, o.NullsFirst})
		} else {
			add(f.text, o)
		}
	}
	if !computed {
		l = nil
	}
	return l, keys, nil
}

// limit keeps the first rows, or some.
func (p *printer) limit(r *kql.Limit) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	n, err := p.count(r.N)
	if err != nil {
		return rel{}, err
	}
	var l list
	p.keep(&l, r.Columns, in.order)
	by := orderBy(in.order)
	if r.Sample {
		by = " ORDER BY " + p.d.Random()
	}
	return rel{from: p.inline("SELECT " + l.String() + " FROM " + in.from + by + " LIMIT " + n), order: in.order, groupings: in.groupings}, nil
}

// count prints a number of rows.
func (p *printer) count(x kql.Expr) (string, error) {
	if k, ok := x.(*kql.Const); ok {
		n, _ := k.Value.(int64)
		return fmt.Sprint(max(n, 0)), nil
	}
	s := p.constants()
	text, err := s.text(x)
	if err != nil {
		return "", err
	}
	return "(SELECT greatest(coalesce(" + text + ", 0), 0) FROM " + s.source() + ")", nil
}

// share prints a relation that is used more than once, once.
func (p *printer) share(r *kql.Shared) (rel, error) {
	if done, ok := p.shared[r]; ok {
		return done, nil
	}
	in, err := p.uncorrelated(r.Input)
	if err != nil {
		return rel{}, err
	}
	if p.uses[r] > 1 {
		scope := p.scope
		if !p.depends(r.Input) {
			p.scope = p.root
		}
		var l list
		p.keep(&l, r.Columns, in.order)
		in.from, in.groupings = p.shareable("SELECT "+l.String()+" FROM "+in.from), 0
		p.scope = scope
	}
	p.shared[r] = in
	return in, nil
}
