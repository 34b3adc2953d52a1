// Command storage measures the storage services of a node against Azurite, the
// emulator everybody uses, and against a bare net/http handler that does nothing
// but write the same bytes.
//
//	go run ./bench/storage
//	go run ./bench/storage -ops put-message,message-10k,message-100k,insert-entity,get-entity,query-entities -out bench/results/queue-table.md
//	go run ./bench/storage -ops get-4k -workers 32 -servers reslog,bare -profile .
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
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"
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

// config is what the flags say.
type config struct {
	ops      []string
	workers  []int
	servers  []string
	rounds   int
	duration time.Duration
	out      string
	profile  string
}

func parse(args []string) (config, error) {
	flags := flag.NewFlagSet("storage", flag.ContinueOnError)
	ops := flags.String("ops", "put-4k,get-4k,put-4m,get-4m,list-100", "operations to measure; for queues and tables put-message,message-0,message-10k,message-100k,insert-entity,get-entity,query-entities")
	workers := flags.String("workers", "1,8,32", "numbers of connections, one request at a time on each")
	servers := flags.String("servers", "azurite,reslog,reslog-log,bare", "servers to compare; see the package's documentation")
	rounds := flags.Int("rounds", 3, "how often each measurement is repeated")
	duration := flags.Duration("duration", time.Second, "how long each measurement lasts")
	out := flags.String("out", "bench/results/storage.md", "file for the result; - for standard output")
	profile := flags.String("profile", "", "folder for CPU and allocation profiles of the nodes during their measurements; none when empty")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	c := config{
		ops: split(*ops), servers: split(*servers), rounds: *rounds, duration: *duration, out: *out, profile: *profile,
	}
	for _, s := range split(*workers) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1024 {
			return config{}, fmt.Errorf("workers %q: want numbers from 1 to 1024", s)
		}
		c.workers = append(c.workers, n)
	}
	for _, name := range c.ops {
		if _, ok := operations()[name]; !ok {
			return config{}, fmt.Errorf("operation %q: want some of %s", name, strings.Join(slices.Sorted(maps.Keys(operations())), ", "))
		}
	}
	if c.rounds < 1 || c.duration < 50*time.Millisecond {
		return config{}, errors.New("want at least one round of at least 50ms")
	}
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
		s, err := start(ctx, name, dir)
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		servers = append(servers, s)
		if err := prepare(ctx, s, cfg.ops); err != nil {
			return fmt.Errorf("prepare %s: %w", name, err)
		}
	}
	results, err := measureAll(ctx, cfg, servers)
	if err != nil {
		return err
	}
	return report(cfg, results)
}
