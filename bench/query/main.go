// Command query measures how long it is from the answer of a request to the row of
// its record being in the answer of a query, through the HTTP API of a node. It
// prints Markdown, and writes it to the file given by -out.
//
//	go run ./bench/query -out bench/results/query.md
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"reslog/bench/report"
)

type config struct {
	seconds int
	rates   []int
	askers  int
	dir     string
}

func main() {
	var c config
	flag.IntVar(&c.seconds, "seconds", 10, "length of each measurement")
	rates := flag.String("rates", "60,300", "requests a second, one measurement each")
	flag.IntVar(&c.askers, "askers", 6, "who asks for the rows, one after the other, each about six times a second as is allowed")
	flag.StringVar(&c.dir, "dir", "", "folder on the disk to measure; a temporary one if empty")
	out := flag.String("out", "", "file to write the result to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := c.read(*rates)
	if err == nil {
		err = run(ctx, c, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench query:", err)
		os.Exit(1)
	}
}

// read reads the list of rates.
func (c *config) read(rates string) error {
	for part := range strings.SplitSeq(rates, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return fmt.Errorf("the rate %q is no number of requests a second", part)
		}
		c.rates = append(c.rates, n)
	}
	if c.seconds < 1 || c.askers < 1 {
		return fmt.Errorf("%d seconds and %d askers: at least one of each", c.seconds, c.askers)
	}
	return nil
}

func run(ctx context.Context, c config, out string) (err error) {
	dir, err := os.MkdirTemp(c.dir, "reslog-bench-query-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := report.Open(out)
	if err != nil {
		return err
	}
	defer w.Close()
	b, err := open(ctx, dir, c.askers)
	if err != nil {
		return err
	}
	defer b.close()
	header(w, c)
	for _, rate := range c.rates {
		r, err := b.measure(ctx, rate, rate*c.seconds)
		if err != nil {
			return err
		}
		r.row(w)
	}
	return nil
}

func header(w io.Writer, c config) {
	fmt.Fprintf(w, "# From a request to its row\n\n`go run ./bench/query`, %s; a node with its bus and a workspace on disk, in one\n"+
		"process with its clients. Blobs are asked for that are not there, at a steady rate, for %d seconds; %d clients ask for the\n"+
		"rows of the latest seconds through the query API, about %d times a second together. A record is seen when an answer\n"+
		"has been read that has its row.%s\n\n",
		report.Machine(), c.seconds, c.askers, int(float64(c.askers)/pause.Seconds()), report.Load())
	fmt.Fprint(w, "From the answer of the request to the answer of a query with its row:\n\n"+
		"| requests/s | records | p50 ms | p90 ms | p99 ms | max ms | queries | of them p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|---|\n")
}
