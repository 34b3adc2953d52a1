//go:build cgo

package analytics

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"reslog/analytics/rows"
)

// TestIndex looks for single ids: each is found, in few segments; one that is not
// there is in none, mostly; a damaged index is not believed.
func TestIndex(t *testing.T) {
	v := start(t, func(c *Config) { c.segmentRows = 100 })
	var values [][]any
	for n := range 4000 {
		values = append(values, logRow(noon.Add(-24*3600e9), []string{"a", "b", ""}[n%3], n))
	}
	v.append(rows.Batch{Rows: logs(values...)})
	v.maintain()
	id := func(n int) string { return fmt.Sprintf("0a0b0c0d-0000-4000-8000-%012x", n) }
	query := func(id string) string { return "Logs_CL | where CorrelationId == '" + id + "' | project N" }
	read := 0
	for n := 0; n < 4400; n += 200 {
		texts, err := v.w.Explain(t.Context(), Request{Query: query(id(n))})
		if err != nil {
			t.Fatal(err)
		}
		read += strings.Count(texts[0], "file_row_number >=")
		if n < 4000 {
			v.must(query(id(n)), itoa(n))
		} else {
			v.must(query(id(n)))
		}
	}
	// 22 searches in 40 segments: 20 of what is there, and one wrong yes in sixty.
	if read < 20 || read > 22*4 {
		t.Errorf("%d segments are read", read)
	}
	v.must(query(strings.ToUpper(id(7))))
	v.must("Logs_CL | where CorrelationId == '"+id(7)+"' and AccountName == 'b' | project N", "7")

	path := v.file("20260309") + indexSuffix
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(content) / 2; i < len(content); i++ {
		content[i] = 0
	}
	write(t, path, content)
	v.restart()
	v.must(query(id(3001)), "3001")
	if log := strings.Join(v.log.lines, "\n"); !strings.Contains(log, path) {
		t.Errorf("the log does not name the index: %s", log)
	}
}
