// Command redis measures what it costs a Redis server to have the auditing proxy of
// a node in front of it, against the server alone and against HAProxy, which logs a
// line for each connection:
//
//	go run ./bench/redis
//	go run ./bench/redis -quick -out -
//	go run ./bench/redis -rows churn -rounds 7
//
// It needs redis-server, redis-benchmark (Debian: redis-server, redis-tools) and
// haproxy. Every server is a process of its own on the loopback, and all share the
// machine's processors with redis-benchmark; they take turns within each round, so
// that a slow minute of the machine hits all of them.
//
// Servers:
//
//	direct      redis-server, without persistence
//	haproxy-1   HAProxy in mode tcp with option tcplog, nbthread 1
//	haproxy-2   the same with nbthread 2
//	reslog      `reslog serve`, whose only other front end is the blob service
//	reslog-tls  the same, whose clients speak TLS
//	reslog-lean a node built without cgo, so without workspaces, that is only looked at
//	            while its clients do nothing
//
// The node has a diagnostic setting that archives ConnectionEvents in an account of
// its own, and in the end the archive is read back: every connection must have one
// new_conn and one close_conn there.
//
// Before the rounds connections are opened through each proxy, which has just been
// started, and left alone, to see what they take in memory.
//
// The result is written as Markdown; a ratio is the median of the rounds' ratios.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"

	"reslog/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/redis:", err)
		os.Exit(1)
	}
}

// config is what the flags say.
type config struct {
	rows   []row
	rounds int
	quick  bool
	idle   int
	out    string
	// load is that of the machine before the run, arguments are those it was called
	// with, but for where results go.
	load, arguments string
}

// limit bounds the whole run.
const limit = 30 * time.Minute

func parse(args []string) (config, error) {
	flags := flag.NewFlagSet("redis", flag.ContinueOnError)
	only := flags.String("rows", "", "rows to measure, of "+strings.Join(rowNames(), ","))
	rounds := flags.Int("rounds", 5, "how often each measurement is repeated")
	quick := flags.Bool("quick", false, "one round of a tenth of the requests: to see whether it works")
	idle := flags.Int("idle", 10_000, "connections that are left alone; 0 leaves that out")
	out := flags.String("out", "bench/results/redis.md", "file for the result; - for standard output alone")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	c := config{rounds: *rounds, quick: *quick, idle: *idle, out: *out, load: report.Load()}
	if c.rounds < 1 || c.rounds > 100 || c.idle < 0 || c.idle > 20_000 {
		return config{}, errors.New("want 1 to 100 rounds and at most 20000 idle connections")
	}
	if c.quick {
		c.rounds, c.idle = 1, c.idle/10
	}
	for _, r := range rows() {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), r.name) {
			continue
		}
		if c.quick {
			r.requests /= 10
		}
		c.rows = append(c.rows, r)
	}
	if len(c.rows) == 0 {
		return config{}, fmt.Errorf("no row is called %s", *only)
	}
	if c.out == "-" {
		c.out = ""
	}
	c.arguments = report.Arguments(flags, "out")
	return c, nil
}

// run starts the servers, measures, and writes the result.
func run(ctx context.Context, args []string) error {
	cfg, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, tool := range []string{"redis-server", "redis-benchmark", "haproxy", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: install redis-server, redis-tools and haproxy", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "reslog-bench-redis-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := startAll(ctx, dir)
	defer s.stop()
	if err != nil {
		return err
	}
	var idles []idle
	if cfg.idle > 0 {
		if idles, err = measureIdle(ctx, cfg, s); err != nil {
			return err
		}
	}
	results, err := measureAll(ctx, cfg, s)
	if err != nil {
		return err
	}
	counted, err := s.count(ctx)
	if err != nil {
		return err
	}
	w, err := report.Open(cfg.out)
	if err != nil {
		return err
	}
	writeResult(w, cfg, results, idles, counted)
	return w.Close()
}
