package syntax

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// nasty are tokens at which the grammar has to decide.
var nasty = []string{
	"['by']", "['h']", "['kind']", "['datetime']", "['a\\nb']", "['true']", "['print']", "['range']", "['typeof']", "['']", "h", "kind", "=", "*",
	"(", ")", "[", "]", "{", "}", ",", ";", "|", ".", "..", ":", "-", "by", "on", "of", "where", "in", "in~", "!in", "has", "5", "1.", "1d", "'s'", "h'x'", "@'\\'",
	"hint.a=b", "datetime(2024)", "long(-1)", "dynamic([1])", "bool(1)", "time(5)", "real(5)", "let a =", "union", "print", "search", "find", "range x from",
	"evaluate f()", "datatable(a:long)", "typeof(", "entity_group", "with", "| take 1", "as", "view", "() {", "true", "project-away", "// c\n",
}

// TestMutated reads queries with tokens taken out, doubled, exchanged and put in:
// what is still one has to survive its own text.
func TestMutated(t *testing.T) {
	var queries []string
	for _, c := range cases(t) {
		queries = append(queries, c.query)
	}
	n := 20_000
	if folder := corpora(t); folder != "" {
		n = 60_000
		collected(t, folder, func(_, query string, _ bool) {
			if len(query) < 1000 {
				queries = append(queries, query)
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range n {
		source := mutate(random, queries[random.IntN(len(queries))])
		q, err := Parse(source)
		if err != nil {
			continue
		}
		taken++
		spans(t, q)
		if wrong := roundTrip(q); wrong != "" {
			t.Errorf("%s\nof\n%s", wrong, source)
		}
		if t.Failed() {
			return
		}
	}
	if taken < n/20 {
		t.Errorf("only %d of %d were still queries", taken, n)
	}
}

// mutate changes a few tokens of a query.
func mutate(random *rand.Rand, query string) string {
	var pieces []string
	last := 0
	for _, k := range Lex(query) {
		pieces = append(pieces, query[last:k.Start]+query[k.Start:k.End])
		last = k.End
	}
	for range 1 + random.IntN(3) {
		i := random.IntN(len(pieces))
		switch random.IntN(5) {
		case 0:
			pieces[i] = ""
		case 1:
			pieces[i] += " " + pieces[random.IntN(len(pieces))]
		case 2:
			pieces[i] += " " + nasty[random.IntN(len(nasty))]
		case 3:
			pieces[i] = " " + nasty[random.IntN(len(nasty))]
		case 4:
			pieces[i] = strings.TrimSpace(pieces[i])
		}
	}
	return strings.Join(pieces, "")
}
