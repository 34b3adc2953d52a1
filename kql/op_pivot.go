package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// maxPivot is how many columns pivot makes.
const maxPivot = 1000

// pivot is the plugin pivot(Column [, Aggregate] [, Keys…]): a row for every
// combination of the keys, a column for every value of the pivot column, by name.
// Without keys they are all columns that are neither the pivot's nor in the
// aggregate. Without a schema the values are read while the query is bound.
//
// Source: the Kusto Query Language reference, "pivot plugin".
func (p *plugin) pivot() (rel, error) {
	if err := p.count(1, -1); err != nil {
		return rel{}, err
	}
	by, err := p.b.column(p.in, p.args[0])
	if err != nil {
		return rel{}, err
	}
	if by.Type == Dynamic {
		return rel{}, p.b.fail(p.args[0].Pos(), codeNotGroupable, "a dynamic column cannot be pivoted; tostring() makes one that can")
	}
	agg, err := p.pivotAggregate()
	if err != nil {
		return rel{}, err
	}
	keys, err := p.pivotKeys(by, agg)
	if err != nil {
		return rel{}, err
	}
	value := asText(&ColRef{by}, p.op.Span)
	values, err := p.pivotValues(keys, value)
	if err != nil {
		return rel{}, err
	}
	names := newNamer()
	out := &Aggregate{Input: p.in.Rel}
	for _, k := range keys {
		names.reserve(k.Name)
		out.Columns, out.Keys = append(out.Columns, p.b.newCol(k.Name, k.Type)), append(out.Keys, &ColRef{k})
	}
	for _, v := range values {
		if v == "" {
			return rel{}, p.b.refuse(p.op.Span, "pivot over rows without a value (filter them first)")
		}
		if !names.reserve(v) {
			return rel{}, p.b.fail(p.op.Span, codeDuplicateColumn, "pivot makes a column %s and there is one already", v)
		}
		of := *agg
		of.Filter = &Call{T: Bool, Func: "==", Args: []Expr{value, &Const{String, v}}}
		if agg.Filter != nil {
			of.Filter = all([]Expr{agg.Filter, of.Filter})
		}
		out.Columns, out.Aggs = append(out.Columns, p.b.newCol(v, agg.T)), append(out.Aggs, &of)
	}
	out.Distinct = len(out.Aggs) == 0
	if len(out.Columns) == 0 {
		return rel{}, p.b.fail(p.op.Span, "", "pivot finds no value and has no other column")
	}
	return rel{Rel: out}, nil
}

// pivotAggregate is the second argument, count() without it. Only aggregates whose
// value over no rows is certain are taken: the cells without rows have it.
func (p *plugin) pivotAggregate() (*Agg, error) {
	if len(p.args) < 2 {
		return &Agg{T: Long, Func: "count", At: p.op.Span}, nil
	}
	x := p.args[1]
	call, ok := unparen(x).(*syntax.Call)
	if !ok {
		return nil, p.b.fail(x.Pos(), "KS236", "the second argument of pivot must be an aggregate")
	}
	over, row := p.sc.over(p.in)
	row.aggs = &aggregation{}
	if _, err := p.b.computedOne(over, call); err != nil {
		return nil, err
	}
	if len(row.aggs.aggs) != 1 {
		return nil, p.b.refuse(x.Pos(), "an aggregate of several columns in pivot")
	}
	agg := row.aggs.aggs[0]
	switch agg.Func {
	case "count", "sum", "min", "max", "dcount", "take_any", "any", "make_list", "make_set":
		return agg, nil
	}
	return nil, p.b.refuse(x.Pos(), "pivot with the aggregate "+agg.Func)
}

// pivotKeys are the columns that stay.
func (p *plugin) pivotKeys(by Col, agg *Agg) ([]Col, error) {
	var out []Col
	if len(p.args) > 2 {
		for _, x := range p.args[2:] {
			c, err := p.b.column(p.in, x)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	} else {
		used := map[int]bool{by.ID: true}
		for _, x := range append(slices.Clone(agg.Args), agg.Filter) {
			if x != nil {
				walkExpr(x, func(x Expr) {
					if ref, ok := x.(*ColRef); ok {
						used[ref.Col.ID] = true
					}
				})
			}
		}
		for _, c := range p.in.visible() {
			if !used[c.ID] {
				out = append(out, c)
			}
		}
	}
	for _, c := range out {
		if c.Type == Dynamic {
			return nil, p.b.fail(p.op.Span, codeNotGroupable, "the column %s is dynamic and cannot be grouped by", c.Name)
		}
	}
	return out, nil
}

// pivotValues are the names of the columns that pivot makes.
func (p *plugin) pivotValues(keys []Col, value Expr) ([]string, error) {
	var out []string
	if p.op.Schema != nil || p.op.SchemaStar {
		return nil, p.b.refuse(p.op.Span, "a schema of pivot")
	}
	probe := &Aggregate{Out: Out{[]Col{p.b.newCol("value", String)}}, Input: p.in.Rel, Keys: []Expr{value}, Distinct: true}
	rows, err := p.b.probe(p.op.Span, "evaluate pivot", probe, maxPivot)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		text, _ := r[0].(string)
		out = append(out, text)
	}
	slices.Sort(out)
	return out, nil
}
