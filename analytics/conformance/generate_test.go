//go:build cgo

package conformance_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/kql"
)

// TestGenerated calls every function with values of every type, from columns, so that
// nothing is known before: rows, or an error of the language, and never one of the
// engine.
func TestGenerated(t *testing.T) {
	q := enginetest.Open(t)
	addOwnTables(q)
	addEdges(q)
	r := rand.New(rand.NewPCG(*seed, 3))
	g := generator{r, kql.List()}
	ran := 0
	for i := range *mutants {
		var query string
		switch i % 4 {
		case 0, 1:
			query = "Edges | extend x = " + g.expr(3)
		case 2:
			query = "Edges | where " + g.expr(3)
		default:
			query = "Edges | summarize x = " + pick(r, g.list.Aggregates) + "(" + g.args(2) + ") by " + pick(r, edgeColumns)
		}
		if checkChain(t, q, query) {
			ran++
		}
	}
	t.Logf("%d of %d ran", ran, *mutants)
}

type generator struct {
	r    *rand.Rand
	list kql.Listing
}

var edgeColumns = []string{"b", "i", "l", "r", "t", "s", "x", "g", "d"}

// expr is an expression of at most depth levels; most have the types that it needs
// only by chance.
func (g generator) expr(depth int) string {
	switch n := g.r.IntN(10); {
	case depth == 0 || n < 2:
		return pick(g.r, edgeColumns)
	case n == 2:
		return pick(g.r, edges)
	case n == 3:
		op := pick(g.r, []string{"+", "-", "*", "/", "%", "==", "!=", "<", ">=", "has", "contains", "=~", "startswith", "and", "or"})
		return "(" + g.expr(depth-1) + " " + op + " " + g.expr(depth-1) + ")"
	case n == 4:
		return fmt.Sprintf("iff(%s, %s, %s)", g.expr(depth-1), g.expr(depth-1), g.expr(depth-1))
	case n == 5:
		return fmt.Sprintf("to%s(%s)", pick(g.r, []string{"int", "long", "real", "string", "bool", "datetime", "timespan", "dynamic", "guid"}), g.expr(depth-1))
	case n == 6:
		return "d[" + g.expr(depth-1) + "]"
	}
	return pick(g.r, g.list.Functions) + "(" + g.args(depth) + ")"
}

func (g generator) args(depth int) string {
	args := make([]string, g.r.IntN(4))
	for i := range args {
		args[i] = g.expr(depth - 1)
	}
	return strings.Join(args, ", ")
}

// addEdges declares a table of values at which functions go wrong.
func addEdges(q *enginetest.Queries) {
	last := int64(3155378975999999999) // the end of the year 9999
	table := kql.Table{Name: "Edges", Columns: []kql.Column{
		{Name: "b", Type: kql.Bool},
		{Name: "i", Type: kql.Int},
		{Name: "l", Type: kql.Long},
		{Name: "r", Type: kql.Real},
		{Name: "t", Type: kql.Datetime},
		{Name: "s", Type: kql.Timespan},
		{Name: "x", Type: kql.String},
		{Name: "g", Type: kql.Guid},
		{Name: "d", Type: kql.Dynamic},
	}}
	q.Add(table,
		[]any{true, int64(1), int64(math.MaxInt64), math.Inf(1), last, int64(math.MaxInt64), "", "ae3133f2-6e22-49ae-b06a-16e6a9b212eb", `[1,"two",null,[3]]`},
		[]any{false, int64(math.MinInt32), int64(math.MinInt64), math.NaN(), int64(0), int64(math.MinInt64), "a\x00'\"\\é\U0001F600", nil, `{"a":{"b":[1]},"k":"v"}`},
		[]any{nil, nil, nil, nil, nil, nil, "", nil, nil},
		[]any{true, int64(0), int64(0), math.Copysign(0, -1), int64(638500000000000001), int64(0), "2024-01-02T03:04:05Z", "00000000-0000-0000-0000-000000000000", `"text"`},
		[]any{false, int64(-7), int64(-1), 1e308, int64(599266080000000000), int64(-1), "[1,2", "ffffffff-ffff-ffff-ffff-ffffffffffff", `1e400`},
		[]any{true, int64(math.MaxInt32), int64(64), 5e-324, int64(315537897599999999), int64(864000000000), "10.0.0.1/24", nil, `[]`},
	)
}

// TestConditions: what a condition lets through is what it is true for, and the
// condition and its negation leave out those for which it is null.
func TestConditions(t *testing.T) {
	q := enginetest.Open(t)
	addOwnTables(q)
	addEdges(q)
	r := rand.New(rand.NewPCG(*seed, 4))
	g := generator{r, kql.List()}
	compared := 0
	for range *mutants {
		cond := g.condition(2)
		results, err := q.Run(t.Context(), "Edges | extend p = ("+cond+") | summarize yes = countif(p == true), no = countif(p == false)")
		if err != nil {
			continue
		}
		counts := results[0].Rows[0]
		for i, query := range []string{"Edges | where " + cond + " | count", "Edges | where not(" + cond + ") | count"} {
			results, err := q.Run(t.Context(), query)
			if err != nil {
				t.Errorf("%v\n%s", err, query)
				continue
			}
			if have := results[0].Rows[0][0]; have != counts[i] {
				t.Errorf("%v rows, want %v\n%s", have, counts[i], query)
			}
			compared++
		}
	}
	t.Logf("%d compared", compared)
	if compared < *mutants/4 {
		t.Errorf("only %d compared", compared)
	}
}

// condition is one over columns of the type that its operator takes.
func (g generator) condition(depth int) string {
	if depth > 0 && g.r.IntN(3) > 0 {
		switch g.r.IntN(3) {
		case 0:
			return "not(" + g.condition(depth-1) + ")"
		case 1:
			return "(" + g.condition(depth-1) + " and " + g.condition(depth-1) + ")"
		default:
			return "(" + g.condition(depth-1) + " or " + g.condition(depth-1) + ")"
		}
	}
	number := func() string {
		return pick(g.r, []string{"i", "l", "r", "0", "-1", "64", "1.5", "long(null)", "l / i", "tolong(x)", "d[0]"})
	}
	text := func() string {
		return pick(g.r, []string{"x", "tostring(d)", `""`, `"text"`, `"10.0.0"`, "tostring(i)", "d.k", `"2024-01-02T03:04:05Z"`, "strcat(x, x)"})
	}
	switch g.r.IntN(7) {
	case 0:
		return number() + " " + pick(g.r, []string{"==", "!=", "<", "<=", ">", ">="}) + " " + number()
	case 1:
		return text() + " " + pick(g.r, []string{
			"==", "!=", "=~", "!~", "has", "!has", "contains", "!contains", "startswith", "!startswith", "endswith", "has_cs", "hasprefix",
			"!hasprefix", "hassuffix", "contains_cs", "!contains_cs",
		}) + " " + text()
	case 2:
		return number() + pick(g.r, []string{" in (", " !in ("}) + number() + ", " + number() + ")"
	case 3:
		return text() + pick(g.r, []string{" in (", " !in (", " in~ (", " !in~ (", " has_any (", " has_all ("}) + text() + ", " + text() + ")"
	case 4:
		return number() + pick(g.r, []string{" between (", " !between ("}) + number() + " .. " + number() + ")"
	case 5:
		return pick(g.r, []string{"isnull", "isnotnull", "isempty", "isnotempty"}) + "(" + pick(g.r, edgeColumns) + ")"
	}
	return pick(g.r, []string{"b", "t > datetime(2024-01-01)", "t == t", "s >= 0s", "g == toguid(x)", "b == false", "d == d", "isnan(r)", "t between (datetime(2000-01-01) .. 1d)"})
}
