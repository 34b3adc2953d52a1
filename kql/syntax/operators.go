package syntax

// Operator is one step of a pipe, or the first thing of one.
type Operator interface {
	Node
	operator()
}

// Nulls says where rows without a value stand in an order.
type Nulls uint8

// The places of nulls in an order.
const (
	NullsDefault Nulls = iota // first when ascending, last when descending
	NullsFirst
	NullsLast
)

// SortKey is X [asc|desc] [nulls first|last].
type SortKey struct {
	Span
	X     Expr // may be *Named
	Asc   bool // the default is descending
	Nulls Nulls
}

type (
	// Where is where, and its old name filter. Cond is a *Named for `where a = b`,
	// which the grammar has and which is hardly ever meant.
	Where struct {
		Span
		Cond Expr
	}
	// Project is project. Columns are Expr or *Named.
	Project struct {
		Span
		Columns []Expr
	}
	// ProjectAway is project-away; names may be wild.
	ProjectAway struct {
		Span
		Names []Name
	}
	// ProjectKeep is project-keep; names may be wild.
	ProjectKeep struct {
		Span
		Names []Name
	}
	// ProjectRename is project-rename New = Old, ….
	ProjectRename struct {
		Span
		Columns []*Named
	}
	// ProjectReorder is project-reorder; names may be wild.
	ProjectReorder struct {
		Span
		Columns []ReorderKey
	}
	// ReorderKey is a name with the order of the columns that it matches: "asc",
	// "desc", "granny-asc", "granny-desc" or "".
	ReorderKey struct {
		Span
		Name  Name
		Order string
	}
	// Extend is extend.
	Extend struct {
		Span
		Columns []Expr
	}
	// Summarize is summarize Aggregates by Keys.
	Summarize struct {
		Span
		Options    []Option
		Aggregates []Expr
		Keys       []Expr
	}
	// Sort is sort by and order by.
	Sort struct {
		Span
		Options []Option
		Keys    []SortKey
	}
	// Top is top Count by Key.
	Top struct {
		Span
		Options []Option
		Count   Expr
		Key     SortKey
	}
	// TopNested is top-nested [N] of X [with others = Y] by Agg [asc|desc], ….
	TopNested struct {
		Span
		Levels []TopNestedLevel
	}
	// TopNestedLevel is one level; Count and Others may be nil.
	TopNestedLevel struct {
		Span
		Count, X, Others, By Expr
		Asc                  bool
	}
	// TopHitters is top-hitters N of X [by Y].
	TopHitters struct {
		Span
		Count, X, By Expr
	}
	// Take is take and limit.
	Take struct {
		Span
		Count Expr
	}
	// Sample is sample N.
	Sample struct {
		Span
		Count Expr
	}
	// SampleDistinct is sample-distinct N of X.
	SampleDistinct struct {
		Span
		Count, X Expr
	}
	// Distinct is distinct; Columns may be one *Star.
	Distinct struct {
		Span
		Options []Option
		Columns []Expr
	}
	// Count is count [as Name].
	Count struct {
		Span
		As *Name
	}
	// Join is join [options] (Right) on Conditions. A condition is a *Ref, or a
	// *Binary "==" of two *Member of $left and $right, or several joined by "and".
	// Lookup is the operator of that name.
	Join struct {
		Span
		Lookup  bool
		Options []Option // kind=…, hint.…
		Right   Expr
		On      []Expr
	}
	// Union is union [options] Sources, at the start of a pipe or after one. A
	// source may be a *Ref with a wild name, also `*` alone.
	Union struct {
		Span
		Options []Option // kind=inner|outer, withsource=Name, isfuzzy=true
		Sources []Expr
	}
	// MvExpand is mv-expand.
	MvExpand struct {
		Span
		Options []Option // bagexpansion=array, with_itemindex=i, kind=array
		Items   []MvItem
		Limit   Expr
	}
	// MvItem is [Name =] X [to typeof(T)].
	MvItem struct {
		Span
		X  Expr // may be *Named
		To string
	}
	// MvApply is mv-apply Items [limit N] on (Sub). Sub is a Pipe without a source.
	MvApply struct {
		Span
		Options []Option
		Items   []MvItem
		Limit   Expr
		ID      *Name // id of the row, an old form
		Sub     *Pipe
	}
	// ParseOp is parse and parse-where: X with Pattern.
	ParseOp struct {
		Span
		Where   bool
		Options []Option // kind=simple|regex|relaxed, flags=…
		X       Expr
		Pattern []ParsePart
	}
	// ParsePart is a literal, a star, or a column [:type].
	ParsePart struct {
		Span
		Literal Expr // a string literal; or nil
		Star    bool
		Name    Name
		Type    string
	}
	// ParseKv is parse-kv X as (Columns) with (Options).
	ParseKv struct {
		Span
		X       Expr
		Columns []Param
		Options []Option
	}
	// MakeSeries is make-series Aggs on Axis [from F] [to T] step S by Keys, or
	// `in range(F, T, S)`, for which InRange is set.
	MakeSeries struct {
		Span
		Options        []Option
		Aggregates     []SeriesAgg
		Axis           Expr
		From, To, Step Expr
		InRange        bool
		Keys           []Expr
	}
	// SeriesAgg is [Name =] Agg [default = Value].
	SeriesAgg struct {
		Span
		X       Expr // may be *Named
		Default Expr
	}
	// Render is render Kind [with (properties)].
	Render struct {
		Span
		Kind       string
		Properties []Option
	}
	// Serialize is serialize [columns].
	Serialize struct {
		Span
		Columns []Expr
	}
	// AsOp is as [options] Name.
	AsOp struct {
		Span
		Options []Option
		Name    Name
	}
	// Getschema is getschema.
	Getschema struct{ Span }
	// Invoke is invoke Call.
	Invoke struct {
		Span
		Call *Call
	}
	// Evaluate is evaluate [options] Plugin(args) [: schema]. Schema is nil when
	// none is given; SchemaStar is the `*` in it: the columns that are there.
	Evaluate struct {
		Span
		Options    []Option
		Call       *Call
		Schema     []Param
		SchemaStar bool
	}
	// Search is search [kind=…] [in (Tables)] Cond, first or after a pipe. A string
	// alone in the condition is a term that any column may have.
	Search struct {
		Span
		Options []Option
		Tables  []Expr
		Cond    Expr
	}
	// Find is find [withsource=…] [in (Tables)] [where] Cond
	// [project …|project-smart] [project-away …].
	Find struct {
		Span
		Options []Option
		Tables  []Expr
		Cond    Expr
		Project []FindColumn // nil: as project-smart
		Smart   bool         // project-smart is written
		Away    []Name
	}
	// FindColumn is Name[:Type], or pack(*).
	FindColumn struct {
		Span
		Name Name
		Type string
		Pack bool
	}
	// Print is print.
	Print struct {
		Span
		Columns []Expr
	}
	// RangeOp is range Name from F to T step S, first in a pipe.
	RangeOp struct {
		Span
		Name           Name
		From, To, Step Expr
	}
	// Datatable is datatable(columns)[values].
	Datatable struct {
		Span
		Columns []Param
		Values  []Expr
	}
	// ExternalData is externaldata(columns)[sources] with (options).
	ExternalData struct {
		Span
		Columns []Param
		Sources []Expr
		Options []Option
	}
	// Partition is partition [options] by X (Sub) or { Query }; Sub is a Pipe
	// without a source.
	Partition struct {
		Span
		Options []Option
		By      Expr
		Sub     *Pipe
		Body    *Query
	}
	// OtherOp is an operator that is understood enough to be refused by name:
	// scan, fork, facet, reduce, make-graph, macro-expand, consume. Text is what
	// follows the keyword, to the next pipe at the same depth.
	OtherOp struct {
		Span
		Keyword string
		Text    string
	}
)

func (*Where) operator()          {}
func (*Project) operator()        {}
func (*ProjectAway) operator()    {}
func (*ProjectKeep) operator()    {}
func (*ProjectRename) operator()  {}
func (*ProjectReorder) operator() {}
func (*Extend) operator()         {}
func (*Summarize) operator()      {}
func (*Sort) operator()           {}
func (*Top) operator()            {}
func (*TopNested) operator()      {}
func (*TopHitters) operator()     {}
func (*Take) operator()           {}
func (*Sample) operator()         {}
func (*SampleDistinct) operator() {}
func (*Distinct) operator()       {}
func (*Count) operator()          {}
func (*Join) operator()           {}
func (*Union) operator()          {}
func (*MvExpand) operator()       {}
func (*MvApply) operator()        {}
func (*ParseOp) operator()        {}
func (*ParseKv) operator()        {}
func (*MakeSeries) operator()     {}
func (*Render) operator()         {}
func (*Serialize) operator()      {}
func (*AsOp) operator()           {}
func (*Getschema) operator()      {}
func (*Invoke) operator()         {}
func (*Evaluate) operator()       {}
func (*Search) operator()         {}
func (*Find) operator()           {}
func (*Print) operator()          {}
func (*RangeOp) operator()        {}
func (*Datatable) operator()      {}
func (*ExternalData) operator()   {}
func (*Partition) operator()      {}
func (*OtherOp) operator()        {}
