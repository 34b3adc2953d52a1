package kql

import "reslog/kql/syntax"

// Plan is a bound query.
type Plan struct {
	// Results are the statements that give rows, most often one.
	Results []Result
	// Now is the constant that now() and ago() of this plan are made from, ticks.
	Now int64
}

// Result is the rows of one statement.
type Result struct {
	Name string // "PrimaryResult" for the only one
	Root Rel
	// Columns are Root's, in order, with their names in the output.
	Columns []Col
	Render  *Render // nil without a render operator
}

// Render is what the render operator asks of a client. The rows are not changed.
type Render struct {
	Kind       string            // "timechart"
	Properties map[string]string // "title", "xcolumn", "ycolumns", "kind", …
}

// Col is a column inside a plan. IDs are unique in it, names need not be: an
// engine that folds case names columns by ID.
type Col struct {
	ID   int
	Name string
	Type Type
	// Hidden columns exist when they are named; results, `*` and operators that
	// make a relation of other columns leave them out.
	Hidden bool
}

// Rel is a relation: its rows and their columns. The kinds are in this file.
//
// Rows have an order only where a Rel says so: Sort, and what keeps the order of
// its input, which is Filter, Project, Limit, Window, Expand and Shared.
type Rel interface {
	Cols() []Col
}

// Cols implements Rel for everything that embeds Out.
func (o Out) Cols() []Col { return o.Columns }

// Out is the columns of a Rel.
type Out struct{ Columns []Col }

// Assign computes a column.
type Assign struct {
	Col Col
	X   Expr
}

// Order is a key of a sort.
type Order struct {
	X          Expr
	Desc       bool
	NullsFirst bool
}

type (
	// Scan reads a table. Source[i] is the table's column that Columns[i] is;
	// a printer reads only those that are used.
	Scan struct {
		Out
		Table  Table
		Source []Column
		// Time is what rows can be in, from the conditions directly above; the
		// conditions stay. An engine opens only what it touches.
		Time TimeRange
	}
	// Values is rows of constant expressions: datatable, print, getschema.
	Values struct {
		Out
		Rows [][]Expr
	}
	// Sequence is the range operator: From, From+Step … while not past To.
	Sequence struct {
		Out
		From, To, Step Expr
	}
	// Filter keeps the rows for which Cond is true; null counts as false.
	Filter struct {
		Out
		Input Rel
		Cond  Expr
	}
	// Project computes the columns of Out, in order, from those of Input.
	Project struct {
		Out
		Input Rel
		Exprs []Expr
	}
	// Aggregate groups by Keys (null is a group of its own) and has one row a
	// group; without Keys one row, also for an empty input unless Distinct. Out is
	// keys, then aggregates.
	Aggregate struct {
		Out
		Input    Rel
		Keys     []Expr
		Aggs     []*Agg
		Distinct bool // summarize by and distinct: no aggregates, none for no rows
	}
	// Sort orders all rows.
	Sort struct {
		Out
		Input Rel
		Keys  []Order
	}
	// Limit keeps N rows, the first where Input has an order.
	Limit struct {
		Out
		Input  Rel
		N      Expr
		Sample bool // any rows, at random
	}
	// Join pairs rows whose keys are equal, null with null. Out is columns of both
	// sides in the order of the language; semi and anti joins have one side's.
	// The condition compares LeftKeys[i] with RightKeys[i], of one type.
	Join struct {
		Out
		Kind                JoinKind
		Left, Right         Rel
		LeftKeys, RightKeys []Expr
	}
	// Union is the rows of all inputs. Exprs[i] computes the columns of Out from
	// Inputs[i].
	Union struct {
		Out
		Inputs []Rel
		Exprs  [][]Expr
	}
	// Expand is mv-expand: a row for every element of the items, which are dynamic
	// and walked together, as many as the longest has. Out is the columns of Input
	// followed by one for every item, dynamic, and the index where one is asked
	// for; a Project above puts them into their places and types.
	//
	// An array has its elements, a bag a bag of one key for each (or the pair
	// [key, value] with BagArray). A null, and a value that is neither, is one row
	// with itself; an empty array or bag alone is no row.
	Expand struct {
		Out
		Input    Rel
		Items    []Expr
		BagArray bool
		Index    bool // the last column of Out is the index, long, from 0
		Limit    Expr // of rows a row; nil: none
	}
	// Apply is mv-apply: for every row of Input, Sub runs over the rows that Items
	// expand to. Rows is the Rel that stands for those rows inside Sub; its columns
	// are all of Input's and the items. Out is the columns of Input, then those of
	// Sub.
	Apply struct {
		Out
		Input Rel
		Items []Expr
		Limit Expr
		Index bool
		Rows  *ApplyRows
		Sub   Rel
	}
	// ApplyRows is the source of the pipe of an Apply: the columns of Apply.Input,
	// one dynamic column for every item, and the index when asked for.
	ApplyRows struct{ Out }
	// Window adds columns that look at other rows in the order of Order: the
	// *WindowCall among Exprs. Out is the columns of Input, then these.
	Window struct {
		Out
		Input Rel
		Order []Order // of the serialized input; nil: as the rows come
		Exprs []Expr
	}
	// Series is make-series: for every group an array an aggregate, over the bins
	// of the axis from From (inclusive) to To (exclusive), and the array of the
	// axis. From and To are nil where the data decides. Out is keys, aggregates,
	// axis; aggregates and axis are dynamic.
	Series struct {
		Out
		Input          Rel
		Keys           []Expr
		Aggs           []*Agg
		Defaults       []Expr // one an aggregate
		Axis           Expr   // datetime, timespan or number
		From, To, Step Expr
		ToInclusive    bool // in range(…)
	}
	// Shared is a relation that is used more than once and computed once:
	// materialize() and as. All uses hold the same pointer.
	Shared struct {
		Out
		Input Rel
	}
)

// JoinKind is a kind of join.
type JoinKind uint8

// The kinds of joins. InnerUnique is Inner over one row a key of the left side.
const (
	Inner JoinKind = iota
	InnerUnique
	LeftOuter
	RightOuter
	FullOuter
	LeftSemi
	RightSemi
	LeftAnti
	RightAnti
)

// Expr is a typed scalar expression.
type Expr interface {
	Type() Type
}

type (
	// ColRef is a column of the input.
	ColRef struct{ Col Col }
	// Const is a value, in the form that the package doc gives for Go; nil is null.
	Const struct {
		T     Type
		Value any
	}
	// Call is a scalar function or an operator, which are functions with names
	// such as "+", "==", "and", "has", "!contains", "[]" (path), "iff", "case".
	// Args are converted already: they have the types of the signature that was
	// chosen. See Function for the names.
	Call struct {
		T    Type
		Func string
		Args []Expr
		At   syntax.Span
	}
	// ScalarQuery is toscalar(): the first column of the first row, or null.
	ScalarQuery struct {
		T    Type
		Root Rel
	}
	// InQuery is X in (rows of the only column of Root). Fold compares without
	// regard to case. Its value is never null.
	InQuery struct {
		X    Expr
		Root Rel
		Fold bool
	}
	// WindowCall is prev, next, row_number, row_cumsum, row_rank_min,
	// row_rank_dense in a Window.
	WindowCall struct {
		T    Type
		Func string
		Args []Expr
		At   syntax.Span
	}
)

// Type implements Expr.
func (x *ColRef) Type() Type { return x.Col.Type }

// Type implements Expr.
func (x *Const) Type() Type { return x.T }

// Type implements Expr.
func (x *Call) Type() Type { return x.T }

// Type implements Expr.
func (x *ScalarQuery) Type() Type { return x.T }

// Type implements Expr.
func (x *InQuery) Type() Type { return Bool }

// Type implements Expr.
func (x *WindowCall) Type() Type { return x.T }

// Agg is an aggregate function over the rows of a group. Filter is the condition
// of the …if forms, which are bound to the plain function with it. What has
// several columns, arg_max and percentiles, is several Aggs: Func "arg_max" has
// Args[0] the key that is greatest and Args[1] the value of that row.
type Agg struct {
	T      Type
	Func   string
	Args   []Expr
	Filter Expr // nil: all rows
	At     syntax.Span
}
