package kql

import "math"

// convert gives x the type t, by the conversions that the language makes without
// being asked: whole numbers to wider ones and to real, an untyped null to
// anything, and a dynamic value to what is wanted of it.
func convert(x Expr, t Type) (Expr, bool) {
	from := x.Type()
	if from == t {
		return x, true
	}
	if k, ok := x.(*Const); ok {
		if from == Unknown || k.Value == nil && (from == Dynamic || widens(from, t)) {
			return null(t), true
		}
		if widens(from, t) {
			return &Const{t, widened(k.Value, from, t)}, true
		}
	}
	if widens(from, t) || from == Dynamic {
		return &Call{T: t, Func: "to" + t.String(), Args: []Expr{x}}, true
	}
	return nil, false
}

// null is the null of a type, which a string has not: it is empty.
func null(t Type) *Const {
	if t == String {
		return &Const{String, ""}
	}
	return &Const{t, nil}
}

// widens reports whether a number of type from is one of type to without being
// asked.
func widens(from, to Type) bool {
	switch to {
	case Long:
		return from == Int
	case Real:
		return from == Int || from == Long
	case Decimal:
		return from == Int || from == Long || from == Real
	}
	return false
}

func widened(v any, from, to Type) any {
	if n, ok := v.(int64); ok && from.IsInteger() && !to.IsInteger() {
		return float64(n)
	}
	return v
}

// boxed makes a dynamic value of x: the JSON string, number … that it is.
func boxed(x Expr) Expr {
	switch x.Type() {
	case Dynamic:
		return x
	case Unknown:
		return null(Dynamic)
	}
	if k, ok := x.(*Const); ok && k.Value == nil {
		return null(Dynamic)
	}
	if k, ok := x.(*Const); ok {
		return &Const{Dynamic, jsonValue(k.T, k.Value)}
	}
	return &Call{T: Dynamic, Func: "dynamic", Args: []Expr{x}}
}

// common is the type that values of both types have together, Unknown for none.
func common(a, b Type) Type {
	switch {
	case a == b, b == Unknown:
		return a
	case a == Unknown:
		return b
	case widens(a, b):
		return b
	case widens(b, a):
		return a
	case a == Dynamic:
		return b
	case b == Dynamic:
		return a
	}
	return Unknown
}

// unify converts all of xs to their common type.
func unify(xs []Expr) ([]Expr, Type, bool) {
	t := Unknown
	for i, x := range xs {
		if i == 0 {
			t = x.Type()
		} else if u := common(t, x.Type()); u != Unknown || t == Unknown && x.Type() == Unknown {
			t = u
		} else {
			return nil, Unknown, false
		}
	}
	out := make([]Expr, len(xs))
	for i, x := range xs {
		c, ok := convert(x, t)
		if !ok {
			return nil, Unknown, false
		}
		out[i] = c
	}
	return out, t, true
}

// param is the type to which an argument of type t is converted for p, and what
// that costs: 0 as it is, 1 a wider number, 2 out of a dynamic.
func (p ParamType) param(t Type) (Type, int) {
	switch {
	case p.Has(t) || p == AnyScalar:
		return t, 0
	case t == Unknown:
		return p.first(), 1
	}
	for _, to := range []Type{Long, Real, Decimal} {
		if p.Has(to) && widens(t, to) {
			return to, 1
		}
	}
	if t == Dynamic && p.single() && p != Of(Bool) {
		return p.first(), 2
	}
	return Unknown, -1
}

// first is the type that a parameter prefers.
func (p ParamType) first() Type {
	for _, t := range []Type{String, Long, Real, Datetime, Timespan, Bool, Guid, Decimal, Int, Dynamic} {
		if p.Has(t) {
			return t
		}
	}
	return Unknown
}

func (p ParamType) single() bool { return p&(p-1) == 0 }

// choose picks the signature of the call that costs least, the first of several,
// and converts the arguments.
func (b *binder) choose(c *Binding, signatures []Signature) ([]Expr, Type, error) {
	best, bestCost := -1, math.MaxInt
	minimum, maximum, counted, wrong := math.MaxInt, 0, false, 0
	for i, s := range signatures {
		minimum = min(minimum, s.Min)
		if maximum = max(maximum, len(s.Params)); s.Variadic {
			maximum = -1
		}
		if len(c.Args) < s.Min || len(c.Args) > len(s.Params) && !s.Variadic {
			continue
		}
		counted = true
		cost, bad := s.cost(c.Args)
		if bad >= 0 {
			wrong = max(wrong, bad)
		} else if cost < bestCost {
			best, bestCost = i, cost
		}
	}
	if !counted {
		return nil, Unknown, b.argCount(c.At, c.Name, len(c.Args), minimum, maximum)
	}
	if best < 0 {
		return nil, Unknown, wrongArgument(c, signatures, wrong)
	}
	return b.apply(c, signatures[best])
}

// wrongArgument is the error for an argument that no signature takes.
func wrongArgument(c *Binding, signatures []Signature, i int) error {
	var p ParamType
	for _, s := range signatures {
		if i < len(s.Params) || s.Variadic {
			p |= s.at(i)
		}
	}
	return c.Fail(i, p.code(), "%s does not take an argument of type %s here", c.Name, c.Args[i].Type())
}

// code is that of the error for an argument that the parameter does not take.
func (p ParamType) code() string {
	switch {
	case p.single(), p.Has(String) && p != Orderable:
		return codeArgumentType
	case p == Orderable:
		return codeDynamicKey
	case p&^AnyInteger == 0:
		return codeNotInteger
	case p&^AnyNumber == 0:
		return codeNotNumber
	case p&^Summable == 0:
		return codeNotSummable
	}
	return codeArgumentType
}

// at is the parameter that takes the argument with index i.
func (s Signature) at(i int) ParamType { return s.Params[min(i, len(s.Params)-1)] }

// cost is what the conversions of args cost, or the index of the first that does
// not fit.
func (s Signature) cost(args []Expr) (cost, bad int) {
	for i, x := range args {
		_, n := s.at(i).param(x.Type())
		if n < 0 {
			return 0, i
		}
		cost += n
	}
	return cost, -1
}

// apply converts the arguments for a signature.
func (b *binder) apply(c *Binding, s Signature) ([]Expr, Type, error) {
	args := make([]Expr, len(c.Args))
	for i, x := range c.Args {
		t, _ := s.at(i).param(x.Type())
		if t == Unknown {
			t = Dynamic
		}
		args[i], _ = convert(x, t)
	}
	if len(s.Alike) > 0 {
		if err := b.alike(c, s, args); err != nil {
			return nil, Unknown, err
		}
	}
	if s.Same > 0 {
		if s.Same > len(args) {
			return nil, Unknown, c.Fail(-1, codeArgumentCount, "%s has too few arguments", c.Name)
		}
		return args, args[s.Same-1].Type(), nil
	}
	return args, s.Returns, nil
}

// alike gives the arguments that Alike names their common type.
func (b *binder) alike(c *Binding, s Signature, args []Expr) error {
	var at []int
	for i := range args {
		for _, j := range s.Alike {
			if j == min(i, len(s.Params)-1) {
				at = append(at, i)
			}
		}
	}
	some := make([]Expr, len(at))
	for n, i := range at {
		some[n] = args[i]
	}
	out, _, ok := unify(some)
	if !ok {
		return c.Fail(-1, codeType, "the arguments of %s must have one type", c.Name)
	}
	for n, i := range at {
		args[i] = out[n]
	}
	return nil
}
