//go:build cgo

package faulttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/client"
)

// deadly are queries that would take all there is. Those that are fine may have an
// answer, in the time they are given.
func deadly() []struct {
	name, query string
	fine        bool
} {
	numbers := func(n string) string { return "range a from 1 to " + n + " step 1" }
	many := func(part string, size int) string { return strings.Repeat(part, size/len(part)) }
	return []struct {
		name, query string
		fine        bool
	}{
		{"cross join", "let n = " + numbers("3000000") + " | extend k = 1; n | join kind=inner (n) on k | summarize max(a1 * a)", false},
		{"cross join of strings", blobTable + " | extend k = 1 | join kind=inner (" + numbers("100000000") + " | extend k = 1) on k | summarize dcount(strcat(Uri, tostring(a)))", false},
		{"a list of everything", numbers("1000000000") + " | summarize make_list(tostring(a), 1000000000)", false},
		{"a set of everything", numbers("1000000000") + " | summarize make_set(strcat('a rather long text ', tostring(a)))", false},
		{"groups without end", numbers("1000000000") + " | summarize count() by strcat('a rather long text ', tostring(a)) | count", false},
		{"10^12 rows", numbers("1000000000000") + " | where hash(a) == 7 | count", false},
		{"10^12 rows, sorted", numbers("1000000000000") + " | extend b = hash(a) | sort by b asc | extend c = row_number() | where c % 1000000007 == 0", false},
		{"regex bomb", numbers("100000000") + " | extend s = strcat(strrep('a', 2000), tostring(a)) | where s matches regex '(a+)+(a|aa)+$' | count", false},
		{"regex of repetitions", "print s = strrep('a', 100000) | where s matches regex '((a{1,100}){1,100}){1,100}$'", true},
		{"regex with backtracking", "print extract_all('((a|ab)(c|bcd)(d*))+', strrep('abcd', 100000))", true},
		{"repetition", "print strrep(strrep(strrep('a', 1000), 1000), 1000)", true},
		{"repetition of rows", numbers("1000000") + " | extend s = strrep('abcdefgh', 1000000) | summarize max(s)", true},
		{"doubling", "let a = strrep('a', 1000); let b = strcat(a,a,a,a,a,a,a,a,a,a); let c = strcat(b,b,b,b,b,b,b,b,b,b); let d = strcat(c,c,c,c,c,c,c,c,c,c); let e = strcat(d,d,d,d,d,d,d,d,d,d); let f = strcat(e,e,e,e,e,e,e,e,e,e); print strlen(strcat(f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f))", true},
		{"an array without end", "print a = range(1, 1000000000, 1) | mv-expand a | count", true},
		{"a series without end", numbers("1000") + " | extend t = datetime(2026-01-01) + a * 1h | make-series count() on t from datetime(2000-01-01) to datetime(2026-01-01) step 1tick", true},
		{"columns without end", numbers("1000000") + " | evaluate pivot(a)", true},
		{"deep JSON", "print parse_json(strcat(strrep('[', 1000000), strrep(']', 1000000)))", true},
		{"deep JSON objects", numbers("1000000") + " | extend j = parse_json(strcat(strrep('{\"a\":', 400), '1', strrep('}', 400))) | summarize count() by tostring(j)", true},
		{"a long text", "print '" + many("x", 1<<20-100) + "'", true},
		{"too long a text", "print '" + many("x", 1<<20) + "'", false},
		{"terms", "print " + many("1+", 190_000) + "1", true},
		{"parentheses", "print " + many("(", 90_000) + "1" + many(")", 90_000), false},
		{"pipes", blobTable + many("\n| where 1 == 1", 500_000), true},
		{"calls", "print " + many("strcat('a',", 400_000) + "1" + many(")", 36_000), false},
		{"negations", "print " + many("not(", 200_000) + "true" + many(")", 50_000), false},
		{"values", blobTable + " | where CorrelationId in (" + many("'0123456789',", 1_000_000) + "'')", true},
		{"columns", numbers("2") + " | extend " + many("b=a,", 190_000) + "c=a", true},
		{"unions", "union " + many(blobTable+",", 1_000_000) + blobTable, true},
		{"lets", many("let a = 1;", 390_000) + "print a", true},
		{"nested queries", many("union (", 200_000) + blobTable + many(")", 28_000), false},
		{"a flood of rows", numbers("100000000") + " | extend s = strrep('x', 1000)", false},
	}
}

// TestQueriesOfDeath runs queries that would take all there is, through the API,
// one after the other and then many at once. Each ends in the time it is given,
// the node's memory is bounded, and meanwhile other queries and requests are
// answered and rows go on to come.
func TestQueriesOfDeath(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	data := t.TempDir()
	v := start(t, data, bus.Buffered, withFile(b.write(t)), withQueries(queryMemory))
	defer v.stop(t)
	c := connect(t, v.url)
	var l ledger
	l.create(t, c)
	l.looks(t, c, "before", 200)
	api := admin(t, data)

	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var slowest time.Duration
	answers := 0
	wg.Go(func() { l.steady(ctx, c, 0) })
	wg.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			if _, err := number(ctx, api, workspaceName, blobTable+" | count"); err != nil && ctx.Err() == nil {
				t.Errorf("a query beside them: %v", err)
			}
			answers++
			slowest = max(slowest, time.Since(began))
			time.Sleep(400 * time.Millisecond) // a caller may ask 200 times in 30 seconds
		}
	})
	const given = 2 * time.Second
	for _, d := range deadly() {
		began := time.Now()
		err := die(t.Context(), api, d.query, given)
		took := time.Since(began)
		t.Logf("%-24s %6v %6d MiB: %.150v", d.name, took.Round(10*time.Millisecond), memoryOf(t, v)>>20, err)
		if took > given+lateness {
			t.Errorf("%s took %v, and was given %v", d.name, took, given)
		}
		if err == nil && !d.fine {
			t.Errorf("%s has an answer", d.name)
		}
		var gone *client.NodeError
		if err != nil && errors.As(err, &gone) && gone.Status == 500 {
			t.Errorf("%s: %v", d.name, err)
		}
	}
	began := time.Now()
	var all sync.WaitGroup
	for _, d := range deadly()[:10] {
		all.Go(func() { _ = die(t.Context(), api, d.query, given) })
	}
	all.Wait()
	t.Logf("ten at once: %v", time.Since(began).Round(10*time.Millisecond))
	if took := time.Since(began); took > 10*given+lateness {
		t.Errorf("ten at once took %v", took)
	}
	stop()
	wg.Wait()
	t.Logf("%d queries beside them, the slowest %v; most memory %d MiB", answers, slowest.Round(time.Millisecond), memoryOf(t, v)>>20)
	if most := memoryOf(t, v); most > queryMemory+mostBeside {
		t.Errorf("the node has taken %d MiB, of which %d are for queries", most>>20, queryMemory>>20)
	}
	if slowest > 10*given+lateness {
		t.Errorf("a query beside them took %v", slowest)
	}
	l.arrive(t, api)
}

const (
	// lateness is what a machine that runs other tests too may add to a limit.
	lateness = 45 * time.Second
	// mostBeside is the memory of a node without queries, and of what they take in
	// Go. It is 450 MiB, and a multiple when races are looked for.
	mostBeside = 1536 << 20
)

// die runs a query, which is given a time, and returns why it failed.
func die(ctx context.Context, api *client.Node, query string, given time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	r, err := api.Query(ctx, client.QueryRequest{Workspace: workspaceName, Query: query, Wait: given})
	if err == nil && r.Error != nil {
		return r.Error
	}
	return err
}

// memoryOf is the most memory that a node has had.
func memoryOf(t *testing.T, v *victim) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		return 0 // another system
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		t.Fatalf("memory %q: %v", number, err)
	}
	return n << 10
}
