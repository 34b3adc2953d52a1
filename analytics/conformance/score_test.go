//go:build cgo

package conformance_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"reslog/kql"
)

// page is where the score is published.
const page = "../../docs/compat/kql.md"

// The markers of what this package writes into the page.
const (
	scoreBegins, scoreEnds = "<!-- score: written by go test ./analytics/conformance -update -->\n", "<!-- end of score -->"
	namesBegin, namesEnd   = "<!-- names: written by go test ./analytics/conformance -update -->\n", "<!-- end of names -->"
)

// compareScore fails when an area has fewer right answers than the page says, and
// writes the page with -update.
func compareScore(t *testing.T, verdicts []verdict) {
	t.Helper()
	found := scores(groups(verdicts))
	if *update {
		replaceBlock(t, scoreBegins, scoreEnds, scoreTable(found))
		return
	}
	for area, want := range committed(t) {
		at := slices.IndexFunc(found, func(s score) bool { return s.area == area })
		if at < 0 {
			t.Errorf("%s is on the page and has no cases", area)
		} else if found[at].right < want {
			t.Errorf("%s: %d are right and the page says %d", area, found[at].right, want)
		}
	}
}

// groups gives verdicts the lines of the page: small areas together.
func groups(verdicts []verdict) []verdict {
	out := slices.Clone(verdicts)
	for i, v := range out {
		switch {
		case strings.HasPrefix(v.Area, "printed tables") && v.Area != "printed tables, geo":
			out[i].Area = "printed tables of the documentation"
		case v.Area == "printed tables, geo":
			out[i].Area = "printed tables of the documentation, geo"
		case v.Area == "published queries, general":
			out[i].Area = "published queries that read tables of others as well"
		case strings.HasPrefix(v.Area, "published queries") && v.Area != "published queries, invalid":
			out[i].Area = "published queries over our tables"
		}
	}
	slices.SortStableFunc(out, func(a, b verdict) int { return strings.Compare(a.Area, b.Area) })
	return out
}

func scoreTable(found []score) string {
	var b strings.Builder
	b.WriteString("| area | cases | right | refused | wrong | not usable | right of usable |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range found {
		share := "–"
		if s.total() > 0 {
			share = strconv.FormatFloat(100*float64(s.right)/float64(s.total()), 'f', 1, 64) + " %"
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s |\n", s.area, s.total()+s.unusable, s.right, s.refused, s.wrong, s.unusable, share)
	}
	return b.String()
}

var scoreLine = regexp.MustCompile(`(?m)^\| ([^|]+) \| \d+ \| (\d+) \|`)

// committed is the number of right answers by area that the page has.
func committed(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, m := range scoreLine.FindAllStringSubmatch(block(t, scoreBegins, scoreEnds), -1) {
		out[m[1]], _ = strconv.Atoi(m[2])
	}
	if len(out) == 0 {
		t.Errorf("%s has no score: run with -update", page)
	}
	return out
}

func readPage(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// block is what stands between two markers of the page.
func block(t *testing.T, begins, ends string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readPage(t), begins)
	inside, _, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		t.Fatalf("%s lacks %s … %s", page, begins, ends)
	}
	return inside
}

func replaceBlock(t *testing.T, begins, ends, text string) {
	t.Helper()
	old := block(t, begins, ends)
	all := strings.Replace(readPage(t), begins+old+ends, begins+text+ends, 1)
	if err := os.WriteFile(page, []byte(all), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNames: the page lists what runs and what is refused.
func TestNames(t *testing.T) {
	want := namesText()
	if *update {
		replaceBlock(t, namesBegin, namesEnd, want)
	} else if block(t, namesBegin, namesEnd) != want {
		t.Errorf("%s does not list what runs: run with -update", page)
	}
}

func namesText() string {
	l := kql.List()
	var missing []string
	for _, name := range l.Documented {
		if !slices.Contains(l.Functions, name) && !slices.Contains(l.Aggregates, name) && !slices.Contains(elsewhere, name) {
			missing = append(missing, name)
		}
	}
	var b strings.Builder
	for _, part := range []struct {
		title string
		names []string
	}{
		{"Operators that run", l.Operators},
		{"Operators that are refused", l.RefusedOperators},
		{"Plugins of evaluate that run", l.Plugins},
		{"Plugins that are refused", l.RefusedPlugins},
		{"Scalar functions that run", append(slices.Clone(l.Functions), elsewhere...)},
		{"Aggregates that run", l.Aggregates},
		{"Functions and aggregates that are refused", missing},
	} {
		names := slices.Clone(part.names)
		slices.Sort(names)
		fmt.Fprintf(&b, "### %s (%d)\n\n%s\n\n", part.title, len(names), wrapped(names))
	}
	return b.String()
}

// elsewhere are functions that the binder knows without its lists.
var elsewhere = []string{"column_ifexists", "columnifexists", "ingestion_time", "table", "toscalar"}

// wrapped is a list in lines that a page can have.
func wrapped(names []string) string {
	var b strings.Builder
	width := 0
	for i, name := range names {
		if width+len(name) > 116 {
			b.WriteString("\n")
			width = 0
		} else if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString("`" + name + "`")
		width += len(name) + 3
	}
	return b.String()
}
