//go:build cgo

package conformance_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
)

var (
	update = flag.Bool("update", false, "write the score into docs/compat/kql.md")
	only   = flag.String("cases", "", "run the cases whose area, source or query this expression matches, and say of each what became of it")
)

// TestConformance runs the collected cases and holds the score against the
// committed one.
func TestConformance(t *testing.T) {
	if collection() == "" {
		return
	}
	pattern := regexp.MustCompile(*only)
	q := enginetest.Open(t)
	var verdicts []verdict
	for _, file := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl", "docs-cases.jsonl", "other-engine-cases.jsonl"} {
		for _, x := range readExamples(t, file) {
			if !pattern.MatchString(x.Area + "\n" + x.Source + "\n" + x.Query) {
				continue
			}
			v := judge(t, q, x)
			report(t, v)
			verdicts = append(verdicts, v)
		}
	}
	verdicts = append(verdicts, realQueries(t, pattern)...)
	for _, s := range scores(verdicts) {
		t.Logf("%-40s %4d right %4d refused %4d wrong %4d unusable", s.area, s.right, s.refused, s.wrong, s.unusable)
	}
	t.Logf("refused most: %s", strings.Join(frequencies(verdicts), "; "))
	if *only == "" {
		compareScore(t, verdicts)
	}
}

func report(t *testing.T, v verdict) {
	t.Helper()
	switch {
	case v.Kind == wrong:
		t.Errorf("WRONG %s [%s] %s :: %s", v.Area, v.Source, v.Why, oneline(v.Query))
	case *only != "" || v.Kind == unsure && os.Getenv("RESLOG_KQL_UNUSABLE") != "":
		t.Logf("%s %s [%s] %s%s :: %s", v.Kind, v.Area, v.Source, v.Why, v.What, oneline(v.Query))
	}
}
