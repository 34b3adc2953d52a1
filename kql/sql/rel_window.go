package sql

import (
	"reslog/kql"
)

// window prints columns that look at other rows. The rows get a number in their
// order, so that all functions, and what comes after, agree on one order where the
// keys of the sort do not decide.
func (p *printer) window(r *kql.Window) (rel, error) {
	in, err := p.rel(r.Input)
	if err != nil {
		return rel{}, err
	}
	if in.order == nil && r.Order != nil {
		if in, err = p.ordered(in, r.Input.Cols(), r.Order); err != nil {
			return rel{}, err
		}
	}
	in = p.number(in, r.Input.Cols())
	s := p.stage(in)
	s.over = "ORDER BY " + ordering(in.order)
	computed := r.Columns[len(r.Columns)-len(r.Exprs):]
	l, heavy, err := p.columns(s, computed, r.Exprs)
	if err != nil {
		return rel{}, err
	}
	p.keep(l, r.Input.Cols(), in.order)
	from := s.source()
	return rel{from: p.relation(heavy, "SELECT "+l.String()+" FROM "+from), order: in.order, groupings: in.groupings}, nil
}

// ordered is a relation in an order that the plan gives. It only notes the order:
// rows are sorted where it matters.
func (p *printer) ordered(in rel, cols []kql.Col, order []kql.Order) (rel, error) {
	s := p.stage(in)
	l, keys, err := p.sortKeys(s, cols, order)
	if err != nil || l == nil {
		return rel{from: in.from, order: keys, groupings: in.groupings}, err
	}
	from := s.source()
	return rel{from: p.inline("SELECT " + l.String() + " FROM " + from), order: keys, groupings: in.groupings}, nil
}

// restart is the index of the argument that begins the count anew, -1 for none.
func restart(function string) int {
	switch function {
	case "row_number", "row_cumsum", "row_rank_min", "row_rank_dense":
		return 1
	}
	return -1
}

// windowCall prints a function over the rows before and after: a column, since
// its arguments may be such columns too.
func (s *stage) windowCall(x *kql.WindowCall) (frag, error) {
	if s.over == "" {
		return frag{}, kql.Refuse(x.At, x.Func, x.Func+" cannot stand here")
	}
	over, args := s.over, x.Args
	out := frag{weight: 1}
	if i := restart(x.Func); i >= 0 && i < len(args) {
		part, err := s.parts(args[i])
		if err != nil {
			return frag{}, err
		}
		if part.text != "" {
			over = "PARTITION BY " + part.text + " " + over
			out.add(part)
		}
		args = args[:i]
	}
	texts := make([]string, len(args))
	for i, a := range args {
		f, err := s.expr(a)
		if err != nil {
			return frag{}, err
		}
		texts[i] = f.text
		out.add(f)
	}
	if x.Func == "row_rank_min" || x.Func == "row_rank_dense" {
		return s.rank(x, texts[0], over, out)
	}
	text, err := s.p.d.Window(x, texts, over)
	if err != nil {
		return frag{}, err
	}
	if x.T == kql.String {
		text = "coalesce(" + text + ", '')"
	}
	out.text = text
	return s.hoist(out), nil
}

// running is the frame of what counts up to a row.
const running = " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"

// parts numbers the parts that a restart condition divides the rows into; empty
// for a condition that is a constant false.
func (s *stage) parts(cond kql.Expr) (frag, error) {
	if k, ok := cond.(*kql.Const); ok && k.Value != true {
		return frag{}, nil
	}
	f, err := s.cond(cond)
	if err != nil {
		return frag{}, err
	}
	f.text = "sum(CASE WHEN " + f.text + " THEN 1 ELSE 0 END) OVER (" + s.over + running + ")"
	return s.hoist(f), nil
}

// rank counts the runs of equal values up to a row, or is the number of the first
// row of its run.
func (s *stage) rank(x *kql.WindowCall, term, over string, f frag) (frag, error) {
	f.text = "row_number() OVER (" + over + ")"
	number := s.hoist(f)
	f.text = "lag(" + term + ") OVER (" + over + ")"
	before := s.hoist(f)
	begin := frag{weight: 1}
	begin.add(number)
	begin.add(before)
	begin.text = "(" + number.text + " = 1 OR " + term + " IS DISTINCT FROM " + before.text + ")"
	first := s.hoist(begin)
	out := frag{weight: 1}
	out.add(first)
	out.text = "sum(CASE WHEN " + first.text + " THEN 1 ELSE 0 END) OVER (" + over + running + ")"
	if x.Func == "row_rank_min" {
		out.add(number)
		out.text = "max(CASE WHEN " + first.text + " THEN " + number.text + " END) OVER (" + over + running + ")"
	}
	out.text = s.p.d.Cast(x.T, out.text)
	return s.hoist(out), nil
}
