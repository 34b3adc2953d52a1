package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// Function is a scalar or aggregate function: its names, what it takes and gives
// and how an unnamed column made by it is called. How it is computed is known to
// the printer of an engine (kql/sql) and, where SQL has no equal, to kql/scalar.
//
// A family of functions is one file, func_<family>.go, with a list of these.
//
// An aggregate function is one that stands in aggregateFunctions. Its signatures
// give the type, and a call of it becomes an *Agg with Func Name.
type Function struct {
	Name    string
	Aliases []string // names of old: todynamic, iif, makeset
	// Signatures are tried in order; the first that takes the arguments, with the
	// conversions of the language (int to long, long to real, dynamic to what is
	// asked), is chosen.
	Signatures []Signature
	// Naming says how an unnamed column is called.
	Naming Naming
	// Prefix is for the Prefix namings: "sum", "dcount".
	Prefix string
	// Bind replaces Signatures for what a signature cannot say (case, iff, pack).
	Bind func(b *Binding) (Expr, error)
	// BindColumns is for functions that make several columns, which only the
	// outermost function of a column can do: arg_max, percentiles, take_any(*),
	// series_stats. Inside of another expression the first counts.
	BindColumns func(b *Binding) ([]Named, error)
	// If makes an aggregate function the conditional form of another: the last
	// argument is the condition, and the rest are arguments of this one.
	If string
	// Window functions (prev, row_number) need a serialized input.
	Window bool
}

// Signature is one way to call a function.
type Signature struct {
	Params []ParamType
	// Min is how many of Params must be given; the last may repeat with Variadic.
	Min      int
	Variadic bool
	Returns  Type
	// Same makes the result have the type of the argument with this index plus
	// one; zero: Returns counts.
	Same int
	// Alike are the indices of arguments that are converted to one common type,
	// as iff and max_of do; a variadic one stands for all that repeat. With Same
	// pointing at one of them the result has the common type.
	Alike []int
}

// ofAlike is a signature of n parameters p.
func ofAlike(p ParamType, n int, t Type) Signature {
	return Signature{Params: slices.Repeat([]ParamType{p}, n), Min: n, Returns: t}
}

// ParamType is a set of types that a parameter takes, or a single one to which
// the argument is converted.
type ParamType uint16

// The sets. A single type t is Of(t).
const (
	AnyScalar  ParamType = 1<<15 | 1<<14 - 1
	AnyInteger ParamType = 1<<Int | 1<<Long
	AnyNumber  ParamType = AnyInteger | 1<<Real | 1<<Decimal
	// Summable is what sum and bin take, Orderable what min and sort take.
	Summable   ParamType = AnyNumber | 1<<Datetime | 1<<Timespan
	NotDynamic ParamType = AnyScalar &^ (1 << Dynamic)
	Orderable  ParamType = NotDynamic
)

// Of is the parameter that takes exactly the types given.
func Of(types ...Type) ParamType {
	var p ParamType
	for _, t := range types {
		p |= 1 << t
	}
	return p
}

// Has reports whether a parameter takes t as it is.
func (p ParamType) Has(t Type) bool { return p&(1<<t) != 0 }

// Naming is how an unnamed column is called whose outermost expression is a
// function.
type Naming uint8

// The namings.
const (
	// NameColumn: Column1, Column2 …
	NameColumn Naming = iota
	// NameFirst passes the name of the first argument on: tostring(a) is a.
	NameFirst
	// NameOnly does so when there is one argument: make_datetime(a) is a.
	NameOnly
	// NameFirstColumn does so when the argument is a column or the name of one.
	NameFirstColumn
	// NamePrefix: sum_X; "sum_" when the argument has no name.
	NamePrefix
	// NameFunction is NamePrefix with the name of the function: strlen_X.
	NameFunction
	// NamePrefixOnly: the Prefix and nothing else.
	NamePrefixOnly
)

// Binding is the call that Function.Bind or Function.BindColumns turns into
// expressions.
type Binding struct {
	// Func is the function, Name how it was written (an alias, perhaps).
	Func *Function
	Name string
	// Args are bound and not converted. Star is set when the last argument was
	// `*`, which is not among Args: the columns that it stands for.
	Args []Expr
	Star []Col
	// HasStar tells `*` over no columns from none.
	HasStar bool
	// Columns are those of the row, in order; nil where there is none.
	Columns func() []Col
	// Names are the automatic names of Args, "" for none.
	Names []string
	// Syntax are the arguments as they are written, Star among them.
	Syntax []syntax.Expr
	At     syntax.Span

	b *binder
}

// Named is one of the columns that a call makes.
type Named struct {
	Name string
	X    Expr // for an aggregate function an *Agg in an AggExpr
}

// AggExpr is an *Agg as an Expr: what an aggregate function binds to. It is in no
// plan: summarize puts the Agg into an Aggregate and a ColRef into its place.
type AggExpr struct{ *Agg }

// Type implements Expr.
func (a AggExpr) Type() Type { return a.T }

// Fail makes the *Error for an argument, or for the whole call with index -1.
func (c *Binding) Fail(index int, code, format string, args ...any) error {
	at := c.At
	if index >= 0 && index < len(c.Syntax) {
		at = c.Syntax[index].Pos()
	}
	return c.b.fail(at, code, format, args...)
}

// Refuse makes the *Error for a form that is right and not supported.
func (c *Binding) Refuse(what string) error { return c.b.refuse(c.At, what) }

// Call is the function with these arguments, converted already.
func (c *Binding) Call(t Type, args ...Expr) Expr {
	return &Call{T: t, Func: c.Func.Name, Args: args, At: c.At}
}

// To converts an argument to a type; it fails when the language has no such
// conversion without a function.
func (c *Binding) To(index int, t Type) (Expr, error) {
	if x, ok := convert(c.Args[index], t); ok {
		return x, nil
	}
	return nil, c.Fail(index, codeArgumentType, "the argument must be of type %s and is %s", t, c.Args[index].Type())
}

// Const is the value of an argument that must be constant, nil for null.
func (c *Binding) Const(index int) (any, error) {
	k, ok := c.Args[index].(*Const)
	if !ok {
		return nil, c.Fail(index, codeNotConstant, "the argument must be a constant")
	}
	return k.Value, nil
}

// Count fails unless there are from min to max arguments; max below 0 is any.
func (c *Binding) Count(minimum, maximum int) error {
	if n := len(c.Args); n < minimum || maximum >= 0 && n > maximum {
		return c.b.argCount(c.At, c.Name, n, minimum, maximum)
	}
	return nil
}

// Choose picks a signature for Args and converts them.
func (c *Binding) Choose(signatures []Signature) ([]Expr, Type, error) {
	return c.b.choose(c, signatures)
}
