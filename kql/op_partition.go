package kql

import "reslog/kql/syntax"

// maxPartitions is how many values partition runs its pipe for.
const maxPartitions = 256

// opPartition binds partition by Column (pipe): the pipe for the rows of every
// value, the results one after the other. The values are read while the query is
// bound.
//
// Source: the Kusto Query Language reference, "partition operator".
func (b *binder) opPartition(sc scope, in rel, op *syntax.Partition) (rel, error) {
	if op.Sub == nil {
		return rel{}, b.refuse(op.Span, "partition with a query in braces")
	}
	if _, err := b.options("partition", op.Options); err != nil {
		return rel{}, err
	}
	by, err := b.column(in, op.By)
	if err != nil {
		return rel{}, err
	}
	if by.Type == Dynamic || by.Type == Real {
		return rel{}, b.refuse(op.By.Pos(), "partition by a column of type "+by.Type.String())
	}
	probe := &Aggregate{Out: Out{[]Col{b.newCol(by.Name, by.Type)}}, Input: in.Rel, Keys: []Expr{&ColRef{by}}, Distinct: true}
	values, err := b.probe(op.Span, "partition", probe, maxPartitions)
	if err != nil {
		return rel{}, err
	}
	in.Rel = &Shared{Out: Out{in.Cols()}, Input: in.Rel}
	none := len(values) == 0
	if none {
		values = [][]any{{nil}} // the columns are those of the pipe all the same
	}
	var legs []leg
	for _, v := range values {
		part := b.fresh(in)
		key, err := b.column(part, op.By)
		if err != nil {
			return rel{}, err
		}
		sub, err := b.pipe(sc, filtered(part, equalTo(&ColRef{key}, v[0])), op.Sub)
		if err != nil {
			return rel{}, err
		}
		legs = append(legs, leg{rel: b.shown(sub)})
	}
	if none {
		return filtered(legs[0].rel, &Const{Bool, false}), nil
	}
	if len(legs) == 1 {
		return legs[0].rel, nil
	}
	return b.united(op.Span, legs, "", "", false)
}

// equalTo is a column equal to a value, or null with it.
func equalTo(x Expr, value any) Expr {
	if value == nil {
		return &Call{T: Bool, Func: "isnull", Args: []Expr{x}}
	}
	return &Call{T: Bool, Func: "==", Args: []Expr{x, &Const{x.Type(), value}}}
}
