package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report writes the result.
func report(c config, logs []logFile, results []result) error {
	var bytes int64
	records := 0
	for _, l := range logs {
		bytes += l.size
		records += l.records
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Searching logs\n\nWritten by `go run ./bench/find`. %s, %d processors, %s/%s, %s.\n\n", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	fmt.Fprintf(&b, "%d records in %d logs, %.2f GiB, in the page cache. Times are of whole processes, the median of %d rounds with the single rounds in brackets. "+
		"`find` counts every record once, so it also looks for repeats; grep counts lines. In the account, the server shares the processors with `find`.\n\n",
		records, len(logs), float64(bytes)/(1<<30), c.rounds)
	b.WriteString("| looked for | found | grep -c | find in files | against grep | find in an account |\n|---|---|---|---|---|---|\n")
	var missed []string
	for i := range results {
		r := &results[i]
		ratio := "–"
		if len(r.grep) > 0 {
			x := median(r.grep).Seconds() / median(r.files).Seconds()
			ratio = fmt.Sprintf("%.1f× as fast", x)
			if x < 1 {
				missed = append(missed, r.search.title)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s, %.1f GiB/s | %s | %s |\n", r.search.title, r.count, times(r.grep), times(r.files),
			float64(bytes)/(1<<30)/median(r.files).Seconds(), ratio, times(r.account))
	}
	verdict := "met by all"
	if len(missed) > 0 {
		verdict = "**missed** by: " + strings.Join(missed, "; ")
	}
	fmt.Fprintf(&b, "\nGoal, at least as fast as `grep -c` over the same bytes in plain files: %s.\n", verdict)
	if c.out == "-" {
		_, err := os.Stdout.WriteString(b.String())
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(c.out, []byte(b.String()), 0o644) //nolint:gosec // a report for all to read
}

func (r *result) String() string {
	return fmt.Sprintf("%s: grep %s, files %s, account %s", r.search.title, times(r.grep), times(r.files), times(r.account))
}

func times(ds []time.Duration) string {
	if len(ds) == 0 {
		return "–"
	}
	rounds := make([]string, len(ds))
	for i, d := range ds {
		rounds[i] = fmt.Sprintf("%.2f", d.Seconds())
	}
	return fmt.Sprintf("%.2f s [%s]", median(ds).Seconds(), strings.Join(rounds, " "))
}

func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(ds))
	return sorted[len(sorted)/2]
}
