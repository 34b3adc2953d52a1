package kql

import (
	"encoding/json"
	"slices"
)

// narrow is the plugin narrow(): a row for every value, with the number of its row
// from 0 and the name of its column.
//
// Source: the Kusto Query Language reference, "narrow plugin".
func (p *plugin) narrow() (rel, error) {
	if err := p.count(0, 0); err != nil {
		return rel{}, err
	}
	b := p.b
	cols := p.in.visible()
	number := b.newCol("", Long)
	w := &Window{Out: Out{append(slices.Clone(p.in.Cols()), number)}, Input: p.in.Rel, Order: p.in.order}
	w.Exprs = []Expr{&WindowCall{T: Long, Func: "row_number", Args: []Expr{&Const{Long, int64(0)}}, At: p.op.Span}}
	texts := make([]Expr, len(cols))
	for i, c := range cols {
		texts[i] = boxed(asText(&ColRef{c}, p.op.Span))
	}
	values := &Call{T: Dynamic, Func: "pack_array", Args: texts, At: p.op.Span}
	names, err := json.Marshal(columnNames(cols))
	if err != nil {
		return rel{}, err
	}
	name, value := b.newCol("", Dynamic), b.newCol("", Dynamic)
	x := &Expand{Input: w, Items: []Expr{&Const{Dynamic, string(names)}, values}}
	x.Columns = append(slices.Clone(w.Columns), name, value)
	out := []Col{b.newCol("Row", Long), b.newCol("Column", String), b.newCol("Value", String)}
	return b.project(rel{Rel: x}, out, []Expr{
		&ColRef{number},
		&Call{T: String, Func: "tostring", Args: []Expr{&ColRef{name}}},
		&Call{T: String, Func: "tostring", Args: []Expr{&ColRef{value}}},
	}), nil
}

// ipv4Lookup is the plugin ipv4_lookup(Table, Address, Networks [, Keys…]
// [, return_unmatched]): the rows with those of a table whose network an address
// is in, all of them. The columns are those of a join.
//
// Source: the Kusto Query Language reference, "ipv4_lookup plugin".
func (p *plugin) ipv4Lookup() (rel, error) {
	if err := p.count(3, -1, "return_unmatched"); err != nil {
		return rel{}, err
	}
	b, left := p.b, p.in
	unmatched, err := p.returnUnmatched()
	if err != nil {
		return rel{}, err
	}
	right, err := b.tabular(p.sc, p.args[0])
	if err != nil {
		return rel{}, err
	}
	if sharesColumns(left, right) {
		right = b.fresh(right)
	}
	id := b.newCol("", Long)
	id.Hidden = true
	if unmatched {
		number := &WindowCall{T: Long, Func: "row_number", Args: []Expr{&Const{Long, int64(1)}}, At: p.op.Span}
		w := &Window{Out: Out{append(slices.Clone(left.Cols()), id)}, Input: left.Rel, Exprs: []Expr{number}}
		left = rel{Rel: &Shared{Out: Out{w.Columns}, Input: w}}
	}
	address, err := b.column(left, p.args[1])
	if err != nil {
		return rel{}, err
	}
	network, err := b.column(right, p.args[2])
	if err != nil {
		return rel{}, err
	}
	j := &Join{Kind: Inner, Left: left.Rel, Right: right.Rel}
	if err := p.lookupKeys(left, right, j); err != nil {
		return rel{}, err
	}
	if address.Type != String || network.Type != String {
		return rel{}, b.fail(p.op.Span, codeType, "the addresses and networks of ipv4_lookup must be strings: %s is %s and %s is %s", address.Name, address.Type, network.Name, network.Type)
	}
	inRange := &Call{T: Bool, Func: "ipv4_is_in_range", Args: []Expr{&ColRef{address}, &ColRef{network}}, At: p.op.Span}
	out := joinedColumns(left.visible(), right.visible())
	j.Columns = slices.Clone(out)
	if unmatched {
		j.Columns = append(j.Columns, id)
	}
	matched := filtered(rel{Rel: j}, inRange)
	if !unmatched {
		return matched, nil
	}
	return p.withUnmatched(left, id, matched, out), nil
}

func (p *plugin) returnUnmatched() (bool, error) {
	x, ok := p.named["return_unmatched"]
	if !ok && len(p.args) > 3 {
		if k, err := p.b.constOf(p.sc, p.args[len(p.args)-1], Bool); err == nil {
			p.args = p.args[:len(p.args)-1]
			return k.Value == true, nil
		}
	}
	if !ok {
		return false, nil
	}
	k, err := p.b.constOf(p.sc, x, Bool)
	if err != nil {
		return false, err
	}
	return k.Value == true, nil
}

// lookupKeys adds the columns that must be equal besides, else a constant on both
// sides: every row is compared with every network.
func (p *plugin) lookupKeys(left, right rel, j *Join) error {
	for _, x := range p.args[3:] {
		if err := p.b.joinCondition(left, right, x, j); err != nil {
			return err
		}
	}
	if len(j.LeftKeys) == 0 {
		j.LeftKeys, j.RightKeys = []Expr{&Const{Long, int64(1)}}, []Expr{&Const{Long, int64(1)}}
	}
	return nil
}

// withUnmatched adds the rows of the left side whose number no match has.
func (p *plugin) withUnmatched(left rel, id Col, matched rel, out []Col) rel {
	b := p.b
	shared := rel{Rel: &Shared{Out: Out{matched.Cols()}, Input: matched.Rel}}
	all, again := b.fresh(left), b.fresh(shared)
	lid, rid := all.Cols()[len(left.Cols())-1], again.Cols()[len(out)]
	anti := &Join{Kind: LeftAnti, Left: all.Rel, Right: again.Rel, LeftKeys: []Expr{&ColRef{lid}}, RightKeys: []Expr{&ColRef{rid}}}
	anti.Columns = all.Cols()
	u := &Union{Inputs: []Rel{shared.Rel, anti}, Exprs: make([][]Expr, 2)}
	visible := rel{Rel: anti}.visible()
	for i, c := range out {
		u.Columns = append(u.Columns, b.newCol(c.Name, c.Type))
		u.Exprs[0] = append(u.Exprs[0], &ColRef{c})
		if i < len(visible) {
			u.Exprs[1] = append(u.Exprs[1], &ColRef{visible[i]})
		} else {
			u.Exprs[1] = append(u.Exprs[1], null(c.Type))
		}
	}
	return rel{Rel: u}
}
