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
		{Name: "b", Type: kql.Bool}, {Name: "i", Type: kql.Int}, {Name: "l", Type: kql.Long}, {Name: "r", Type: kql.Real}, {Name: "t", Type: kql.Datetime},
		{Name: "s", Type: kql.Timespan}, {Name: "x", Type: kql.String}, {Name: "g", Type: kql.Guid}, {Name: "d", Type: kql.Dynamic},
	}}
	q.Add(table,
		[]any{true, int64(1), int64(math.MaxInt64), math.Inf(1), last, int64(math.MaxInt64), "", "ae3133f2-6e22-49ae-b06a-16e6a9b212eb", `[1,"two",null,[3]]`},
		[]any{false, int64(math.MinInt32), int64(math.MinInt64), math.NaN(), int64(0), int64(math.MinInt64), "a\x00'\"\\é\U0001F600", nil, `{"a":{"b":[1]},"k":"v"}`},
		[]any{nil, nil, nil, nil, nil, nil, "", nil, nil},
		[]any{true, int64(0), int64(0), -0.0, int64(638500000000000001), int64(0), "2024-01-02T03:04:05Z", "00000000-0000-0000-0000-000000000000", `"text"`},
		[]any{false, int64(-7), int64(-1), 1e308, int64(599266080000000000), int64(-1), "[1,2", "ffffffff-ffff-ffff-ffff-ffffffffffff", `1e400`},
		[]any{true, int64(math.MaxInt32), int64(64), 5e-324, int64(315537897599999999), int64(864000000000), "10.0.0.1/24", nil, `[]`},
	)
}
