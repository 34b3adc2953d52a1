// Command bus measures how many records a second the bus takes to disk, and
// what it does when it is offered ten times that. It prints Markdown, and
// writes it to the file given by -out.
//
//	go run ./bench/bus -out bench/results/bus.md
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"reslog/bench/report"
	"reslog/bus"
)

func main() {
	var c config
	flag.DurationVar(&c.duration, "duration", 5*time.Second, "how long each measurement takes")
	flag.IntVar(&c.runs, "runs", 3, "how often the throughput is measured")
	flag.IntVar(&c.goroutines, "goroutines", 4, "how many goroutines emit")
	flag.IntVar(&c.bytes, "bytes", 700, "size of a record's line")
	flag.StringVar(&c.dir, "dir", "", "folder on the disk to measure; a temporary one if empty")
	out := flag.String("out", "", "file to write the result to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench bus:", err)
		os.Exit(1)
	}
}

type config struct {
	duration   time.Duration
	runs       int
	goroutines int
	bytes      int
	dir        string
}

func run(ctx context.Context, c config, out string) error {
	dir, err := os.MkdirTemp(c.dir, "reslog-bench-bus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := report.Open(out)
	if err != nil {
		return err
	}
	defer w.Close()
	lines := makeRecords(4096, c.bytes)
	header(w, c)

	var best float64
	for i := range c.runs {
		r, err := measure(ctx, c, fmt.Sprintf("%s/%d", dir, i), lines, bus.Buffered, false)
		if err != nil {
			return err
		}
		r.row(w, "as fast as the disk takes them")
		best = max(best, r.rate())
	}
	r, err := measure(ctx, c, dir+"/overload", lines, bus.Buffered, true)
	if err != nil {
		return err
	}
	r.row(w, "as fast as they can be emitted")
	c.goroutines = 64
	a, err := measure(ctx, c, dir+"/audit", lines, bus.Audit, false)
	if err != nil {
		return err
	}
	a.row(w, "audit, 64 goroutines, each waits for the disk")
	fmt.Fprintf(w, "\nUnder overload %.1f times the best throughput was offered; %d records were dropped and counted,\n"+
		"at most %.1f MiB were held (limit 64 MiB), and the process' heap grew to %.0f MiB.\n",
		r.offeredRate()/best, r.stats.Dropped, mib(r.held), mib(int64(r.heap)))
	return nil
}
