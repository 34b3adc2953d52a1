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

	// Cast is a number as a value of type t.
	Cast(t kql.Type, x string) string
	// IsNaN is whether a real is not a number; null for null.
	IsNaN(x string) string
	// Fold is a string in a form that is equal for strings that differ in case.
	Fold(x string) string

	// Shared stands between AS and a common table expression that is to be computed
	// once for all uses.
	Shared() string
	// Values is a relation in FROM of rows of literals, under the names given.
	Values(rows [][]string, names []string) string
	// Numbers is a relation in FROM whose only column, name, is 0, 1 … last; no rows
	// when last is null or negative. last may be a column of a relation before it.
	Numbers(last, name string) string
	// Lateral introduces a subquery in FROM that refers to relations before it.
	Lateral() string
	// Random is the key of an order at random.
	Random() string
	// DistinctOn is a SELECT of columns out of from: the first row, in order, of
	// every group of keys.
	DistinctOn(keys []string, columns, from, order string) string
	// Semi is a FROM of the rows of left that have a row in right, or that have none.
	Semi(left, right, on string, anti bool) string
	// Same compares two keys of type t, null with null.
	Same(t kql.Type, a, b string) string

	// Items is the list of what a dynamic expands to, see kql.Expand.
	Items(x string, bagArray bool) string
	// Length is the number of elements of a list, Element the one at an index from
	// 0, null past the end. Greatest is the greatest of several, nulls left out.
	Length(list string) string
	Element(list, index string) string
	Greatest(xs []string) string
	// Unnest makes a row of every number from 0 to n-1, in a select list.
	Unnest(n string) string
	// Steps is how often step fits between from and to, rounded down, as long, and
	// At is the value after i of them, both for values of type t.
	Steps(t kql.Type, from, to, step string) string
	At(t kql.Type, from, step, i string) string
	// FirstBin is the multiple of step at or below x, and LastBin the number of the
	// last bin that begins before to, or at it when inclusive.
	FirstBin(t kql.Type, x, step string) string
	LastBin(t kql.Type, from, to, step string, inclusive bool) string
	// JSON is a value of type t as JSON text, null as the text null.
	JSON(t kql.Type, x string) string
	// JSONArray aggregates JSON texts of a group in an order into the text of an
	// array.
	JSONArray(x, order string) string
}

// Rows is what an aggregate function is applied to.
type Rows struct {
	Args []string
	// Filter is a condition on rows, empty for all.
	Filter string
	// Order is the order of rows where the input has one, "c1 ASC NULLS FIRST";
	// lists keep it.
	Order string
	// Beside are the aggregates of the group that are the same function of the same
	// first argument and filter, this one among them: an engine may compute them at
	// once.
	Beside []*kql.Agg
}
