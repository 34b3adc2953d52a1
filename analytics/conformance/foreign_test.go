//go:build cgo

package conformance_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/kql"
)

// TestForeign runs published queries over tables of other services, whose columns are
// guessed: every word of the query is one. Many do not bind; what does must run.
func TestForeign(t *testing.T) {
	if collection() == "" {
		return
	}
	q := enginetest.Open(t)
	q.Options.Now = now
	ran := 0
	var verdicts []verdict
	err := filepath.WalkDir(filepath.Join(collection(), "queries", "general"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		v := verdict{Query: string(data), Kind: unsure}
		runForeign(t, q, &v)
		if v.Kind == right {
			ran++
		}
		verdicts = append(verdicts, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d ran; refused: %s", ran, len(verdicts), strings.Join(frequencies(verdicts), "; "))
	if ran < 100 {
		t.Errorf("only %d ran", ran)
	}
}

var (
	words   = regexp.MustCompile(`[A-Za-z_]\w*`)
	instant = regexp.MustCompile(`(?i)(time|date|generated|timestamp)`)
	numbers = regexp.MustCompile(`(?i)(count|bytes|size|port|duration|score|quantity|length|ms$|value|number|level)`)
	bags    = regexp.MustCompile(`(?i)(properties|details|fields|entities|claims|data$|info$|policies)`)
)

// runForeign gives a query the tables that it asks for, one after the other.
func runForeign(t *testing.T, q *enginetest.Queries, v *verdict) {
	t.Helper()
	q.Clear()
	query := v.Query
	seen := map[string]bool{}
	var columns []kql.Column
	for _, word := range words.FindAllString(query, -1) {
		if seen[word] {
			continue
		}
		seen[word] = true
		c := kql.Column{Name: word, Type: kql.String}
		switch {
		case instant.MatchString(word):
			c.Type = kql.Datetime
		case numbers.MatchString(word):
			c.Type = kql.Long
		case bags.MatchString(word):
			c.Type = kql.Dynamic
		}
		columns = append(columns, c)
	}
	for range 12 {
		asked := &asking{Catalog: q}
		_, err := q.RunOver(t.Context(), asked, query)
		var e *kql.Error
		switch {
		case err == nil:
			v.Kind = right
			return
		case !errors.As(err, &e):
			t.Errorf("%v\n%s", err, strings.TrimSpace(query))
			return
		case e.Refused:
			v.Kind, v.What = refused, e.What
			return
		case len(asked.missed) == 0:
			v.Why = err.Error()
			return
		}
		for _, name := range asked.missed {
			table := kql.Table{Name: name, Columns: columns, Time: "TimeGenerated"}
			q.Add(table, tableRows(table, query, 6)...)
		}
	}
}
