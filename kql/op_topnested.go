package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// opTopNested binds top-nested: for every level the values of a column that have
// the greatest aggregate, among the rows of the values kept on the level before.
// The output is value and aggregate of every level.
//
// Source: the Kusto Query Language reference, "top-nested operator".
func (b *binder) opTopNested(sc scope, in rel, op *syntax.TopNested) (rel, error) {
	if len(op.Levels) > 1 {
		in.Rel = &Shared{Out: Out{in.Cols()}, Input: in.Rel}
	}
	t := &topNested{b: b, sc: sc, names: newNamer()}
	for i := range op.Levels {
		if op.Levels[i].Others != nil {
			return rel{}, b.refuse(op.Levels[i].Span, "top-nested with others")
		}
		t.levels = append(t.levels, op.Levels[i])
		source := in
		if len(op.Levels) > 1 {
			source = b.fresh(in)
		}
		if err := t.level(source); err != nil {
			return rel{}, err
		}
	}
	return t.kept, nil
}

// topNested is the levels done so far.
type topNested struct {
	b      *binder
	sc     scope
	names  *namer
	keys   []string // the names of the values of the levels
	levels []syntax.TopNestedLevel
	kept   rel // value and aggregate of the levels, after the first
}

// level adds the last of levels.
func (t *topNested) level(in rel) error {
	b, op, n := t.b, t.levels[len(t.levels)-1], len(t.levels)-1
	keys, err := t.groupBy(in)
	if err != nil {
		return err
	}
	over, row := t.sc.over(in)
	row.aggs = &aggregation{omit: map[int]bool{}}
	value, err := b.computedOne(over, op.By)
	if err != nil {
		return err
	}
	if len(value) != 1 || len(row.aggs.aggs) == 0 {
		return b.fail(op.By.Pos(), "KS236", "top-nested needs one aggregate after by")
	}
	if err := b.onlyAggregates(in, row.aggs, []syntax.Expr{op.By}, value[0]); err != nil {
		return err
	}
	if _, ok := op.By.(*syntax.Named); !ok {
		value[0].name, value[0].given = "aggregated_"+keys[n].name, false
	}
	if err := b.named(t.names, value); err != nil {
		return err
	}
	grouped := b.grouped(in, keys, row.aggs, value, false)
	count, err := t.count(op)
	if err != nil {
		return err
	}
	t.kept = t.top(t.joined(grouped, n), n, count, op.Asc)
	return nil
}

// groupBy binds the values of all levels so far over the rows of this one.
func (t *topNested) groupBy(in rel) ([]column, error) {
	var xs []syntax.Expr
	for _, l := range t.levels {
		xs = append(xs, l.X)
	}
	keys, err := t.b.groupKeys(t.sc, in, xs)
	if err != nil {
		return nil, err
	}
	if len(keys) != len(xs) {
		return nil, t.b.fail(xs[len(xs)-1].Pos(), "", "top-nested takes one value a level")
	}
	last := len(keys) - 1
	if keys[last].name == "" {
		return nil, t.b.fail(keys[last].at, "", "the value of top-nested needs a name: of Name = …")
	}
	t.keys = append(t.keys, t.names.unique(keys[last].name))
	for i := range keys {
		keys[i].name, keys[i].given = t.keys[i], true
	}
	return keys, nil
}

func (t *topNested) count(op syntax.TopNestedLevel) (Expr, error) {
	if op.Count == nil {
		return nil, nil
	}
	return t.b.constOf(t.sc, op.Count, Long)
}

// joined keeps the groups of level n whose values before n are kept, with what
// the levels before have.
func (t *topNested) joined(grouped rel, n int) rel {
	if n == 0 {
		return grouped
	}
	cols := grouped.Cols()
	j := &Join{Kind: Inner, Left: t.kept.Rel, Right: grouped.Rel}
	for i := range n {
		j.LeftKeys = append(j.LeftKeys, &ColRef{t.kept.Cols()[2*i]})
		j.RightKeys = append(j.RightKeys, &ColRef{cols[i]})
	}
	j.Columns = slices.Concat(t.kept.Cols(), cols[n:])
	return rel{Rel: j}
}

// top keeps the first rows by the last aggregate: of all on level 0, else for
// every combination of the values before.
func (t *topNested) top(in rel, n int, count Expr, asc bool) rel {
	if count == nil {
		return in
	}
	cols := in.Cols()
	by := Order{X: &ColRef{cols[2*n+1]}, Desc: !asc, NullsFirst: asc}
	if n == 0 {
		sorted := &Sort{Out: Out{cols}, Input: in.Rel, Keys: []Order{by}}
		return rel{Rel: &Limit{Out: Out{cols}, Input: sorted, N: count}}
	}
	var order []Order
	var before []Expr
	for i := range n {
		order = append(order, Order{X: &ColRef{cols[2*i]}, NullsFirst: true})
		before = append(before, &ColRef{cols[2*i]})
	}
	order = append(order, by)
	sorted := rel{Rel: &Sort{Out: Out{cols}, Input: in.Rel, Keys: order}, serialized: true, order: order}
	return t.firstOf(sorted, before, count)
}

// firstOf keeps the first rows of every run of equal values of a sorted relation.
func (t *topNested) firstOf(in rel, values []Expr, count Expr) rel {
	b, cols := t.b, in.Cols()
	w := &Window{Input: in.Rel, Order: in.order}
	var changed []Expr
	for _, v := range values {
		c := b.newCol("", v.Type())
		w.Columns, w.Exprs = append(w.Columns, c), append(w.Exprs, &WindowCall{T: v.Type(), Func: "prev", Args: []Expr{v}})
		changed = append(changed, &Call{T: Bool, Func: "!=", Args: []Expr{v, &ColRef{c}}})
	}
	w.Columns = slices.Concat(cols, w.Columns)
	number := b.newCol("", Long)
	numbered := &Window{Input: w, Order: in.order}
	numbered.Exprs = []Expr{&WindowCall{T: Long, Func: "row_number", Args: []Expr{&Const{Long, int64(1)}, anyOf(changed, syntax.Span{})}}}
	numbered.Columns = append(slices.Clone(w.Columns), number)
	first := filtered(rel{Rel: numbered}, &Call{T: Bool, Func: "<=", Args: []Expr{&ColRef{number}, count}})
	return b.keep(first, cols)
}

// opTopHitters binds top-hitters, exactly: the values with the most rows, or with
// the greatest sum.
//
// Source: the Kusto Query Language reference, "top-hitters operator".
func (b *binder) opTopHitters(sc scope, in rel, op *syntax.TopHitters) (rel, error) {
	key, err := b.column(in, op.X)
	if err != nil {
		return rel{}, err
	}
	if key.Type == Dynamic {
		return rel{}, b.fail(op.X.Pos(), codeNotGroupable, "the values of top-hitters cannot be dynamic")
	}
	n, err := b.constOf(sc, op.Count, Long)
	if err != nil {
		return rel{}, err
	}
	agg, name := &Agg{T: Long, Func: "count", At: op.Span}, "approximate_count_"+key.Name
	if op.By != nil {
		over, row := sc.over(in)
		row.aggs = &aggregation{}
		sum := &syntax.Call{Span: op.By.Pos(), Func: syntax.Name{Span: op.By.Pos(), Text: "sum"}, Args: []syntax.Expr{op.By}}
		if _, err := b.expr(over, sum); err != nil {
			return rel{}, err
		}
		agg, name = row.aggs.aggs[0], "approximate_sum_"+b.autoName(over, op.By)
	}
	out := b.newCol(key.Name, key.Type)
	cols := []Col{out, b.newCol(name, agg.T)}
	grouped := &Aggregate{Out: Out{cols}, Input: in.Rel, Keys: []Expr{&ColRef{key}}, Aggs: []*Agg{agg}}
	keys := []Order{{X: &ColRef{cols[1]}, Desc: true}}
	sorted := &Sort{Out: Out{cols}, Input: grouped, Keys: keys}
	return rel{Rel: &Limit{Out: Out{cols}, Input: sorted, N: n}, serialized: true, order: keys}, nil
}
