//go:build cgo && unix

package analytics

import (
	"testing"
	"time"
)

// TestMeasured: what a query takes is told when it is asked for, also by one that
// fails, and of others nothing is measured.
func TestMeasured(t *testing.T) {
	v := start(t, nil)
	const wide = "range a from 1 to 500000 step 1 | extend s = strcat('a text that is longer than twelve bytes ', a) | summarize count() by s | count"
	stats, err := v.w.Query(t.Context(), Request{Query: wide, Measure: true}, &results{})
	if err != nil {
		t.Fatal(err)
	}
	if stats.User <= 0 || stats.User+stats.Kernel > stats.Elapsed*64+time.Second || stats.PeakMemory < 1<<20 || stats.PeakMemory > v.c.Memory {
		t.Errorf("a query of %v took %v and %v, and %d bytes", stats.Elapsed, stats.User, stats.Kernel, stats.PeakMemory)
	}
	if stats, err = v.w.Query(t.Context(), Request{Query: wide}, &results{}); err != nil || stats.User != 0 || stats.Kernel != 0 || stats.PeakMemory != 0 {
		t.Errorf("without being asked %+v, %v", stats, err)
	}
	if stats, err = v.w.Query(t.Context(), Request{Query: "Nothing | count", Measure: true}, &results{}); err == nil || stats.PeakMemory < 0 {
		t.Errorf("a query that fails: %+v, %v", stats, err)
	}
}
