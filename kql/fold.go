package kql

import (
	"math"

	"reslog/internal/ticks"
)

// folded computes a call of constants where time ranges and arguments that must
// be constant need it; else it is the call.
func (b *binder) folded(c *Call) Expr {
	if len(c.Args) == 0 {
		return c
	}
	if at, ok := foldCalendar(c); ok {
		return &Const{Datetime, at}
	}
	args := make([]any, len(c.Args))
	for i, a := range c.Args {
		k, ok := a.(*Const)
		if !ok || k.Value == nil || !foldable(k.T) {
			return c
		}
		args[i] = k.Value
	}
	var v any
	switch {
	case c.Func == "neg" && len(args) == 1:
		v = negated(args[0])
	case c.Func == "bin" && len(args) == 2 && c.T != Real && c.T != Decimal:
		v = foldBin(args[0], args[1])
	case c.T == Datetime && c.Args[0].Type() == Datetime && (len(args) == 1 || c.Args[1].Type() == Long):
		v = foldTime(c.Func, args)
	case len(args) == 2 && (c.T == Long || c.T == Datetime || c.T == Timespan):
		v = foldTicks(c.Func, args[0], args[1])
	}
	if n, ok := v.(int64); ok && c.T == Datetime && !ticks.Valid(n) {
		return c
	}
	if v == nil {
		return c
	}
	return &Const{c.T, v}
}

func foldable(t Type) bool { return t.IsNumber() && t != Decimal || t == Datetime || t == Timespan }

func negated(v any) any {
	switch v := v.(type) {
	case int64:
		return -v
	case float64:
		return -v
	}
	return nil
}

// foldTicks computes with whole numbers, dates and spans; nil where the result
// does not fit or is not certain.
func foldTicks(op string, x, y any) any {
	a, ok := x.(int64)
	c, ok2 := y.(int64)
	if !ok || !ok2 {
		return nil
	}
	switch op {
	case "+":
		if s := a + c; (s > a) == (c > 0) {
			return s
		}
	case "-":
		if s := a - c; (s < a) == (c > 0) {
			return s
		}
	case "*":
		if a == 0 || c == 0 {
			return int64(0)
		}
		if s := a * c; s/c == a && (a != -1 || c != math.MinInt64) && (c != -1 || a != math.MinInt64) {
			return s
		}
	}
	return nil
}
