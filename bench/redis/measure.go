package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"reslog/bench/report"
)

// row is one thing that is measured.
type row struct {
	name, title string
	requests    int
	args        []string // of redis-benchmark
	tls         bool
}

// clients is how many connections redis-benchmark has at a time.
const clients = 50

func rows() []row {
	return []row{
		{"set", "SET, one at a time", 100_000, []string{"-t", "set", "-P", "1"}, false},
		{"get", "GET, one at a time", 100_000, []string{"-t", "get", "-P", "1"}, false},
		{"set-16", "SET, pipelines of 16", 600_000, []string{"-t", "set", "-P", "16"}, false},
		{"get-16", "GET, pipelines of 16", 600_000, []string{"-t", "get", "-P", "16"}, false},
		{"churn", "GET, each on a connection of its own", 20_000, []string{"-t", "get", "-k", "0"}, false},
		{"tls-get", "GET, one at a time, clients speak TLS", 50_000, []string{"-t", "get", "-P", "1"}, true},
		{"tls-get-16", "GET, pipelines of 16, clients speak TLS", 300_000, []string{"-t", "get", "-P", "16"}, true},
		{"tls-churn", "GET, each on a connection of its own, clients speak TLS", 5_000, []string{"-t", "get", "-k", "0"}, true},
	}
}

func rowNames() []string {
	var names []string
	for _, r := range rows() {
		names = append(names, r.name)
	}
	return names
}

// cell is one measurement of one server.
type cell struct{ row, server string }

// sample is the outcome of one run.
type sample struct {
	rate     float64 // requests a second
	p50, p99 float64 // in milliseconds
	cpu      float64 // of the proxy for each request, in microseconds, until it came to rest
}

// runLimit bounds one run of redis-benchmark.
const runLimit = 2 * time.Minute

// measureAll runs everything, servers taking turns within each round.
func measureAll(ctx context.Context, cfg config, s *servers) (map[cell][]sample, error) {
	for _, one := range s.all { // what is measured is warm, and the key is there
		warm := row{"warm", "", 5_000, []string{"-t", "set", "-P", "1"}, one.addr == ""}
		if _, err := s.measure(ctx, warm, one); err != nil {
			return nil, fmt.Errorf("warm up %s: %w", one.name, err)
		}
	}
	results := map[cell][]sample{}
	for round := range cfg.rounds {
		for _, r := range cfg.rows {
			for i := range s.all {
				one := s.all[(i+round)%len(s.all)] // nobody is always first
				if one.address(r.tls) == "" {
					continue
				}
				got, err := s.measure(ctx, r, one)
				if err != nil {
					return nil, fmt.Errorf("%s of %s: %w", r.name, one.name, err)
				}
				c := cell{r.name, one.name}
				results[c] = append(results[c], got)
				fmt.Fprintf(os.Stderr, "round %d  %-10s %-10s %10.0f/s  p50 %6.2f ms  p99 %6.2f ms  cpu %6.1f µs\n", round+1, r.name, one.name, got.rate, got.p50, got.p99, got.cpu)
			}
		}
	}
	return results, nil
}

// address is where a server takes plain connections, or those with TLS; "" is
// nowhere.
func (s *server) address(tls bool) string {
	if tls {
		return s.tls
	}
	return s.addr
}

// measure runs redis-benchmark against one server.
func (s *servers) measure(ctx context.Context, r row, one *server) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	host, port, err := net.SplitHostPort(one.address(r.tls))
	if err != nil {
		return sample{}, err
	}
	args := append([]string{"-h", host, "-p", port, "-c", strconv.Itoa(clients), "-n", strconv.Itoa(r.requests), "-d", "64", "--csv"}, r.args...)
	if r.tls {
		args = append(args, "--tls", "--insecure")
	}
	report.Rest(ctx, one.cmd.Process.Pid)
	connections, err := s.redis.settled()
	if err != nil {
		return sample{}, err
	}
	before := report.UsageOf(one.cmd.Process.Pid)
	cmd := exec.CommandContext(ctx, "redis-benchmark", args...)
	var printed, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &complaints
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("redis-benchmark: %w: %s", err, tail(complaints.Bytes()))
	}
	got, err := parseRun(printed.Bytes())
	if err != nil {
		return sample{}, fmt.Errorf("redis-benchmark printed %q, %s: %w", tail(printed.Bytes()), tail(complaints.Bytes()), err)
	}
	report.Rest(ctx, one.cmd.Process.Pid) // what is still to be done for these requests counts, and disturbs nobody
	if one.proxy() {
		used := report.UsageOf(one.cmd.Process.Pid).CPU - before.CPU
		got.cpu = float64(used.Microseconds()) / float64(r.requests)
	}
	if one.ours() {
		after, err := s.redis.settled()
		if err != nil {
			return sample{}, err
		}
		s.served += after - connections
	}
	return got, nil
}

func (s *server) ours() bool { return s.name == ours || s.name == oursTLS || s.name == oursLean }

// parseRun reads what redis-benchmark prints with --csv: a line of names and one of
// figures.
func parseRun(b []byte) (sample, error) {
	lines, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return sample{}, err
	}
	if len(lines) != 2 {
		return sample{}, fmt.Errorf("%d lines, want 2", len(lines))
	}
	var got sample
	for name, to := range map[string]*float64{"rps": &got.rate, "p50_latency_ms": &got.p50, "p99_latency_ms": &got.p99} {
		i := slices.Index(lines[0], name)
		if i < 0 || i >= len(lines[1]) {
			return sample{}, fmt.Errorf("there is no %s", name)
		}
		if *to, err = strconv.ParseFloat(lines[1][i], 64); err != nil {
			return sample{}, err
		}
	}
	return got, nil
}
