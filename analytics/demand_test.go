//go:build cgo

package analytics

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"reslog/analytics/rows"
	"reslog/kql"
	"reslog/kql/scalar"
)

// TestSearchInURLs searches URLs, which a closed day has in two parts, before and
// after it is closed, and compares with a search in the texts.
func TestSearchInURLs(t *testing.T) {
	v := start(t, nil)
	rnd := rand.New(rand.NewPCG(5, 6))
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	var urls []string
	var values [][]any
	for range 3000 {
		u := pick("https://", "http://") + pick("alpha", "Alpha2", "beta", "ünïcode", "a-b") + pick(".blob", ".blob:443", "") +
			pick("/reports", "/Reports-1", "/my_reports", "/reportsé/é", "", "/alpha") + pick("/x.json", "/BETA", "?alpha=1", "#beta", "")
		switch rnd.IntN(40) {
		case 0:
			u = pick("", "/reports/alpha", "HTTPS://Alpha/x", "alpha", "https://", "reports")
		}
		urls = append(urls, u)
		values = append(values, []any{kql.Ticks(noon.Add(-24 * 3600e9)), u})
	}
	columns := []kql.Column{{Name: "TimeGenerated", Type: kql.Datetime}, {Name: "Uri", Type: kql.String}}
	v.append(rows.Batch{Rows: []rows.Rows{{Table: "Logs_CL", Columns: columns, Values: values}}})
	check := func(when string) {
		for _, needle := range []string{"alpha", "ALPHA", "reports", "Reports", "reports-1", "443", "blob", "é", "a", "b:443", "x.json", "BETA", "/alpha", "ünï", "https", "none"} {
			for op, f := range map[string]func(s, needle string) bool{
				"contains":     func(s, n string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(n)) },
				"contains_cs":  strings.Contains,
				"has":          func(s, n string) bool { return scalar.HasTerm(strings.ToLower(s), strings.ToLower(n), true, true) },
				"has_cs":       func(s, n string) bool { return scalar.HasTerm(s, n, true, true) },
				"hasprefix":    func(s, n string) bool { return scalar.HasTerm(strings.ToLower(s), strings.ToLower(n), true, false) },
				"hasprefix_cs": func(s, n string) bool { return scalar.HasTerm(s, n, true, false) },
				"hassuffix":    func(s, n string) bool { return scalar.HasTerm(strings.ToLower(s), strings.ToLower(n), false, true) },
				"hassuffix_cs": func(s, n string) bool { return scalar.HasTerm(s, n, false, true) },
			} {
				want := 0
				for _, u := range urls {
					if f(u, needle) {
						want++
					}
				}
				got, err := v.query(Request{Query: fmt.Sprintf("Logs_CL | where Uri %s %s | count", op, kqlString(needle))})
				if err != nil {
					t.Fatal(err)
				}
				if got[0][0] != int64(want) {
					t.Errorf("%s: %v URLs have %s %q, want %d", when, got[0][0], op, needle, want)
				}
			}
		}
	}
	check("of the day")
	v.maintain()
	texts, err := v.w.Explain(t.Context(), Request{Query: "Logs_CL | where Uri has 'alpha' | count"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(texts[0], "kql_search(c") || !strings.Contains(texts[0], "contains(lower(p") {
		t.Errorf("the parts of URLs are not searched: %s", texts[0])
	}
	check("of a closed day")
}
