package kql

import "math"

// narrow writes into every Scan below r the times that its rows can have for the
// query to see them, by the conditions above. The conditions stay.
func narrow(r Rel) {
	n := narrower{conds: map[Expr]bounds{}, done: map[Rel]bool{}}
	n.rel(r, nil)
}

// bounds are ranges of datetime columns, by their IDs. A column that has none can
// have any time.
type bounds map[int]TimeRange

type narrower struct {
	conds map[Expr]bounds
	done  map[Rel]bool // what is reached from several places, with nothing known
}

func (n narrower) rel(r Rel, known bounds) {
	for _, x := range Exprs(r) {
		walkExpr(x, n.subquery)
	}
	switch r := r.(type) {
	case *Scan:
		for i, c := range r.Columns {
			if r.Source[i].Name == r.Table.Time && r.Table.Time != "" {
				r.Time = known[c.ID]
			}
		}
	case *Filter:
		n.rel(r.Input, both(known, n.cond(r.Cond)))
	case *Project:
		n.rel(r.Input, through(r.Columns, r.Exprs, known))
	case *Aggregate:
		// A group is made of the rows of its key, so that a range of a key is one of rows.
		n.rel(r.Input, through(r.Columns[:len(r.Keys)], r.Keys, known))
	case *Sort:
		n.rel(r.Input, known)
	case *Expand:
		n.rel(r.Input, known)
	case *Apply:
		n.rel(r.Input, known)
		n.rel(r.Sub, nil)
	case *Union:
		for i, in := range r.Inputs {
			n.rel(in, through(r.Columns, r.Exprs[i], known))
		}
	case *Join:
		n.join(r, known)
	case *Shared:
		if !n.done[r] {
			n.done[r] = true
			n.rel(r.Input, nil)
		}
	default: // Limit and Window see rows that a condition above does not
		for _, in := range Inputs(r) {
			n.rel(in, nil)
		}
	}
}

// join passes on what is known of a side whose rows are only dropped when no row
// of the result needs them.
func (n narrower) join(r *Join, known bounds) {
	left, right := known, known
	switch r.Kind {
	case LeftOuter, LeftSemi, LeftAnti:
		right = nil
	case RightOuter, RightSemi, RightAnti:
		left = nil
	case InnerUnique:
		left = nil // another row would be the one of its key
	case FullOuter:
		left, right = nil, nil
	}
	n.rel(r.Left, left)
	n.rel(r.Right, right)
}

func (n narrower) subquery(x Expr) {
	switch x := x.(type) {
	case *ScalarQuery:
		n.root(x.Root)
	case *InQuery:
		n.root(x.Root)
	}
}

func (n narrower) root(r Rel) {
	if !n.done[r] {
		n.done[r] = true
		n.rel(r, nil)
	}
}

// through is what is known of the columns that exprs are made of, when cols are
// they.
func through(cols []Col, exprs []Expr, known bounds) bounds {
	out := bounds{}
	for i, c := range cols {
		if t, ok := known[c.ID]; ok {
			if id, t, ok := bound(exprs[i], t); ok {
				out[id] = intersect(out[id], t)
			}
		}
	}
	return out
}

// cond is what holds of columns where x is true.
func (n narrower) cond(x Expr) bounds {
	call, ok := x.(*Call)
	if !ok {
		return nil
	}
	if known, ok := n.conds[x]; ok {
		return known
	}
	var out bounds
	switch call.Func {
	case "and":
		out = both(n.cond(call.Args[0]), n.cond(call.Args[1]))
	case "or":
		out = either(n.cond(call.Args[0]), n.cond(call.Args[1]))
	case "between":
		from, ok := datetimeConst(call.Args[1])
		to, ok2 := datetimeConst(call.Args[2])
		if ok && ok2 {
			out = boundOf(call.Args[0], TimeRange{From: from, To: after(to), HasFrom: true, HasTo: true})
		}
	default:
		out = comparison(call)
	}
	n.conds[x] = out
	return out
}

// comparison is what holds of a column by == < <= > >= with a constant.
func comparison(call *Call) bounds {
	if len(call.Args) != 2 {
		return nil
	}
	op, x := call.Func, call.Args[0]
	at, ok := datetimeConst(call.Args[1])
	if !ok {
		if at, ok = datetimeConst(x); !ok {
			return nil
		}
		x = call.Args[1]
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}[op]
	}
	switch op {
	case ">":
		return boundOf(x, TimeRange{From: after(at), HasFrom: true})
	case ">=":
		return boundOf(x, TimeRange{From: at, HasFrom: true})
	case "<":
		return boundOf(x, TimeRange{To: at, HasTo: true})
	case "<=":
		return boundOf(x, TimeRange{To: after(at), HasTo: true})
	case "==":
		return boundOf(x, TimeRange{From: at, To: after(at), HasFrom: true, HasTo: true})
	}
	return nil
}

func boundOf(x Expr, t TimeRange) bounds {
	if id, t, ok := bound(x, t); ok {
		return bounds{id: t}
	}
	return nil
}

// bound turns a range of an expression into one of the column that it is made of:
// the column itself, a span more or less, its bin or the start of its day.
func bound(x Expr, t TimeRange) (id int, out TimeRange, ok bool) {
	if x.Type() != Datetime {
		return 0, TimeRange{}, false
	}
	if ref, ok := x.(*ColRef); ok {
		return ref.Col.ID, t, true
	}
	call, isCall := x.(*Call)
	if !isCall || len(call.Args) == 0 {
		return 0, TimeRange{}, false
	}
	width := TicksPerDay
	if len(call.Args) == 2 {
		k, ok := call.Args[1].(*Const)
		if !ok || k.T != Timespan || k.Value == nil {
			return 0, TimeRange{}, false
		}
		width = k.Value.(int64) //nolint:forcetypeassert // a timespan is
	}
	switch {
	case call.Func == "+" && len(call.Args) == 2:
		return bound(call.Args[0], shift(t, -width))
	case call.Func == "-" && len(call.Args) == 2:
		return bound(call.Args[0], shift(t, width))
	case call.Func == "bin" && len(call.Args) == 2 && width > 0, call.Func == "startofday" && len(call.Args) == 1:
		// At most width before the value itself.
		if t.HasTo {
			t.To = shift(TimeRange{To: t.To, HasTo: true}, width).To
		}
		return bound(call.Args[0], t)
	}
	return 0, TimeRange{}, false
}

func shift(t TimeRange, by int64) TimeRange {
	if t.HasFrom {
		t.From = saturated(t.From, by)
	}
	if t.HasTo {
		t.To = saturated(t.To, by)
	}
	return t
}

func saturated(a, b int64) int64 {
	switch s := a + b; {
	case b > 0 && s < a:
		return math.MaxInt64
	case b < 0 && s > a:
		return math.MinInt64
	default:
		return s
	}
}

func after(at int64) int64 { return saturated(at, 1) }

func datetimeConst(x Expr) (int64, bool) {
	k, ok := x.(*Const)
	if !ok || k.T != Datetime || k.Value == nil {
		return 0, false
	}
	at, ok := k.Value.(int64)
	return at, ok
}

// both is what holds where a and b hold.
func both(a, b bounds) bounds {
	if len(b) == 0 {
		return a
	}
	out := bounds{}
	for id, t := range a {
		out[id] = t
	}
	for id, t := range b {
		out[id] = intersect(out[id], t)
	}
	return out
}

// either is what holds where a or b holds.
func either(a, b bounds) bounds {
	out := bounds{}
	for id, t := range a {
		if u, ok := b[id]; ok {
			out[id] = hull(t, u)
		}
	}
	return out
}

func intersect(t, u TimeRange) TimeRange {
	if u.HasFrom && (!t.HasFrom || u.From > t.From) {
		t.From, t.HasFrom = u.From, true
	}
	if u.HasTo && (!t.HasTo || u.To < t.To) {
		t.To, t.HasTo = u.To, true
	}
	return t
}

func hull(t, u TimeRange) TimeRange {
	out := TimeRange{HasFrom: t.HasFrom && u.HasFrom, HasTo: t.HasTo && u.HasTo}
	if out.HasFrom {
		out.From = min(t.From, u.From)
	}
	if out.HasTo {
		out.To = max(t.To, u.To)
	}
	return out
}
