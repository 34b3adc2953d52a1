// Command find measures "reslog find" against "grep -c": the same logs, once as
// plain files and once in the `$logs` container of an account.
//
//	go run ./bench/find
//	go run ./bench/find -size 268435456 -rounds 3 -out -
//
// The logs are made up: requests to a blob service as clients send them, written
// with package storagelog. All that is measured is processes, from start to
// end; files are in the page cache. grep and find take turns within each round,
// so that a slow minute of the machine hits both. The account is the real blob
// service of a node, in this process, behind a socket; its processor time is
// shared with the find that reads from it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench/find:", err)
		os.Exit(1)
	}
}

// config is what the flags say.
type config struct {
	size    int64
	rounds  int
	account bool
	out     string
}

// search is one thing to look for.
type search struct {
	title string
	text  string
	args  []string // further arguments of find
	grep  []string // how grep is told the same; nil when it cannot be
}

func searches() []search {
	return []search{
		{title: "a word that is not there", text: "DeleteContainer", grep: []string{"DeleteContainer"}},
		{title: "one request id", text: needleID, grep: []string{needleID}},
		{title: "one record in a thousand", text: "ThrottlingError", grep: []string{"ThrottlingError"}},
		{title: "half of all records", text: "GetBlob;", grep: []string{"GetBlob;"}},
		{title: "a word in any case", text: "deletecontainer", args: []string{"-i"}, grep: []string{"-i", "deletecontainer"}},
		{title: "a status", args: []string{"--status", "ThrottlingError"}, grep: []string{"^[^;]*;[^;]*;[^;]*;ThrottlingError;"}},
		{title: "all that took a second", args: []string{"--min-latency", "1000"}},
		{title: "an hour of a day", args: []string{"--start", "2026-03-04T06:00Z", "--end", "2026-03-04T06:59:59Z"}},
	}
}

func run(ctx context.Context, args []string) error {
	var c config
	flags := flag.NewFlagSet("find", flag.ContinueOnError)
	flags.Int64Var(&c.size, "size", 1<<30, "bytes of logs")
	flags.IntVar(&c.rounds, "rounds", 5, "how often each search is repeated")
	flags.BoolVar(&c.account, "account", true, "search in an account too")
	flags.StringVar(&c.out, "out", "bench/results/find.md", "file for the result; - for standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "reslog-bench-find-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	binary := filepath.Join(dir, "reslog")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "reslog/cmd/reslog").CombinedOutput(); err != nil {
		return fmt.Errorf("build reslog: %w\n%s", err, out)
	}
	fmt.Fprintf(os.Stderr, "making %d MiB of logs\n", c.size>>20)
	logs, err := makeLogs(filepath.Join(dir, "logs"), c.size)
	if err != nil {
		return fmt.Errorf("make logs: %w", err)
	}
	var connection string
	if c.account {
		fmt.Fprintln(os.Stderr, "putting them into an account")
		a, err := openAccount(ctx, filepath.Join(dir, "account"))
		if err != nil {
			return fmt.Errorf("open the account: %w", err)
		}
		defer a.close()
		for _, l := range logs {
			if err := a.put(ctx, l); err != nil {
				return fmt.Errorf("put log %s: %w", l.name, err)
			}
		}
		connection = a.connection
	}

	var results []result
	for _, s := range searches() {
		r := result{search: s}
		for range c.rounds {
			if err := r.round(ctx, binary, filepath.Join(dir, "logs"), logs, connection); err != nil {
				return fmt.Errorf("%s: %w", s.title, err)
			}
		}
		fmt.Fprintln(os.Stderr, r.String())
		results = append(results, r)
	}
	return report(c, logs, results)
}

// result is what one search took, in each round.
type result struct {
	search  search
	count   string
	grep    []time.Duration
	files   []time.Duration
	account []time.Duration
}

// round runs the search once each way. All must count the same.
func (r *result) round(ctx context.Context, binary, folder string, logs []logFile, connection string) error {
	if r.search.grep != nil {
		args := append(append([]string{"-h", "-c"}, r.search.grep...), paths(logs)...)
		out, took, err := timed(ctx, nil, "grep", args...)
		if err != nil {
			return err
		}
		r.grep = append(r.grep, took)
		if err := r.same("grep", sum(out)); err != nil {
			return err
		}
	}
	find := append([]string{"find", "blob", "--count", "--quiet"}, r.search.args...)
	if r.search.text != "" {
		find = append(find, r.search.text)
	}
	out, took, err := timed(ctx, nil, binary, append(slices.Clone(find), "--path", folder)...)
	if err != nil {
		return err
	}
	r.files = append(r.files, took)
	if err := r.same("find in files", strings.TrimSpace(out)); err != nil {
		return err
	}
	if connection == "" {
		return nil
	}
	out, took, err = timed(ctx, []string{"AZURE_STORAGE_CONNECTION_STRING=" + connection}, binary, find...)
	if err != nil {
		return err
	}
	r.account = append(r.account, took)
	return r.same("find in the account", strings.TrimSpace(out))
}

// same fails when two ways of counting disagree.
func (r *result) same(who, count string) error {
	if r.count != "" && r.count != count {
		return fmt.Errorf("%s counts %s, another %s", who, count, r.count)
	}
	r.count = count
	return nil
}

// timed runs a process. Exit status 1 is that of finding nothing.
func timed(ctx context.Context, env []string, name string, args ...string) (string, time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && errOut.Len() == 0 {
		err = nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, errOut.String())
	}
	return out.String(), took, nil
}
