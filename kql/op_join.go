package kql

import "reslog/kql/syntax"

// joinKinds are the kinds by their names.
func joinKinds() map[string]JoinKind {
	return map[string]JoinKind{
		"innerunique": InnerUnique, "inner": Inner,
		"leftouter": LeftOuter, "rightouter": RightOuter, "fullouter": FullOuter,
		"leftsemi": LeftSemi, "rightsemi": RightSemi,
		"leftanti": LeftAnti, "leftantisemi": LeftAnti, "anti": LeftAnti,
		"rightanti": RightAnti, "rightantisemi": RightAnti,
	}
}

// opJoin binds join and lookup. A join gives the columns of the left side, then
// those of the right with the keys, renamed where the name is taken; a lookup
// leaves the right keys out; semi and anti joins have the columns of one side.
//
// Source: the Kusto Query Language reference, "join operator", "lookup operator".
func (b *binder) opJoin(sc scope, in rel, op *syntax.Join) (rel, error) {
	kind, err := b.joinKind(op)
	if err != nil {
		return rel{}, err
	}
	right, err := b.tabular(sc, op.Right)
	if err != nil {
		return rel{}, err
	}
	if sharesColumns(in, right) {
		right = b.fresh(right)
	}
	j := &Join{Kind: kind, Left: in.Rel, Right: right.Rel}
	if len(op.On) == 0 {
		return rel{}, b.fail(op.Span, codeMissing, "%s needs a condition: on Column", opName(op))
	}
	for _, x := range op.On {
		if err := b.joinCondition(in, right, x, j); err != nil {
			return rel{}, err
		}
	}
	switch {
	case kind == LeftSemi || kind == LeftAnti:
		j.Columns = in.visible()
	case kind == RightSemi || kind == RightAnti:
		j.Columns = right.visible()
	case op.Lookup:
		j.Columns = joinedColumns(in.visible(), without(right.visible(), j.RightKeys))
	default:
		j.Columns = joinedColumns(in.visible(), right.visible())
	}
	return rel{Rel: j}, nil
}

func (b *binder) joinKind(op *syntax.Join) (JoinKind, error) {
	options, err := b.options(opName(op), op.Options, "kind")
	if err != nil {
		return 0, err
	}
	words := []string{"innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "leftantisemi", "anti", "rightanti", "rightantisemi"}
	if op.Lookup {
		words = []string{"leftouter", "inner"}
	}
	kind, err := b.word(options, "kind", words...)
	return joinKinds()[kind], err
}

func sharesColumns(a, c rel) bool {
	ids := map[int]bool{}
	for _, col := range a.Cols() {
		ids[col.ID] = true
	}
	for _, col := range c.Cols() {
		if ids[col.ID] {
			return true
		}
	}
	return false
}

// joinCondition adds the keys of one condition: the name of a column of both
// sides, $left.a == $right.b, or several of these with `and`.
func (b *binder) joinCondition(left, right rel, x syntax.Expr, j *Join) error {
	switch x := unparen(x).(type) {
	case *syntax.Ref:
		l, lok := (&row{in: left}).column(x.Name.Text)
		r, rok := (&row{in: right}).column(x.Name.Text)
		if !lok || !rok {
			return b.fail(x.Span, codeJoinColumn, "the column %s must exist on both sides of the join", x.Name.Text)
		}
		if l.Type != r.Type {
			return b.fail(x.Span, codeJoinTypes, "the common column %s must have the same type on both sides of the join: it is %s and %s", x.Name.Text, l.Type, r.Type)
		}
		return b.joinKey(x, l, r, j)
	case *syntax.Binary:
		switch x.Op {
		case "and":
			if err := b.joinCondition(left, right, x.X, j); err != nil {
				return err
			}
			return b.joinCondition(left, right, x.Y, j)
		case "==":
			if joinSide(x.X) != "" && joinSide(x.Y) != "" {
				return b.joinSides(left, right, x, j)
			}
		}
	}
	return b.fail(x.Pos(), codeJoinCondition, "the join condition must be either the name of a column common to both tables or in the form $left.Column == $right.Column")
}

// joinSide is "$left" or "$right" for a column of one of them, else "".
func joinSide(x syntax.Expr) string {
	m, ok := unparen(x).(*syntax.Member)
	if !ok {
		return ""
	}
	if side, ok := m.X.(*syntax.Ref); ok && (side.Name.Text == "$left" || side.Name.Text == "$right") {
		return side.Name.Text
	}
	return ""
}

// joinSides adds the keys of $left.a == $right.b, in either order.
func (b *binder) joinSides(left, right rel, x *syntax.Binary, j *Join) error {
	lx, rx := unparen(x.X).(*syntax.Member), unparen(x.Y).(*syntax.Member)
	if joinSide(lx) == "$right" {
		lx, rx = rx, lx
	}
	if joinSide(lx) == joinSide(rx) {
		return b.fail(x.Span, codeJoinCondition, "the join condition must compare a column of $left with one of $right")
	}
	l, err := b.column(left, &syntax.Ref{Span: lx.Name.Span, Name: lx.Name})
	if err != nil {
		return err
	}
	r, err := b.column(right, &syntax.Ref{Span: rx.Name.Span, Name: rx.Name})
	if err != nil {
		return err
	}
	if l.Type != r.Type {
		return b.fail(x.Span, codeJoinKeys, "inconsistent data types for join keys: (%s, %s)", l.Type, r.Type)
	}
	return b.joinKey(x, l, r, j)
}

func (b *binder) joinKey(x syntax.Expr, l, r Col, j *Join) error {
	if l.Type == Dynamic {
		return b.fail(x.Pos(), codeJoinDynamic, "join keys cannot be dynamic: convert them with tostring or tolong first")
	}
	j.LeftKeys, j.RightKeys = append(j.LeftKeys, &ColRef{l}), append(j.RightKeys, &ColRef{r})
	return nil
}

// joinedColumns are the columns of both sides. A column of the right whose name
// the left has gets the first number that makes it differ from all of both.
func joinedColumns(left, right []Col) []Col {
	names := newNamer()
	out := make([]Col, 0, len(left)+len(right))
	onLeft := map[string]bool{}
	for _, c := range left {
		names.reserve(c.Name)
		onLeft[c.Name] = true
		out = append(out, c)
	}
	for _, c := range right {
		if !onLeft[c.Name] {
			names.reserve(c.Name)
		}
	}
	for _, c := range right {
		if onLeft[c.Name] {
			c.Name = names.unique(c.Name)
		}
		out = append(out, c)
	}
	return out
}

// without are the columns that are none of the keys.
func without(cols []Col, keys []Expr) []Col {
	var out []Col
next:
	for _, c := range cols {
		for _, k := range keys {
			if k.(*ColRef).Col.ID == c.ID {
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}
