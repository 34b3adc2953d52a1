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
		call = billable(x.Op, left, right)
	}
	if lt, rt := left.Type(), right.Type(); call == nil && (lt == String && rt == Bool || lt == Bool && rt == String) {
		return nil, b.refuse(x.Span, "the operator "+x.Op+" between a string and a bool")
	}
	if call == nil {
		return nil, b.fail(x.Span, codeOperandTypes, "the operator %s is not defined for the operand types %s and %s", x.Op, left.Type(), right.Type())
	}
	if call.T == Decimal && x.Op != "/" {
		return nil, b.refuse(x.Span, "the operator "+x.Op+" on decimals (use toreal)")
	}
	call.At = x.Span
	return b.folded(call), nil
}

// billable compares the standard column _IsBillable, a string, with a bool, as the
// queries of the documentation of costs do: it says True or False, or true or
// false. Of other strings it is not documented what is equal to a bool.
func billable(op string, left, right Expr) *Call {
	if c, ok := right.(*ColRef); ok && c.Col.Name == "_IsBillable" {
		left, right = right, left
	}
	c, ok := left.(*ColRef)
	if !ok || c.Col.Name != "_IsBillable" || c.Col.Type != String || right.Type() != Bool {
		return nil
	}
	text := &Call{T: String, Func: "tostring", Args: []Expr{right}}
	switch op {
	case "==":
		return &Call{T: Bool, Func: "=~", Args: []Expr{left, text}}
	case "!=", "<>":
		return &Call{T: Bool, Func: "!~", Args: []Expr{left, text}}
	}
	return nil
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
	t := common(left.Type(), right.Type())
	if t == Dynamic && left.Type() == right.Type() {
		return nil // the engine asks for tostring() or the like
	}
	if t == Unknown {
		if r, ok := meantAs(right, left.Type()); ok {
			return &Call{T: Bool, Func: op, Args: []Expr{left, r}}
		}
		if l, ok := meantAs(left, right.Type()); ok {
			return &Call{T: Bool, Func: op, Args: []Expr{l, right}}
		}
		return nil
	}
	l, _ := convert(left, t)
	r, _ := convert(right, t)
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

// anyColumn binds `* has "x"`: true when it is for any column that search looks at.
func (b *binder) anyColumn(sc scope, x *syntax.Binary) (Expr, error) {
	if sc.row == nil {
		return nil, b.fail(x.X.Pos(), "", "* cannot stand here")
	}
	if strings.HasPrefix(x.Op, "!") || x.Op == "<>" {
		return nil, b.refuse(x.OpAt, "the operator "+x.Op+" over all columns")
	}
	right, err := b.expr(sc, x.Y)
	if err != nil {
		return nil, err
	}
	var conds []Expr
	for _, c := range sc.row.in.visible() {
		if !searchable(c.Type) {
			continue
		}
		var col Expr = &ColRef{c}
		if c.Type != String && c.Type != Dynamic {
			col = &Call{T: String, Func: "tostring", Args: []Expr{col}, At: x.Span}
		}
		call, err := b.operate(x, col, right)
		if err != nil {
			return nil, err
		}
		conds = append(conds, call)
	}
	return anyOf(conds, x.Span), nil
}
