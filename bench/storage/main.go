// Command storage measures the storage services of a node against Azurite, the
// emulator everybody uses, and the blob service against a bare net/http handler
// that does nothing but write the same bytes.
//
//	go run ./bench/storage
//	go run ./bench/storage -suite queue-table
//	go run ./bench/storage -ops get-4k -workers 32 -servers reslog,bare -profile .
//	go run ./bench/storage -suite queue-table -ops put-message,turn-10k -out - -rounds 1
//
// A suite is a set of operations with a result of its own. The messages of
// queue-table are put into an empty queue, or each is put, got and deleted on a queue
// that has so many others: 10,000, and 100,000 without Azurite.
//
// Azurite is installed from npm into the user's cache folder at its first run.
// Every server is a process of its own on the same machine as the client, so
// client and server share its processors: the client therefore speaks HTTP/1.1
// over pooled connections itself and spends little. Servers take turns within
// each round, so that a slow minute of the machine hits all of them.
//
// Servers:
//
//	azurite      from npm, with its files on disk
//	reslog       a node with logging off
//	reslog-log   a node that logs every request into $logs
//	reslog-audit a node that logs, and answers only when the record is on disk
//	bare         net/http, same bytes, no storage
//
// The result is written as Markdown; a ratio is the median of the rounds' ratios.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/bench/report"
)

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/storage:", err)
		os.Exit(1)
	}
}

// suite is what is measured by one command line, and where it is written.
type suite struct {
	title    string
	services []string // that the servers serve
	ops      []string
	servers  string
	out      string
	note     string // on what is measured
	summary  func(b *strings.Builder, cfg config, results map[cell][]sample)
}

func suites() map[string]suite {
	return map[string]suite{
		"blob": {
			title: "Blob service under load", services: []string{"blob"},
			ops: []string{"put-4k", "get-4k", "put-4m", "get-4m", "list-100"}, servers: "azurite,reslog,reslog-log,bare", out: "bench/results/storage.md",
			note:    "`bare` is a net/http handler that writes the same bytes and stores nothing.",
			summary: blobSummary,
		},
		"queue-table": {
			title: "Queue and table services under load", services: []string{"queue", "table"},
			ops:     []string{"put-message", "turn-10k", "turn-100k", "insert-entity", "get-entity", "query-entities"},
			servers: "azurite,reslog,reslog-log", out: "bench/results/queue-table.md",
			note: "Messages and entities are of about 1 KiB. A turn is three requests: a message is put, one is got, and it is deleted, " +
				"while the queue holds as many others as are named; its rate is in messages, its times are those of all three. Azurite is not asked for the larger one.",
			summary: servicesSummary,
		},
	}
}

// config is what the flags say.
type config struct {
	suite
	ops      []string
	workers  []int
	servers  []string
	rounds   int
	duration time.Duration
	out      string
	profile  string
	// arguments are those it was called with, but for where results go.
	arguments string
}

func parse(args []string) (config, error) {
	flags := flag.NewFlagSet("storage", flag.ContinueOnError)
	name := flags.String("suite", "blob", "what to measure: blob or queue-table")
	ops := flags.String("ops", "", "operations to measure; all of the suite when empty")
	workers := flags.String("workers", "1,8,32", "numbers of connections, one request at a time on each")
	servers := flags.String("servers", "", "servers to compare, see the package's documentation; those of the suite when empty")
	rounds := flags.Int("rounds", 3, "how often each measurement is repeated")
	duration := flags.Duration("duration", time.Second, "how long each measurement lasts")
	out := flags.String("out", "", "file for the result; - for standard output; that of the suite in bench/results when empty")
	profile := flags.String("profile", "", "folder for CPU and allocation profiles of the nodes during their measurements; none when empty")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	of, ok := suites()[*name]
	if !ok {
		return config{}, fmt.Errorf("suite %q: want blob or queue-table", *name)
	}
	c := config{
		suite: of, ops: split(cmp.Or(*ops, strings.Join(of.ops, ","))), servers: split(cmp.Or(*servers, of.servers)),
		rounds: *rounds, duration: *duration, out: cmp.Or(*out, of.out), profile: *profile,
	}
	for _, s := range split(*workers) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1024 {
			return config{}, fmt.Errorf("workers %q: want numbers from 1 to 1024", s)
		}
		c.workers = append(c.workers, n)
	}
	for _, name := range c.ops {
		if !slices.Contains(of.ops, name) {
			return config{}, fmt.Errorf("operation %q: want one of %s", name, strings.Join(of.ops, ", "))
		}
	}
	if c.rounds < 1 || c.duration < 50*time.Millisecond {
		return config{}, errors.New("want at least one round of at least 50ms")
	}
	c.arguments = report.Arguments(flags, "out", "profile")
	return c, nil
}

func split(s string) []string {
	return slices.DeleteFunc(strings.Split(s, ","), func(s string) bool { return s == "" })
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
	dir, err := os.MkdirTemp("", "reslog-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	var servers []*server
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	for _, name := range cfg.servers {
		fmt.Fprintf(os.Stderr, "starting %s\n", name)
		s, err := start(ctx, name, dir, cfg.services)
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		servers = append(servers, s)
		if err := prepare(ctx, s, cfg); err != nil {
			return fmt.Errorf("prepare %s: %w", name, err)
		}
	}
	results, err := measureAll(ctx, cfg, servers)
	if err != nil {
		return err
	}
	return writeResult(cfg, results)
}
