package kql

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// String shows a plan as text, one relation a line, inputs below and indented.
// Columns are name#id. It is for tests and for people.
func (p *Plan) String() string {
	e := explainer{seen: map[*Shared]int{}}
	for i, r := range p.Results {
		if i > 0 {
			e.line(0, "---")
		}
		if r.Render != nil {
			e.line(0, "render %s%s", r.Render.Kind, properties(r.Render.Properties))
		}
		e.rel(0, r.Root)
	}
	return e.String()
}

func properties(m map[string]string) string {
	var s strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&s, " %s=%s", k, m[k])
	}
	return s.String()
}

type explainer struct {
	strings.Builder
	seen map[*Shared]int
	subs []Rel // subqueries of the line being written
}

func (e *explainer) line(depth int, format string, args ...any) {
	e.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(e, format, args...)
	e.WriteByte('\n')
}

func (e *explainer) rel(depth int, r Rel) {
	e.subs = nil
	if s, ok := r.(*Shared); ok {
		if n, ok := e.seen[s]; ok {
			e.line(depth, "shared %d", n)
			return
		}
		e.seen[s] = len(e.seen) + 1
	}
	e.line(depth, "%s", e.head(r))
	subs := e.subs
	for i, s := range subs {
		e.line(depth+2, "$%d:", i+1)
		e.rel(depth+3, s)
	}
	for _, in := range Inputs(r) {
		e.rel(depth+1, in)
	}
}

func (e *explainer) head(r Rel) string {
	switch r := r.(type) {
	case *Scan:
		return "scan " + r.Table.Name + span(r.Time)
	case *Values:
		rows := make([]string, len(r.Rows))
		for i, row := range r.Rows {
			rows[i] = "(" + e.list(row) + ")"
		}
		return "values " + cols(r.Columns) + " " + strings.Join(rows, " ")
	case *Sequence:
		return "sequence " + cols(r.Columns) + " " + e.list([]Expr{r.From, r.To, r.Step})
	case *Filter:
		return "filter " + e.expr(r.Cond)
	case *Project:
		return "project " + e.assigns(r.Columns, r.Exprs)
	case *Aggregate:
		return e.aggregate(r)
	case *Sort:
		return "sort " + e.orders(r.Keys)
	case *Limit:
		if r.Sample {
			return "sample " + e.expr(r.N)
		}
		return "limit " + e.expr(r.N)
	case *Window:
		at := len(r.Columns) - len(r.Exprs)
		return "window [" + e.orders(r.Order) + "] " + e.assigns(r.Columns[at:], r.Exprs)
	case *Shared:
		return fmt.Sprintf("shared %d =", e.seen[r])
	case *ApplyRows:
		return "rows " + cols(r.Columns)
	}
	return e.wide(r)
}

// wide is head for the relations of op_combine.go.
func (e *explainer) wide(r Rel) string {
	switch r := r.(type) {
	case *Join:
		kinds := [...]string{"inner", "innerunique", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "rightanti"}
		return fmt.Sprintf("join %s [%s] = [%s] %s", kinds[r.Kind], e.list(r.LeftKeys), e.list(r.RightKeys), cols(r.Columns))
	case *Union:
		s := "union " + cols(r.Columns)
		for _, xs := range r.Exprs {
			s += " [" + e.list(xs) + "]"
		}
		return s
	case *Expand:
		return "expand " + e.list(r.Items) + " " + cols(r.Columns) + flags(r.Index, "index", r.BagArray, "pairs", r.Limit != nil, "limit")
	case *Apply:
		return "apply " + e.list(r.Items) + " " + cols(r.Columns) + flags(r.Index, "index", r.Limit != nil, "limit")
	case *Series:
		s := "series " + cols(r.Columns) + " by [" + e.list(r.Keys) + "] " + e.aggs(r.Aggs) + " default [" + e.list(r.Defaults) + "] on " + e.expr(r.Axis)
		for i, x := range []Expr{r.From, r.To, r.Step} {
			if x != nil {
				s += [...]string{" from ", " to ", " step "}[i] + e.expr(x)
			}
		}
		return s
	}
	return fmt.Sprintf("%T", r)
}

func flags(pairs ...any) (s string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].(bool) { //nolint:forcetypeassert // our own calls
			s += " " + pairs[i+1].(string) //nolint:forcetypeassert // our own calls
		}
	}
	return s
}

func (e *explainer) aggregate(r *Aggregate) string {
	s := "aggregate"
	if r.Distinct {
		s = "distinct"
	}
	if len(r.Keys) > 0 {
		s += " by " + e.assigns(r.Columns[:len(r.Keys)], r.Keys)
	}
	for i, a := range r.Aggs {
		s += " " + col(r.Columns[len(r.Keys)+i]) + "=" + e.agg(a)
	}
	return s
}

func (e *explainer) aggs(aggs []*Agg) string {
	parts := make([]string, len(aggs))
	for i, a := range aggs {
		parts[i] = e.agg(a)
	}
	return strings.Join(parts, " ")
}

func (e *explainer) agg(a *Agg) string {
	s := a.Func + "(" + e.list(a.Args) + ")"
	if a.Filter != nil {
		s += " if " + e.expr(a.Filter)
	}
	return s
}

func (e *explainer) orders(keys []Order) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = e.expr(k.X) + map[bool]string{true: " desc", false: " asc"}[k.Desc]
		if k.NullsFirst == k.Desc {
			parts[i] += map[bool]string{true: " nulls first", false: " nulls last"}[k.NullsFirst]
		}
	}
	return strings.Join(parts, ", ")
}

func (e *explainer) assigns(cs []Col, xs []Expr) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		if ref, ok := xs[i].(*ColRef); ok && ref.Col.ID == c.ID && ref.Col.Name == c.Name {
			parts[i] = col(c)
			continue
		}
		parts[i] = col(c) + "=" + e.expr(xs[i])
	}
	return strings.Join(parts, ", ")
}

func (e *explainer) list(xs []Expr) string {
	parts := make([]string, len(xs))
	for i, x := range xs {
		parts[i] = e.expr(x)
	}
	return strings.Join(parts, ", ")
}

func (e *explainer) expr(x Expr) string {
	switch x := x.(type) {
	case *ColRef:
		return col(x.Col)
	case *Const:
		return constText(x)
	case *Call:
		return x.Func + "(" + e.list(x.Args) + ")"
	case *WindowCall:
		return x.Func + "(" + e.list(x.Args) + ")"
	case *ScalarQuery:
		e.subs = append(e.subs, x.Root)
		return fmt.Sprintf("scalar($%d)", len(e.subs))
	case *InQuery:
		e.subs = append(e.subs, x.Root)
		return fmt.Sprintf("in(%s, $%d%s)", e.expr(x.X), len(e.subs), map[bool]string{true: ", fold", false: ""}[x.Fold])
	}
	return fmt.Sprintf("%T", x)
}

func constText(x *Const) string {
	switch v := x.Value.(type) {
	case nil:
		return x.T.String() + "(null)"
	case string:
		if x.T == String {
			return strconv.Quote(v)
		}
		return x.T.String() + "(" + v + ")"
	case int64:
		switch x.T {
		case Datetime:
			return Time(v).Format("2006-01-02T15:04:05.9999999")
		case Timespan:
			return fmt.Sprintf("%dt", v)
		case Int:
			return fmt.Sprintf("int(%d)", v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return fmt.Sprintf("%s(%v)", x.T, v)
	}
	return fmt.Sprint(x.Value)
}

func col(c Col) string { return c.Name + "#" + strconv.Itoa(c.ID) }

func cols(cs []Col) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = col(c) + ":" + c.Type.String()
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func span(t TimeRange) string {
	s := ""
	if t.HasFrom {
		s += " from " + Time(t.From).Format("2006-01-02T15:04:05.9999999")
	}
	if t.HasTo {
		s += " to " + Time(t.To).Format("2006-01-02T15:04:05.9999999")
	}
	return s
}
