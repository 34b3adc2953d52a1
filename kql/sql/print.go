package sql

import (
	"fmt"
	"strconv"
	"strings"

	"reslog/kql"
	"reslog/kql/syntax"
)

// Options are what a plan needs of its surroundings.
type Options struct {
	// Scan returns the relation that a table is read from: a SELECT in
	// parentheses whose columns are used, in this order, under any names and of the
	// dialect's types; with none, it has some column. Strings are never NULL in it.
	// It need not restrict rows to the scan's Time, but may.
	Scan func(scan *kql.Scan, used []kql.Column) (string, error)
	// Limit bounds the rows of the result; zero: it does not.
	Limit int
}

// Statement is a query for an engine.
type Statement struct {
	SQL string
	// Columns are those of its rows, by position: names may repeat.
	Columns []kql.Column
}

// Print prints the result with this index of a plan. It refuses with a *kql.Error
// what the dialect cannot say exactly.
func Print(plan *kql.Plan, result int, d Dialect, o Options) (Statement, error) {
	if result < 0 || result >= len(plan.Results) {
		return Statement{}, fmt.Errorf("print result %d of a plan that has %d", result, len(plan.Results))
	}
	res := plan.Results[result]
	p := &printer{
		d: d, o: o, weights: make(map[int]int), shared: make(map[*kql.Shared]rel),
		applied: make(map[*kql.ApplyRows]rel), root: &scope{}, top: res.Root,
	}
	p.scope = p.root
	p.need(res)
	r, err := p.rel(res.Root)
	if err != nil {
		return Statement{}, err
	}
	st := Statement{Columns: make([]kql.Column, len(res.Columns))}
	names := make([]string, len(res.Columns))
	for i, c := range res.Columns {
		st.Columns[i] = kql.Column{Name: c.Name, Type: c.Type}
		names[i] = column(c)
	}
	if len(names) == 0 {
		names = []string{"1"}
	}
	st.SQL = p.scope.with() + "SELECT " + strings.Join(names, ", ") + " FROM " + r.from + orderBy(r.order)
	if o.Limit > 0 {
		st.SQL += " LIMIT " + strconv.Itoa(o.Limit)
	}
	return st, nil
}

// printer prints one statement.
type printer struct {
	d Dialect
	o Options
	// needed are the IDs of columns that something uses; uses counts those of
	// shared relations.
	needed map[int]bool
	uses   map[*kql.Shared]int
	// weights are the sizes of the expressions that columns stand for, see heavy.
	weights map[int]int
	shared  map[*kql.Shared]rel
	applied map[*kql.ApplyRows]rel
	// scope takes shared relations; root is that of the statement.
	scope, root *scope
	top         kql.Rel // the relation of the statement
	names       int
	depth       int
}

// scope is a WITH: relations that are computed once.
type scope struct {
	ctes []string
}

func (s *scope) with() string {
	if len(s.ctes) == 0 {
		return ""
	}
	return "WITH " + strings.Join(s.ctes, ",\n") + "\n"
}

// rel is a printed relation.
type rel struct {
	// from is what stands in FROM: a SELECT in parentheses, or the name of a shared
	// relation. It is used once.
	from string
	// groupings is how many aggregations are nested in from, see maxGroupings.
	groupings int
	// order is that of its rows; nil: none. Its columns are among those of the
	// relation, be they needed for anything else or not.
	order []key
}

// key is a column that rows are in the order of.
type key struct {
	name             string
	desc, nullsFirst bool
}

func (k key) String() string {
	s := k.name + " ASC"
	if k.desc {
		s = k.name + " DESC"
	}
	if k.nullsFirst {
		return s + " NULLS FIRST"
	}
	return s + " NULLS LAST"
}

// ordering is the list of keys that ORDER BY takes.
func ordering(order []key) string {
	s := make([]string, len(order))
	for i, k := range order {
		s[i] = k.String()
	}
	return strings.Join(s, ", ")
}

func orderBy(order []key) string {
	if len(order) == 0 {
		return ""
	}
	return " ORDER BY " + ordering(order)
}

// column is the name of a column in SQL.
func column(c kql.Col) string { return "c" + strconv.Itoa(c.ID) }

// name makes a name that nothing has yet.
func (p *printer) name(prefix string) string {
	p.names++
	return prefix + strconv.Itoa(p.names)
}

// inline is a SELECT as a relation. A common table expression an operator would
// be easier to read, but the time in which DuckDB binds a chain of them grows with
// the cube of its length; nested, it takes a fiftieth for a hundred operators.
func (p *printer) inline(body string) string { return "(\n" + body + ")" }

// maxGroupings is how many aggregations may be nested in one another before the
// inner ones are computed on their own. The time in which DuckDB moves conditions
// down doubles with each.
const maxGroupings = 6

// grouping counts one more aggregation over in.
func (p *printer) grouping(in rel) rel {
	if in.groupings >= maxGroupings {
		in.from, in.groupings = p.shareable("SELECT * FROM "+in.from), 0
	}
	in.groupings++
	return in
}

// shareable is a SELECT that is computed once and may be used several times.
func (p *printer) shareable(body string) string {
	name := p.name("r")
	p.scope.ctes = append(p.scope.ctes, name+" AS "+p.d.Shared()+" (\n"+body+")")
	return name
}

// relation is a SELECT that is computed before what uses it when it is heavy.
func (p *printer) relation(heavy bool, body string) string {
	if heavy {
		return p.shareable(body)
	}
	return p.inline(body)
}

// used are the columns that something needs.
func (p *printer) used(cols []kql.Col) []kql.Col {
	var out []kql.Col
	seen := make(map[int]bool, len(cols))
	for _, c := range cols {
		if p.needed[c.ID] && !seen[c.ID] {
			seen[c.ID] = true
			out = append(out, c)
		}
	}
	return out
}

// list is what a SELECT selects: items in order, each name once.
type list struct {
	items []string
	names map[string]bool
	made  map[string]string // names by text, see printer.under
}

// add adds the expression text under a name; text may be the name.
func (l *list) add(text, name string) {
	if l.names[name] {
		return
	}
	if l.names == nil {
		l.names = make(map[string]bool)
	}
	l.names[name] = true
	if text != name {
		text += " AS " + name
	}
	l.items = append(l.items, text)
}

// keep adds the columns that are needed, and those of an order.
func (p *printer) keep(l *list, cols []kql.Col, order []key) {
	for _, c := range p.used(cols) {
		l.add(column(c), column(c))
	}
	for _, k := range order {
		l.add(k.name, k.name)
	}
}

// onlyNames reports whether every item is a column under its own name.
func (l *list) onlyNames() bool {
	for _, item := range l.items {
		if !l.names[item] {
			return false
		}
	}
	return true
}

func (l *list) String() string {
	if len(l.items) == 0 {
		return "1 AS one"
	}
	return strings.Join(l.items, ", ")
}

// maxDepth is how many operators may follow one another. Engines take longer than
// in proportion to bind what is nested deeper.
const maxDepth = 400

// rel prints a relation.
func (p *printer) rel(r kql.Rel) (rel, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return rel{}, kql.Refuse(syntax.Span{}, "the query", fmt.Sprintf("a query with more than %d operators one after the other is not supported", maxDepth))
	}
	switch r := r.(type) {
	case *kql.Scan:
		return p.scan(r)
	case *kql.Values:
		return p.values(r)
	case *kql.Sequence:
		return p.sequence(r)
	case *kql.Filter:
		return p.filter(r)
	case *kql.Project:
		return p.project(r)
	case *kql.Aggregate:
		return p.aggregate(r)
	case *kql.Sort:
		return p.sort(r)
	case *kql.Limit:
		return p.limit(r)
	case *kql.Join:
		return p.join(r)
	case *kql.Union:
		return p.union(r)
	case *kql.Expand:
		return p.expand(r)
	case *kql.Apply:
		return p.apply(r)
	case *kql.ApplyRows:
		if in, ok := p.applied[r]; ok {
			return in, nil
		}
		return rel{}, fmt.Errorf("print a plan: the rows of an apply are used outside of it")
	case *kql.Window:
		return p.window(r)
	case *kql.Series:
		return p.series(r)
	case *kql.Shared:
		return p.share(r)
	}
	return rel{}, fmt.Errorf("print a plan: %T is unknown", r)
}
