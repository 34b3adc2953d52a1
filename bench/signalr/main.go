// Command signalr measures the SignalR service: what connections take that do nothing,
// how long a broadcast takes to the last of its clients, and how many messages a second
// the REST API sends:
//
//	go run ./bench/signalr
//	go run ./bench/signalr -quick -out -
//
// Beside it is what the machine can do at most: a server that has nothing but the
// WebSockets of github.com/coder/websocket, the same library, and neither reads nor
// checks anything. Both are processes of their own on the loopback, and share the
// processors with the clients, which are in this one; they take turns within each round,
// so that a slow minute of the machine hits both.
//
// Servers:
//
//	bare    WebSockets alone: a POST is written to one connection or to all
//	reslog  the service in Serverless mode, with all records of AllLogs, which are made
//	        and counted but not kept
//
// Clients speak the JSON hub protocol: a handshake, and a ping each 15 seconds. Every
// message that was sent must have come to every client that it was for, or the command
// fails.
//
// The result is written as Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"reslog/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/signalr:", err)
		os.Exit(1)
	}
}

// config is what the flags say.
type config struct {
	idle       int // connections that do nothing
	clients    int // of a broadcast
	rounds     int
	broadcasts int // in a round
	sending    time.Duration
	out        string
	// load is that of the machine before the run, arguments are those it was called
	// with, but for where results go.
	load, arguments string
}

// limit bounds the whole run.
const limit = 30 * time.Minute

// reserve is how many files this process or a server may have open beside the connections
// of clients.
const reserve = 500

func parse(args []string) (config, error) {
	flags := flag.NewFlagSet("signalr", flag.ContinueOnError)
	idle := flags.Int("idle", 9000, "connections that do nothing")
	clients := flags.Int("clients", 5000, "clients that a broadcast is for")
	rounds := flags.Int("rounds", 5, "how often each measurement is repeated")
	quick := flags.Bool("quick", false, "one round with a tenth of the clients: to see whether it works")
	out := flags.String("out", "bench/results/signalr.md", "file for the result; - for standard output alone")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	c := config{idle: *idle, clients: *clients, rounds: *rounds, broadcasts: 10, sending: 5 * time.Second, out: *out, load: report.Load()}
	if c.idle < 1 || c.clients < 1 || c.rounds < 1 || c.rounds > 100 {
		return config{}, errors.New("want 1 to 100 rounds and at least one connection")
	}
	if *quick {
		c.idle, c.clients, c.rounds, c.broadcasts, c.sending = max(c.idle/10, 1), max(c.clients/10, 1), 1, 5, time.Second
	}
	// Clients of both servers are in this process at a time, but for those that are idle.
	files := report.Files() - reserve
	c.idle, c.clients = min(c.idle, files), min(c.clients, files/2)
	if c.idle < 1 || c.clients < 1 {
		return config{}, fmt.Errorf("this process may have %d files open, which is too few", report.Files())
	}
	if c.out == "-" {
		c.out = ""
	}
	c.arguments = report.Arguments(flags, "out")
	return c, nil
}

// run starts the servers, measures, and writes the result. Called as a server it is one.
func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == serveCommand {
		return serve(ctx, args[1])
	}
	cfg, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := result{config: cfg, figures: map[string]*figures{}}
	for _, name := range names {
		r.figures[name] = &figures{}
	}
	if err := measureIdle(ctx, cfg, &r); err != nil {
		return fmt.Errorf("idle connections: %w", err)
	}
	if err := measureSends(ctx, cfg, &r); err != nil {
		return fmt.Errorf("sends: %w", err)
	}
	w, err := report.Open(cfg.out)
	if err != nil {
		return err
	}
	r.write(w)
	return w.Close()
}
