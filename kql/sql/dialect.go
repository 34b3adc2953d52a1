package sql

import "reslog/kql"

// Dialect is what the SQL of one engine has of its own. What it prints is an
// operand: a name, a literal, a call, or an expression in parentheses. The
// printer gives a dialect printed operands and never its own text to read: what
// an argument is, a constant for one, is in the plan's node beside.
//
// An argument may be used several times in what is printed: the printer then
// computes it once, in a stage of its own.
type Dialect interface {
	// Type is the type of columns of t.
	Type(t kql.Type) string
	// Literal is a value of package kql's form, nil for null, of type t.
	Literal(t kql.Type, value any) (string, error)
	// Call prints a scalar function or an operator.
	Call(c *kql.Call, args []string) (string, error)
	// Condition prints a call for a place where null is as good as false, which is
	// often simpler; empty when Call is as good.
	Condition(c *kql.Call, args []string) (string, error)
	// Aggregate prints an aggregate function over the rows of a group.
	Aggregate(a *kql.Agg, in Rows) (string, error)
	// Window prints a function that looks at other rows of the partition and order
	// over, which is the inside of OVER (…).
	Window(w *kql.WindowCall, args []string, over string) (string, error)

	// Once and Shared follow the name of a common table expression that is to be
	// computed wherever it is used, and once for all uses.
	Once() string
	Shared() string
	// Sample orders rows at random.
	Sample() string
	// DistinctOn selects columns of the first row, in order, of every group of keys.
	DistinctOn(keys, columns []string, from, order string) string
	// SemiJoin is FROM … of the rows of left that have a row in right, or have none.
	SemiJoin(left, right, on string, anti bool) string
	// Numbers is a relation in FROM whose only column, name, is 0, 1 … last; no
	// rows when last is null or negative. It may refer to relations before it in
	// FROM when lateral.
	Numbers(last, relation, name string) string
	// Lateral introduces a subquery in FROM that refers to relations before it.
	Lateral() string

	// Items is the list of what a dynamic expands to, see kql.Expand.
	Items(x string, bagArray bool) string
	// ListOf collects the values of a group into a list, in order.
	ListOf(x, order string) string
	// Length is the number of elements of a list, Element the one at index from 0,
	// null past the end.
	Length(list string) string
	Element(list, index string) string
	// Unnest makes a row of every element of a list, in a select list.
	Unnest(list string) string
	// Range is a list of 0 … n-1.
	Range(n string) string
	// JSON is a value of type t as JSON text, null as the text null.
	JSON(t kql.Type, x string) string
	// JSONArray is the JSON text of an array of a list of JSON texts.
	JSONArray(list string) string
	// Bin is the index of the bin of width step, from start, that x is in; long.
	// Value is from + step*index of the type of from.
	BinIndex(t kql.Type, x, start, step string) string
	BinValue(t kql.Type, start, step, index string) string
}

// Rows is what an aggregate function is applied to.
type Rows struct {
	Args []string
	// Filter is a condition on rows, empty for all.
	Filter string
	// Order is the order of rows where the input has one, "c1 ASC NULLS FIRST";
	// lists keep it.
	Order string
}
