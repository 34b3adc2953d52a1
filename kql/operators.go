package kql

import (
	"slices"
	"strings"

	"reslog/kql/syntax"
)

// unary binds -X and +X.
func (b *binder) unary(sc scope, x *syntax.Unary) (Expr, error) {
	if l, ok := x.X.(*syntax.Literal); ok && l.Kind == syntax.Long && x.Op == "-" && !l.Null {
		negative := *l // -9223372036854775808 is one and its digits alone are none
		negative.Text = "-" + l.Text
		return b.literal(&negative)
	}
	v, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	t := v.Type()
	if !t.IsNumber() && t != Timespan && t != Dynamic {
		return nil, b.fail(x.Span, codeOperandTypes, "the operator %s is not defined for the type %s", x.Op, t)
	}
	if x.Op == "+" {
		return v, nil
	}
	if t == Int {
		v, _ = convert(v, Long)
		t = Long
	}
	if t == Dynamic {
		return nil, b.refuse(x.Span, "- before a dynamic value (use tolong or toreal)")
	}
	return b.folded(&Call{T: t, Func: "neg", Args: []Expr{v}, At: x.Span}), nil
}

// binary binds X Op Y. Long chains of `or` are deep at the left, and are not
// recursed into.
func (b *binder) binary(sc scope, x *syntax.Binary) (Expr, error) {
	chain := []*syntax.Binary{x}
	for {
		inner, ok := chain[len(chain)-1].X.(*syntax.Binary)
		if !ok {
			break
		}
		chain = append(chain, inner)
	}
	var left Expr
	for _, x := range slices.Backward(chain) {
		var err error
		switch x.X.(type) {
		case *syntax.Binary: // it is left
		case *syntax.Star:
			if left, err = b.anyColumn(sc, x); err != nil {
				return nil, err
			}
			continue
		default:
			if left, err = b.expr(sc, x.X); err != nil {
				return nil, err
			}
		}
		if left, err = b.step(sc, x, left); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// step binds the operator of x and its right side over the left side.
func (b *binder) step(sc scope, x *syntax.Binary, left Expr) (Expr, error) {
	if err := b.enter(x.Span); err != nil {
		return nil, err
	}
	defer b.leave()
	switch x.Op {
	case "in", "in~", "!in", "!in~", "has_any", "has_all":
		return b.in(sc, x, left)
	case "between", "!between":
		return b.between(sc, x, left)
	}
	right, err := b.expr(sc, x.Y)
	if err != nil {
		return nil, err
	}
	return b.operate(x, left, right)
}

// operate types a binary operator over bound operands.
func (b *binder) operate(x *syntax.Binary, left, right Expr) (Expr, error) {
	var call *Call
	switch x.Op {
	case "and", "or":
		call = logical(x.Op, left, right)
	case "+", "-", "*", "/", "%":
		call = arithmetic(x.Op, left, right)
	case "==", "!=", "<>":
		call = equality(strings.Replace(x.Op, "<>", "!=", 1), left, right)
	case "<", "<=", ">", ">=":
		call = ordering(x.Op, left, right)
	case ":":
		return nil, b.fail(x.OpAt, "", "the operator : can only stand in search")
	default:
		call = textual(x.Op, left, right)
	}
	if call == nil {
		return nil, b.fail(x.Span, codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), right.Type())
	}
	call.At = x.Span
	return b.folded(call), nil
}

func logical(op string, left, right Expr) *Call {
	l, ok := convert(left, Bool)
	r, ok2 := convert(right, Bool)
	if !ok || !ok2 {
		return nil
	}
	return &Call{T: Bool, Func: op, Args: []Expr{l, r}}
}

// textual is the operators over text: =~ has contains startswith matches regex ….
func textual(op string, left, right Expr) *Call {
	for _, x := range []Expr{left, right} {
		if t := x.Type(); t != String && t != Dynamic {
			return nil
		}
	}
	l, _ := convert(left, String)
	r, _ := convert(right, String)
	return &Call{T: Bool, Func: op, Args: []Expr{l, r}}
}

// equality compares what has a common type. A number, date … is compared with a
// constant text as what the text says.
func equality(op string, left, right Expr) *Call {
	l, r, t := left, right, common(left.Type(), right.Type())
	switch {
	case t == Dynamic && left.Type() == right.Type():
		return nil // the engine asks for tostring() or the like
	case t == Unknown:
		var ok bool
		if r, ok = meantAs(right, left.Type()); !ok {
			if l, ok = meantAs(left, right.Type()); !ok {
				return nil
			}
		}
	default:
		l, _ = convert(left, t)
		r, _ = convert(right, t)
	}
	return &Call{T: Bool, Func: op, Args: []Expr{l, r}}
}

// meantAs is a constant text as a value of another type.
func meantAs(x Expr, t Type) (Expr, bool) {
	k, ok := x.(*Const)
	if !ok || k.T != String || t == Dynamic {
		return x, false
	}
	v, ok := parseValue(t, k.Value.(string))
	if !ok {
		return x, false
	}
	return &Const{t, v}, true
}

// ordering is < <= > >=: numbers, dates with dates, spans with spans.
func ordering(op string, left, right Expr) *Call {
	lt, rt := left.Type(), right.Type()
	t := common(lt, rt)
	switch {
	case t.IsNumber():
	case t == Dynamic:
	case lt == rt && (t == Datetime || t == Timespan || t == Bool):
	case lt == Unknown || rt == Unknown:
	default:
		return nil
	}
	l, ok := convert(left, t)
	r, ok2 := convert(right, t)
	if !ok || !ok2 {
		return nil
	}
	return &Call{T: Bool, Func: op, Args: []Expr{l, r}}
}

// arithmetic types + - * / %. Whole numbers are calculated as long; dates and
// spans have the few forms below.
func arithmetic(op string, left, right Expr) *Call {
	lt, rt := left.Type(), right.Type()
	if lt == Unknown {
		left = null(rt)
		lt = rt
	}
	if rt == Unknown {
		right = null(lt)
		rt = lt
	}
	lto, rto, out := arithmeticTypes(op, lt, rt)
	if out == Unknown {
		return nil
	}
	l, ok := convert(left, lto)
	r, ok2 := convert(right, rto)
	if !ok || !ok2 {
		return nil
	}
	return &Call{T: out, Func: op, Args: []Expr{l, r}}
}

// arithmeticTypes are the types that the operands are converted to, and that of
// the result; Unknown where the operator is not defined.
func arithmeticTypes(op string, l, r Type) (left, right, result Type) {
	isTime := func(t Type) bool { return t == Datetime || t == Timespan }
	if !isTime(l) && !isTime(r) {
		t := common(l, r)
		if t == Int {
			t = Long
		}
		if !t.IsNumber() && t != Dynamic {
			return Unknown, Unknown, Unknown
		}
		return t, t, t
	}
	switch op {
	case "+":
		return plusTypes(l, r)
	case "-":
		return minusTypes(l, r)
	case "*":
		switch {
		case l == Timespan && r.IsNumber():
			return Timespan, factor(r), Timespan
		case r == Timespan && l.IsNumber():
			return factor(l), Timespan, Timespan
		}
	case "/":
		switch {
		case l == Timespan && r == Timespan:
			return l, r, Real
		case l == Timespan && r.IsNumber():
			return l, factor(r), Timespan
		}
	case "%":
		if l == r && l == Timespan || l == Datetime && r == Timespan {
			return l, r, Timespan
		}
	}
	return Unknown, Unknown, Unknown
}

// factor is the type with which a number multiplies a span.
func factor(t Type) Type {
	if t.IsInteger() {
		return Long
	}
	return Real
}

func plusTypes(l, r Type) (left, right, result Type) {
	switch {
	case l == Datetime && (r == Timespan || r == Dynamic):
		return l, Timespan, Datetime
	case r == Datetime && (l == Timespan || l == Dynamic):
		return Timespan, r, Datetime
	case l == Timespan && r == Timespan, l == Timespan && r == Dynamic, l == Dynamic && r == Timespan:
		return Timespan, Timespan, Timespan
	}
	return Unknown, Unknown, Unknown
}

func minusTypes(l, r Type) (left, right, result Type) {
	switch {
	case l == Datetime && r == Timespan:
		return l, r, Datetime
	case l == Datetime && r == Datetime, l == Datetime && r == Dynamic, l == Dynamic && r == Datetime:
		return Datetime, Datetime, Timespan
	case l == Timespan && r == Timespan, l == Timespan && r == Dynamic, l == Dynamic && r == Timespan:
		return Timespan, Timespan, Timespan
	}
	return Unknown, Unknown, Unknown
}

// between binds X between (From .. To). To may be a span that is added to From.
func (b *binder) between(sc scope, x *syntax.Binary, left Expr) (Expr, error) {
	r, ok := x.Y.(*syntax.Range)
	if !ok {
		return nil, b.fail(x.Y.Pos(), "", "between needs (from .. to)")
	}
	from, err := b.expr(sc, r.From)
	if err != nil {
		return nil, err
	}
	to, err := b.expr(sc, r.To)
	if err != nil {
		return nil, err
	}
	if left.Type() == Datetime && from.Type() == Datetime && to.Type() == Timespan {
		to = b.folded(&Call{T: Datetime, Func: "+", Args: []Expr{from, to}, At: r.Span})
	}
	low, high := ordering(">=", left, from), ordering("<=", left, to)
	if low == nil || high == nil {
		wrong := from
		if low != nil {
			wrong = to
		}
		return nil, b.fail(r.Span, codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), wrong.Type())
	}
	args, _, ok := unify([]Expr{left, from, to})
	if !ok {
		return nil, b.fail(r.Span, codeOperandTypes, "the bounds of %s must have the type of what is compared", x.Op)
	}
	return &Call{T: Bool, Func: x.Op, Args: args, At: x.Span}, nil
}

// in binds in, !in, in~, !in~, has_any and has_all: over values, over a dynamic
// array, or over the only column of a relation.
func (b *binder) in(sc scope, x *syntax.Binary, left Expr) (Expr, error) {
	items := []syntax.Expr{x.Y}
	if l, ok := x.Y.(*syntax.List); ok {
		items = l.Items
	}
	textOnly := strings.HasSuffix(x.Op, "~") || strings.HasPrefix(x.Op, "has")
	if textOnly {
		if left.Type() != String && left.Type() != Dynamic {
			return nil, b.fail(x.X.Pos(), codeOperandTypes, "the operator %s is not defined for the type %s", x.Op, left.Type())
		}
		left, _ = convert(left, String)
	}
	if len(items) == 1 && b.isTabular(sc, items[0]) {
		return b.inTable(sc, x, left, items[0])
	}
	var values []Expr
	for _, item := range items {
		v, err := b.expr(sc, item)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	args, wrong := listed(left, values)
	if wrong >= 0 {
		return nil, b.fail(items[wrong].Pos(), codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), values[wrong].Type())
	}
	return &Call{T: Bool, Func: x.Op, Args: args, At: x.Span}, nil
}

// listed gives the left side of `in` and the values one type. A dynamic value is
// left as it is: an array is all of its elements. It returns the index of a value
// that cannot be compared, else -1.
func listed(left Expr, values []Expr) (args []Expr, wrong int) {
	t := left.Type()
	for i, v := range values {
		if v.Type() == Dynamic {
			continue
		}
		u := common(t, v.Type())
		if u == Unknown {
			if _, ok := meantAs(v, t); !ok {
				return nil, i
			}
			continue
		}
		t = u
	}
	l, _ := convert(left, t)
	args = []Expr{l}
	for i, v := range values {
		if v.Type() == Dynamic {
			args = append(args, v)
			continue
		}
		c, ok := convert(v, t)
		if !ok {
			if c, ok = meantAs(v, t); !ok {
				return nil, i
			}
		}
		args = append(args, c)
	}
	return args, -1
}

// inTable binds X in (relation).
func (b *binder) inTable(sc scope, x *syntax.Binary, left Expr, item syntax.Expr) (Expr, error) {
	r, err := b.tabular(sc.top(), item)
	if err != nil {
		return nil, err
	}
	r = b.shown(r)
	first := r.Cols()[0]
	if len(r.Cols()) > 1 {
		r = b.keep(r, r.Cols()[:1])
	}
	if strings.HasPrefix(x.Op, "has") {
		// has_any over a relation: over the array of its values.
		return b.hasTable(x, left, r)
	}
	call := equality("==", left, &ColRef{first})
	if call == nil {
		return nil, b.fail(item.Pos(), codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), first.Type)
	}
	if ref, ok := call.Args[1].(*ColRef); !ok || ref.Col.ID != first.ID {
		r = b.project(r, []Col{b.newCol(first.Name, call.Args[1].Type())}, call.Args[1:])
	}
	var q Expr = &InQuery{X: call.Args[0], Root: r.Rel, Fold: strings.HasSuffix(x.Op, "~")}
	if strings.HasPrefix(x.Op, "!") {
		q = &Call{T: Bool, Func: "not", Args: []Expr{q}, At: x.Span}
	}
	return q, nil
}

// hasTable binds has_any and has_all over a relation, as over the list of its
// values.
func (b *binder) hasTable(x *syntax.Binary, left Expr, r rel) (Expr, error) {
	v, ok := convert(&ColRef{r.Cols()[0]}, String)
	if !ok {
		return nil, b.fail(x.Y.Pos(), codeOperandTypes, "the operator %s needs a column of strings", x.Op)
	}
	list := b.newCol("list_", Dynamic)
	agg := &Aggregate{Out: Out{[]Col{list}}, Input: r.Rel, Aggs: []*Agg{{T: Dynamic, Func: "make_list", Args: []Expr{v}, At: x.Span}}}
	return &Call{T: Bool, Func: x.Op, Args: []Expr{left, &ScalarQuery{T: Dynamic, Root: agg}}, At: x.Span}, nil
}

// anyColumn binds `* has "x"`: true when it is for any column of text.
func (b *binder) anyColumn(sc scope, x *syntax.Binary) (Expr, error) {
	if sc.row == nil {
		return nil, b.fail(x.X.Pos(), "", "* cannot stand here")
	}
	right, err := b.expr(sc, x.Y)
	if err != nil {
		return nil, err
	}
	var out Expr
	for _, c := range sc.row.in.visible() {
		var col Expr = &ColRef{c}
		if c.Type != String && c.Type != Dynamic {
			col = &Call{T: String, Func: "tostring", Args: []Expr{col}, At: x.Span}
		}
		call, err := b.operate(x, col, right)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = call
		} else {
			out = &Call{T: Bool, Func: "or", Args: []Expr{out, call}, At: x.Span}
		}
	}
	return out, nil
}
