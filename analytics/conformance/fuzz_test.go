//go:build cgo

package conformance_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"reslog/analytics/engine"
	"reslog/analytics/engine/enginetest"
	"reslog/kql"
)

var (
	mutants = flag.Int("mutants", 400, "how many changed queries TestMutants runs")
	seed    = flag.Uint64("seed", 1, "where TestMutants begins; other seeds are other queries")
)

// limit is how long a changed query may run, and slack how much later it may end.
const (
	limit = 3 * time.Second
	slack = time.Minute
)

// TestMutants runs queries that are made of pieces of others, from text to rows.
// What comes out is rows, an error of the language, or the end of its time or memory:
// anything else is a mistake of the compiler.
func TestMutants(t *testing.T) {
	q := enginetest.Open(t)
	addOwnTables(q)
	pool := newPool(seedQueries(t))
	r := rand.New(rand.NewPCG(*seed, 2))
	ran := 0
	for range *mutants {
		query := pool.mutant(r)
		if checkChain(t, q, query) {
			ran++
		}
	}
	t.Logf("%d of %d ran", ran, *mutants)
	if ran*50 < *mutants {
		t.Errorf("only %d of %d changed queries ran: the changes are too wild to show anything", ran, *mutants)
	}
}

// FuzzChain is TestMutants for text that the fuzzer makes.
func FuzzChain(f *testing.F) {
	for _, query := range seedQueries(f) {
		f.Add(query)
	}
	q := enginetest.Open(f)
	addOwnTables(q)
	f.Fuzz(func(t *testing.T, query string) { checkChain(t, q, query) })
}

// checkChain runs a query; it reports whether there were rows.
func checkChain(t *testing.T, q *enginetest.Queries, query string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	begin := time.Now()
	_, err := q.Run(ctx, query)
	if took := time.Since(begin); took > limit+slack {
		t.Errorf("it took %v\n%s", took, query)
	}
	var e *kql.Error
	switch {
	case err == nil:
		return true
	case errors.As(err, &e), errors.Is(err, context.DeadlineExceeded), errors.Is(err, engine.ErrMemory):
	default:
		t.Errorf("%v\n%s", err, query)
	}
	return false
}

// seedQueries are the queries of testdata, and those of the collection.
func seedQueries(t testing.TB) []string {
	var out []string
	for _, c := range readOwn(t, "*.kqltest") {
		out = append(out, c.query)
	}
	if collection() != "" {
		for _, file := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl"} {
			for _, x := range readExamples(t, file) {
				if len(x.Query) < 2000 && !strings.Contains(x.Query, "geo_") && !strings.Contains(x.Query, "5000000") {
					out = append(out, x.Query)
				}
			}
		}
	}
	return out
}

// token splits a query well enough to change it.
var token = regexp.MustCompile("(?s)@?\"[^\"\n]*\"|@?'[^'\n]*'|[$A-Za-z_][\\w-]*|\\d[\\w.]*|\\s+|=~|!~|==|!=|<=|>=|=>|.")

// pool is what changed queries are made of.
type pool struct {
	queries []string
	stages  []string // operators of pipes
	calls   []string // names of functions
	values  []string // literals, names of columns
	signs   []string // binary operators
}

// edges are values at which functions go wrong.
var edges = []string{
	"0", "-1", "9223372036854775807", "1e308", "real(nan)", "long(null)", `""`, "dynamic(null)", "dynamic([])", "dynamic({})",
	"datetime(null)", "datetime(9999-12-31 23:59:59.9999999)", "datetime(0001-01-01)", "1tick", "-10000000d", "bool(null)", "'\u00e9\U0001F600'",
	"int(null)", "Requests", "*", "Props", "Ms", "Op", "Code", "TimeGenerated", "Props.tier", "now()", "1.5", "typeof(long)", "guid(null)",
}

func newPool(queries []string) *pool {
	l := kql.List()
	p := &pool{
		queries: queries, calls: append(l.Functions, l.Aggregates...), values: edges,
		signs: []string{
			"+", "-", "*", "/", "%", "==", "!=", "<", ">=", "and", "or", "=~", "!~", "has", "!has", "contains", "startswith", "hasprefix",
			"has_cs", "endswith", "in", "!in", "matches regex", "between",
		},
	}
	seen := map[string]bool{}
	for _, q := range queries {
		for i, stage := range strings.Split(q, "|") {
			if i > 0 && len(stage) < 200 {
				p.stages = append(p.stages, stage)
			}
		}
		for _, tok := range token.FindAllString(q, -1) {
			if !seen[tok] && kindOf(tok, "") == value && len(tok) < 60 {
				seen[tok] = true
				p.values = append(p.values, tok)
			}
		}
	}
	return p
}

// The kinds of tokens, as far as a change needs them.
const (
	other = iota
	value // a literal
	name
	call // a name before a parenthesis
	sign
)

func kindOf(tok, next string) int {
	switch c := tok[0]; {
	case c == '"' || c == '\'' || c == '@' && len(tok) > 1 || c >= '0' && c <= '9':
		return value
	case c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z':
		if strings.HasPrefix(next, "(") {
			return call
		}
		return name
	case strings.ContainsAny(tok, "+*/%=<>!~-"):
		return sign
	}
	return other
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// mutant is a query with one change, or a few.
func (p *pool) mutant(r *rand.Rand) string {
	query := pick(r, p.queries)
	for range 1 + r.IntN(3) {
		switch r.IntN(8) {
		case 0: // another operator at the end
			query = strings.TrimRight(query, "; \n") + " | " + pick(r, p.stages)
		case 1: // an operator in the place of another
			stages := strings.Split(query, "|")
			if at := 1 + r.IntN(len(stages)); at < len(stages) {
				stages[at] = pick(r, p.stages)
				query = strings.Join(stages, "|")
			}
		case 2: // and one less
			stages := strings.Split(query, "|")
			if at := 1 + r.IntN(len(stages)); at < len(stages) {
				query = strings.Join(append(stages[:at:at], stages[at+1:]...), "|")
			}
		default:
			query = p.changed(r, query)
		}
		if query == "" {
			query = "print 1"
		}
	}
	return query
}

// changed replaces a token by another of its kind, most often.
func (p *pool) changed(r *rand.Rand, query string) string {
	tokens := token.FindAllString(query, -1)
	var names []string
	for i, tok := range tokens {
		if kindOf(tok, after(tokens, i)) == name {
			names = append(names, tok)
		}
	}
	at := r.IntN(len(tokens))
	for range 8 {
		if kindOf(tokens[at], after(tokens, at)) != other {
			break
		}
		at = r.IntN(len(tokens))
	}
	switch kindOf(tokens[at], after(tokens, at)) {
	case value:
		tokens[at] = pick(r, p.values)
	case name:
		if r.IntN(3) == 0 {
			tokens[at] = pick(r, p.values)
		} else {
			tokens[at] = pick(r, names)
		}
	case call:
		tokens[at] = pick(r, p.calls)
	case sign:
		tokens[at] = pick(r, p.signs)
	default:
		tokens[at] = ""
	}
	return strings.Join(tokens, "")
}

func after(tokens []string, i int) string {
	if i+1 < len(tokens) {
		return tokens[i+1]
	}
	return ""
}
