package kql

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzBind: no text makes Bind panic, and what it fails with is an *Error.
func FuzzBind(f *testing.F) {
	for _, g := range []string{
		`Logs | where TimeGenerated > ago(1d) and Name has "a" | summarize n = count(), arg_max(Size, *) by bin(TimeGenerated, 1h), Name | sort by n | extend row_number(), prev(n)`,
		`let f = (T: (x: long), a: long = 5) { T | where x > a }; let m = materialize(f(Plain)); m | as q | where x in (q | project x) or x == toscalar(m | count)`,
		`print dynamic({"a": [1, 'b', datetime(2024-01-01)]}).a[0], 1d * 2, -9223372036854775808, @'x', guid(null)`,
		`datatable(a: int, b: dynamic)[1, dynamic(null), int(null), "x"] | extend b.c, b["d"][a] | project-away a* | project-reorder *`,
		`union Logs, (Other | extend Code = 1) | join kind=inner Plain on $left.Code == $right.x | render timechart`,
		`range x from 1 to 5 step 1 | mv-expand y = dynamic([1, 2]) | mv-apply z = y on (top 1 by z) | make-series count() on x step 1`,
		`Logs | parse Name with "a" b: long "c" * | search "d" | top-nested 2 of Name by sum(Size) | evaluate bag_unpack(Props)`,
		`Plain | project-away * | where 1 in (Plain | project-away *) or toscalar(Plain | project-away *) == 1`,
	} {
		f.Add(g)
	}
	f.Fuzz(func(t *testing.T, query string) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		plan, err := Bind(ctx, query, testTables(), Options{Now: testNow, MaxNodes: 5000})
		var e *Error
		switch {
		case err == nil:
			_ = plan.String()
		case errors.As(err, &e):
			_ = e.Error()
		case !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("not an *Error: %v", err)
		}
	})
}

// TestBindBounds: functions and lets that grow without end are refused, soon.
func TestBindBounds(t *testing.T) {
	double := func(n int, first, each string) string {
		var s strings.Builder
		s.WriteString(first)
		for i := range n {
			s.WriteString(strings.NewReplacer("$1", "a"+strconv.Itoa(i+1), "$0", "a"+strconv.Itoa(i)).Replace(each))
		}
		return s.String()
	}
	tests := map[string]string{
		"functions of tables":  double(60, "let a0 = () { Plain };", "let $1 = () { union $0(), $0() };") + "a60()",
		"lets of tables":       double(60, "let a0 = Plain;", "let $1 = $0 | where x in ($0 | project x);") + "a60",
		"functions of scalars": double(60, "let a0 = (x: long) { x + x };", "let $1 = (x: long) { $0($0(x)) };") + "Plain | extend a60(x)",
		"lets of scalars":      double(60, "let a0 = toscalar(Plain);", "let $1 = $0 + $0;") + "print a60",
		"shared relations":     double(60, "let a0 = materialize(Plain);", "let $1 = materialize(union $0, $0);") + "a60",
		"parentheses":          "print " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
		"brackets":             "print x" + strings.Repeat("[0]", 5000),
		"long text":            "print '" + strings.Repeat("a", maxSource) + "'",
	}
	for test, query := range tests {
		t.Run(test, func(t *testing.T) {
			start := time.Now()
			_, err := Bind(t.Context(), query, testTables(), Options{Now: testNow})
			if err == nil && test != "shared relations" {
				t.Error("it is accepted")
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("it takes %v", d)
			}
			if err != nil {
				t.Log(err)
			}
		})
	}
}

// TestBindLongChain: conditions of thousands of terms are not deep.
func TestBindLongChain(t *testing.T) {
	query := "Plain | where y == 'a'" + strings.Repeat(" or y == 'b'", 5000)
	if _, err := Bind(t.Context(), query, testTables(), Options{Now: testNow}); err != nil {
		t.Fatal(err)
	}
}
