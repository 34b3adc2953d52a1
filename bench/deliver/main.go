// Command deliver measures how fast a node routes records to where diagnostic
// settings send them: how many a second reach an archive, an event hub and an
// OpenTelemetry receiver, and how long it is from a setting to its first record.
// It prints Markdown, and writes it to the file given by -out.
//
//	go run ./bench/deliver -out bench/results/deliver.md
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"reslog/bench/report"
)

type config struct {
	records  int
	runs     int
	bytes    int
	settings int
	dir      string
}

func main() {
	var c config
	flag.IntVar(&c.records, "records", 400_000, "records of each measurement of throughput")
	flag.IntVar(&c.runs, "runs", 3, "how often throughput is measured")
	flag.IntVar(&c.bytes, "bytes", 700, "size of a record's line")
	flag.IntVar(&c.settings, "settings", 100, "settings that are made to measure latency")
	flag.StringVar(&c.dir, "dir", "", "folder on the disk to measure; a temporary one if empty")
	out := flag.String("out", "", "file to write the result to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench deliver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c config, out string) (err error) {
	dir, err := os.MkdirTemp(c.dir, "reslog-bench-deliver-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := report.Open(out)
	if err != nil {
		return err
	}
	defer w.Close()
	header(w, c)
	places, err := openPlaces()
	if err != nil {
		return err
	}
	defer places.close()
	for i := range c.runs {
		bare, err := appendBare(ctx, filepath.Join(dir, fmt.Sprint("bare", i)), c)
		if err != nil {
			return err
		}
		bare.row(w, "bare Append Block of 4 MiB, no routing", bare)
		for _, d := range places.destinations() {
			r, err := throughput(ctx, filepath.Join(dir, fmt.Sprint(d.name, i)), c, d)
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			r.row(w, d.name, bare)
		}
	}
	return latency(ctx, w, filepath.Join(dir, "latency"), c)
}

func header(w io.Writer, c config) {
	fmt.Fprintf(w, "# From a setting to its destinations\n\n`go run ./bench/deliver`, %s; a node with its bus and accounts on disk,\n"+
		"records with a line of about %d bytes, %d of them each time. What receives runs in the same process: an account of\n"+
		"the node, a Kafka broker in memory, an HTTP server that reads and discards.%s\n\n",
		report.Machine(), c.bytes, c.records, report.Load())
	fmt.Fprint(w, "From the first record emitted to the last one settled:\n\n"+
		"| destination | records/s | MiB/s of lines | of bare Append Block | CPU µs/record | dropped | dead |\n|---|---|---|---|---|---|---|\n")
}

// result is one measurement of throughput.
type result struct {
	records       int
	bytes         int64
	elapsed, cpu  time.Duration
	dropped, dead uint64
}

func (r *result) rate() float64 { return float64(r.records) / r.elapsed.Seconds() }
func (r *result) mibs() float64 { return float64(r.bytes) / (1 << 20) / r.elapsed.Seconds() }

func (r *result) row(w io.Writer, name string, bare *result) {
	fmt.Fprintf(w, "| %s | %.0f | %.0f | %.2f | %.1f | %d | %d |\n", name, r.rate(), r.mibs(), r.mibs()/bare.mibs(),
		float64(r.cpu.Microseconds())/float64(r.records), r.dropped, r.dead)
}
