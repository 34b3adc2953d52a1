//go:build cgo

package analytics

import (
	"errors"
	"os"
	"testing"

	"reslog/analytics/rows"
)

// TestHeads reads files whose heads are kept, and some for which there is no room.
func TestHeads(t *testing.T) {
	for _, limit := range []int64{0, 1} {
		v := start(t, func(c *Config) { c.heads = limit })
		for d := 1; d <= 3; d++ {
			v.append(rows.Batch{Rows: logs(logRow(noon.AddDate(0, 0, -d), "a", d))})
		}
		v.maintain()
		for range 2 {
			v.must("Logs_CL | summarize sum(N)", "6")
			v.must("Logs_CL | project d = bag_pack('k', N) | evaluate bag_unpack(d) | summarize sum(k)", "6")
		}
		kept := v.s.heads.size
		if want := 3; limit == 0 && (len(v.s.heads.kept) != want || kept == 0) {
			t.Errorf("the heads of %d files are kept, %d bytes, want those of %d", len(v.s.heads.kept), kept, want)
		}
		if limit != 0 && kept != 0 {
			t.Errorf("%d bytes are kept and one may be", kept)
		}
		// What is kept of a file that changes is not believed.
		if err := os.WriteFile(v.file("20260309"), []byte("PAR1 nothing PAR1"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out results
		var partial *Partial
		if _, err := v.w.Query(t.Context(), Request{Query: "Logs_CL | summarize sum(N)"}, &out); !errors.As(err, &partial) || len(partial.Missing) != 1 {
			t.Errorf("a query of a damaged file: %v", err)
		}
	}
}
