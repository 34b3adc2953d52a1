package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"reslog/bench/report"
)

// writeResult writes the result.
func writeResult(cfg config, results map[cell][]sample) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nWritten by `go run ./bench/storage%s`. %s.\n\n", cfg.title, cfg.arguments, machine())
	fmt.Fprintf(&b, "Client and servers share the machine's processors; servers take turns within each of %d rounds of %s a measurement. "+
		"Rates are requests a second, the median of the rounds with the single rounds in brackets; a ratio is the median of the rounds' ratios. "+
		"Puts of reslog are durable when they are answered: synced, many in one group. `reslog-log` logs every request into `$logs`; "+
		"its processor time counts all that logging does until the last record is where it belongs. %s\n\n", cfg.rounds, cfg.duration, cfg.note)
	for _, op := range cfg.ops {
		for _, workers := range cfg.workers {
			table(&b, cfg, results, op, workers)
		}
	}
	cfg.summary(&b, cfg, results)
	if cfg.out == "-" {
		_, err := os.Stdout.WriteString(b.String())
		return err
	}
	if err := os.MkdirAll(filepath.Dir(cfg.out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(cfg.out, []byte(b.String()), 0o644) //nolint:gosec // a report for all to read
}

func table(b *strings.Builder, cfg config, results map[cell][]sample, op string, workers int) {
	fmt.Fprintf(b, "## %s, %s\n\n", operations()[op].title, plural(workers))
	fmt.Fprintf(b, "| server | req/s [rounds] | against azurite | p50 | p99 | server CPU a request | memory |\n|---|---|---|---|---|---|---|\n")
	base := results[cell{op, workers, "azurite"}]
	for _, name := range cfg.servers {
		s := results[cell{op, workers, name}]
		if len(s) == 0 {
			continue
		}
		m := report.Median(s, rate)
		rounds := make([]string, len(s))
		for i := range s {
			rounds[i] = number(s[i].rate)
		}
		ratio := "–"
		if len(base) > 0 {
			ratio = fmt.Sprintf("%.1f×", report.Paired(s, base, rate))
		}
		fmt.Fprintf(b, "| %s | %s [%s] | %s | %s | %s | %s | %s |\n", name, number(m), strings.Join(rounds, " "), ratio,
			short(report.Median(s, func(s sample) float64 { return float64(s.p50) })), short(report.Median(s, func(s sample) float64 { return float64(s.p99) })),
			short(report.Median(s, func(s sample) float64 { return float64(s.cpu) })),
			fmt.Sprintf("%d MiB", int64(report.Median(s, func(s sample) float64 { return float64(s.rss) }))>>20))
	}
	b.WriteString("\n")
}

// goals begins the table that holds the figures up against what was promised, and
// returns what writes a line of it: a ratio of two measurements with most workers.
func goals(b *strings.Builder, cfg config, results map[cell][]sample) func(goal, op, server, baseOp, base string, least float64) {
	most := slices.Max(cfg.workers)
	fmt.Fprintf(b, "## Goals\n\n| goal | measured, %s |\n|---|---|\n", plural(most))
	return func(goal, op, server, baseOp, base string, least float64) {
		ratio := report.Paired(results[cell{op, most, server}], results[cell{baseOp, most, base}], rate)
		if ratio == 0 {
			return
		}
		verdict := "met"
		if ratio < least {
			verdict = "**missed**"
		}
		fmt.Fprintf(b, "| %s | %.2f×, %s |\n", goal, ratio, verdict)
	}
}

func servicesSummary(b *strings.Builder, cfg config, results map[cell][]sample) {
	line := goals(b, cfg, results)
	line("at least 12 times Azurite's puts of messages", "put-message", "reslog", "put-message", "azurite", 12)
	line("at least 8 times Azurite's inserts of entities", "insert-entity", "reslog", "insert-entity", "azurite", 8)
	line("at least 10 times Azurite's gets of entities", "get-entity", "reslog", "get-entity", "azurite", 10)
	line("messages go through a queue of 100,000 as fast as through one of 10,000 (0.9)", "turn-100k", "reslog", "turn-10k", "reslog", 0.9)
	for _, op := range cfg.ops {
		line("logging on costs less than 5 % of "+operations()[op].title, op, "reslog-log", op, "reslog", 0.95)
	}
	b.WriteString("\n")
}

func blobSummary(b *strings.Builder, cfg config, results map[cell][]sample) {
	all := goals(b, cfg, results)
	line := func(goal, op, server, base string, least float64) { all(goal, op, server, op, base, least) }
	line("at least 25 times Azurite's puts of 4 KiB", "put-4k", "reslog", "azurite", 25)
	line("at least 40 times Azurite's gets of 4 KiB", "get-4k", "reslog", "azurite", 40)
	line("at least half of bare net/http, gets of 4 KiB", "get-4k", "reslog", "bare", 0.5)
	line("at least half of bare net/http, gets of 4 MiB", "get-4m", "reslog", "bare", 0.5)
	for _, op := range cfg.ops {
		line("logging on costs less than 5 % of "+operations()[op].title, op, "reslog-log", "reslog", 0.95)
	}
	b.WriteString("\n")
}

func rate(s sample) float64 { return s.rate }

func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

func short(v float64) string {
	d := time.Duration(v)
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func plural(workers int) string {
	if workers == 1 {
		return "1 worker"
	}
	return fmt.Sprintf("%d workers", workers)
}

// machine describes where it was measured, without naming the host.
func machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s/%s, %s, Azurite %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version(),
		azuriteVersion, time.Now().UTC().Format(time.DateOnly))
}
