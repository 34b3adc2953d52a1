//go:build cgo

package conformance_test

import (
	"regexp"
	"strings"
	"testing"

	"reslog/kql"
)

// TestCovered: every name that we have is in a case of testdata, and what is
// refused by name is not among what we have.
func TestCovered(t *testing.T) {
	var text strings.Builder
	for _, pattern := range []string{"functions*.kqltest", "queries*.kqltest"} {
		for _, c := range readOwn(t, pattern) {
			text.WriteString(c.query + "\n")
		}
	}
	all := text.String()
	l := kql.List()
	for _, names := range [][]string{l.Functions, l.Aggregates} {
		for _, name := range names {
			if !regexp.MustCompile(`\b` + name + `\(`).MatchString(all) {
				t.Errorf("no case calls %s", name)
			}
		}
	}
	for _, name := range append(l.Operators, l.Plugins...) {
		if !regexp.MustCompile(`(^|[|(;]|\bevaluate|\blet \w+ =)\s*`+name+`\b`).MatchString(all) && !strings.Contains(all, "\n"+name+" ") {
			t.Errorf("no case has %s", name)
		}
	}
}
