package kql

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
