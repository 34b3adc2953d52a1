package syntax

// Span is a half-open range of byte offsets in the source.
type Span struct{ Start, End int }

// Cover returns the smallest span around both.
func (s Span) Cover(o Span) Span { return Span{min(s.Start, o.Start), max(s.End, o.End)} }

// Node is a part of the tree.
type Node interface{ Pos() Span }

// Pos implements Node for everything that embeds a Span.
func (s Span) Pos() Span { return s }

// Query is a whole request: statements, of which each expression gives a result.
type Query struct {
	Span
	Source     string
	Statements []Statement
}

// Statement is one of LetStatement, SetStatement, DeclareStatement,
// ExprStatement, OtherStatement.
type Statement interface {
	Node
	statement()
}

type (
	// LetStatement is `let Name = Value`. Value is a scalar, a tabular expression
	// or a *FunctionExpr.
	LetStatement struct {
		Span
		Name  Name
		Value Expr
	}
	// SetStatement is `set Name [= Value]`, an option of the request.
	SetStatement struct {
		Span
		Name  Name
		Value Expr // nil: none given
	}
	// DeclareStatement is `declare query_parameters(...)`.
	DeclareStatement struct {
		Span
		Params []Param
	}
	// ExprStatement is a tabular expression whose rows are a result.
	ExprStatement struct {
		Span
		Expr Expr
	}
	// OtherStatement is one that is understood and never run: alias, restrict,
	// declare pattern. Keyword names it, Text is what follows the keyword.
	OtherStatement struct {
		Span
		Keyword string
		Text    string
	}
)

func (*LetStatement) statement()     {}
func (*SetStatement) statement()     {}
func (*DeclareStatement) statement() {}
func (*ExprStatement) statement()    {}
func (*OtherStatement) statement()   {}

// Name is an identifier, without the brackets and quotes of ['a name'].
type Name struct {
	Span
	Text string
	// Wild is set when the text holds `*` as a pattern (Storage*, x*), which some
	// operators take. Alone, `*` is a wild name for sources of union, search and
	// find and for project-away and its like.
	Wild bool
}

// Expr is an expression. The language has no border between scalar and tabular
// ones before names are bound: Pipe and TableExpr are tabular, a Ref or a Call
// can be either.
type Expr interface {
	Node
	expr()
}

// LiteralKind is the type that the spelling of a literal has.
type LiteralKind uint8

// The kinds of literals.
const (
	Bool     LiteralKind = iota + 1
	Int                  // int(5), int(null)
	Long                 // 5, 0x1F, long(5)
	Real                 // 1.5, real(nan), 1e3
	Decimal              // decimal(1.5)
	String               // 'a', "a", @'a', h'a', ```a```
	Datetime             // datetime(2024-01-01), datetime(null)
	Timespan             // 1d, time(01:02:03), timespan(null)
	Guid                 // guid(…)
	Dynamic              // dynamic(…)
)

type (
	// Literal is a constant as it is written. Text is the part between the
	// parentheses, or the decoded string, or the number; "null" with Null set.
	// A Dynamic has the JSON-like text, which may hold datetime(…) and the like.
	// A Bool has "true" or "false" where it is written with such a word in any
	// case. Nothing is converted: whether 'a' is a datetime, the binder says.
	Literal struct {
		Span
		Kind   LiteralKind
		Text   string
		Null   bool
		Hidden bool // h'…': keep it out of logs
	}
	// Ref names a column, a let, a table or $left, $right, $table.
	Ref struct {
		Span
		Name Name
	}
	// Star is `*` where an expression may stand: count(*), arg_max(t, *),
	// `* has "x"`.
	Star struct{ Span }
	// Unary is -X or +X.
	Unary struct {
		Span
		Op string
		X  Expr
	}
	// Binary is X Op Y. Op as it is written, except that old spellings have become
	// the present ones: "+", "==", "!=" (<>), "=~", "!~", "and", "or", "has", "!has",
	// "contains_cs", "!contains" (notcontains), "startswith", "matches regex", "in",
	// "in~", "!in" (notin), "!in~", "has_any", "has_all", "between", "!between", ":"
	// (of search).
	// The right side of in, has_any and has_all is a *List, that of between a
	// *Range. X of a comparison may be a *Star: every column.
	Binary struct {
		Span
		Op   string
		OpAt Span
		X, Y Expr
	}
	// List is the parenthesised list at the right of in, has_any and has_all.
	List struct {
		Span
		Items []Expr
	}
	// Range is `From .. To`.
	Range struct {
		Span
		From, To Expr
	}
	// Call is Func(Args). An argument is an Expr, a *Named or a *Star. On is what
	// the function is a member of, as in cluster("c").database("d"), or nil.
	Call struct {
		Span
		On   Expr
		Func Name
		Args []Expr
	}
	// Member is X.Name or X.["a name"], a path into a dynamic, or
	// workspace("x").Table.
	Member struct {
		Span
		X    Expr
		Name Name
	}
	// Index is X[Index], also X.[Index].
	Index struct {
		Span
		X, Index Expr
	}
	// Named is Name = X, or (a, b) = X with several names.
	Named struct {
		Span
		Names []Name
		Tuple bool // written with parentheses
		X     Expr
	}
	// Paren is (X). It matters to automatic names and to the printer.
	Paren struct {
		Span
		X Expr
	}
	// TypeOf is typeof(long), or typeof with a schema: typeof(*, a:long, b:string),
	// where Star keeps the columns that are there.
	TypeOf struct {
		Span
		Type   string
		Schema []Param
		Star   bool
	}
	// FunctionExpr is the value of a let that defines a function:
	// [view] (Params) { Body }.
	FunctionExpr struct {
		Span
		View   bool
		Params []Param
		Body   *Query
	}
	// Pipe is Source | Operator | ….  Source is nil when the first operator stands
	// on its own: print, range, union, search, find, datatable.
	Pipe struct {
		Span
		Source    Expr
		Operators []Operator
	}
	// ToTable is a query in parentheses that is used as a value, `(T | project x)`:
	// it parses as Paren around Pipe. There is no node of its own.

	// BadExpr is refused later by name: a construct that is understood and never
	// run, such as an inline entity group. Text is all of it.
	BadExpr struct {
		Span
		What string
		Text string
	}
)

func (*Literal) expr()      {}
func (*Ref) expr()          {}
func (*Star) expr()         {}
func (*Unary) expr()        {}
func (*Binary) expr()       {}
func (*List) expr()         {}
func (*Range) expr()        {}
func (*Call) expr()         {}
func (*Member) expr()       {}
func (*Index) expr()        {}
func (*Named) expr()        {}
func (*Paren) expr()        {}
func (*TypeOf) expr()       {}
func (*FunctionExpr) expr() {}
func (*Pipe) expr()         {}
func (*BadExpr) expr()      {}

// Param is a parameter of a function or a column of a schema: Name:Type [= Default],
// or Name:(Columns) for a table, Name:(*) for any table.
type Param struct {
	Span
	Name    Name
	Type    string // "long"; "" for a table
	Table   bool
	AnyCols bool // (*)
	Columns []Param
	Default Expr // nil: required
}

// Option is Name=Value between the name of an operator and its operands:
// kind=inner, hint.strategy=broadcast, with_itemindex=i, isfuzzy=true. The name
// is the whole of hint.strategy. It is also a property in the parentheses of a
// with.
type Option struct {
	Span
	Name  Name
	Value Expr // a *Ref for words, a *List for ycolumns=a, b
}
