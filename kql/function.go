package kql

// Function is a scalar or aggregate function: its names, what it takes and gives
// and how an unnamed column made by it is called. How it is computed is known to
// the printer of an engine (kql/sql) and, where SQL has no equal, to kql/scalar.
//
// A family of functions is one file, func_<family>.go, with a list of these.
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
	// Bind replaces Signatures for what a signature cannot say (case, iff, pack,
	// arg_max). args are bound, not converted.
	Bind func(b *Binding) (Expr, error)
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
}

// ParamType is a set of types that a parameter takes, or a single one to which
// the argument is converted.
type ParamType uint16

// The sets. A single type t is Of(t).
const (
	AnyScalar ParamType = 1<<15 | 1<<14 - 1
	AnyNumber ParamType = 1<<Int | 1<<Long | 1<<Real | 1<<Decimal
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
	// NamePrefix: sum_X; "sum_" when the argument has no name.
	NamePrefix
	// NamePrefixOnly: count_.
	NamePrefixOnly
)

// Binding is the call that Function.Bind turns into an expression.
type Binding struct {
	Args []Expr
	// Call makes the *Error for an argument, or for the whole call with index -1.
	Fail func(index int, code, message string) error
}
