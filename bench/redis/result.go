package main

import (
	"fmt"
	"io"
	"strings"

	"reslog/bench/report"
)

// writeResult writes the result.
func writeResult(w io.Writer, cfg config, results map[cell][]sample, idles []idle, c counts) {
	fmt.Fprintf(w, "# The Redis proxy under load\n\n`go run ./bench/redis%s`, %s, redis-server, redis-benchmark and HAProxy of Debian.%s\n\n", cfg.arguments, report.Machine(), cfg.load)
	fmt.Fprintf(w, "Client, proxy and server share the machine's processors and speak over the loopback; servers take turns within each of %d rounds. "+
		"redis-benchmark has %d connections and values of 64 bytes. Rates are requests a second, the median of the rounds with the single rounds in brackets; "+
		"a ratio is the median of the rounds' ratios. HAProxy, in mode tcp, logs a line for each connection into a file (`option tcplog`); the node archives "+
		"ConnectionEvents in an account of its own, which is on disk. The processor time of a proxy counts all that it does until it comes to rest.\n\n", cfg.rounds, clients)
	for _, r := range cfg.rows {
		writeRow(w, r, results)
	}
	writeIdles(w, idles)
	writeCounts(w, c)
	writeGoals(w, cfg, results, idles, c)
}

func writeRow(w io.Writer, r row, results map[cell][]sample) {
	fmt.Fprintf(w, "## %s\n\n`redis-benchmark -c %d -d 64 -n %d %s`\n\n", r.title, clients, r.requests, strings.Join(r.args, " "))
	fmt.Fprint(w, "| | req/s [rounds] | of direct | p50 ms | p99 ms | proxy CPU µs a request |\n|---|---|---|---|---|---|\n")
	base := results[cell{r.name, direct}]
	for _, name := range order() {
		s := results[cell{r.name, name}]
		if len(s) == 0 {
			continue
		}
		var rounds []string
		for i := range s {
			rounds = append(rounds, fmt.Sprintf("%.0f", s[i].rate))
		}
		cpu := "–"
		if name != direct {
			cpu = fmt.Sprintf("%.1f", report.Median(s, func(s sample) float64 { return s.cpu }))
		}
		fmt.Fprintf(w, "| %s | %.0f [%s] | %.2f | %.2f | %.2f | %s |\n", name, report.Median(s, rate), strings.Join(rounds, " "), report.Paired(s, base, rate),
			report.Median(s, func(s sample) float64 { return s.p50 }), report.Median(s, func(s sample) float64 { return s.p99 }), cpu)
	}
	fmt.Fprintln(w)
}

func writeIdles(w io.Writer, idles []idle) {
	if len(idles) == 0 {
		return
	}
	fmt.Fprintf(w, "## %d connections that do nothing\n\nEach has asked for one PING, of a proxy that has just been started. Resident memory in MiB; its own is that without pages of files, "+
		"which are mostly the program: how much of it counts is up to the kernel, which maps it in pieces of any size. reslog-lean is built without cgo and has no workspaces.\n\n| | before | with them | its own before | its own with them | KiB each |\n|---|---|---|---|---|---|\n", idles[0].connections)
	for _, i := range idles {
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %.1f |\n", i.server, i.before.RSS>>20, i.after.RSS>>20, i.before.Own>>20, i.after.Own>>20,
			float64(i.after.RSS-i.before.RSS)/1024/float64(i.connections))
	}
	fmt.Fprintln(w)
}

func writeCounts(w io.Writer, c counts) {
	fmt.Fprintf(w, "## Records\n\nThe nodes accepted %d connections, and meanwhile the server took %d, without those over which nodes ask it for INFO: who leaves at once may not get there. The archives have records of %d connections: "+
		"%d of new_conn, %d of close_conn, %d of auth. %d connections do not have just one new_conn and one close_conn.\n\n", c.accepted, c.served, c.connections, c.opened, c.closed, c.logins, c.odd)
}

// idleGoal is what ten thousand connections may take.
const idleGoal = 150_000_000

// writeGoals holds the figures up against what was promised.
func writeGoals(w io.Writer, cfg config, results map[cell][]sample, idles []idle, c counts) {
	fmt.Fprint(w, "## Goals\n\n| goal | measured |\n|---|---|\n")
	line := func(goal, measured string, met bool) {
		verdict := "met"
		if !met {
			verdict = "**missed**"
		}
		fmt.Fprintf(w, "| %s | %s, %s |\n", goal, measured, verdict)
	}
	for _, r := range cfg.rows {
		name := ours
		if r.tls {
			name = oursTLS
		}
		better := betterOf(results, r.name)
		ratio := report.Paired(results[cell{r.name, name}], results[cell{r.name, better}], rate)
		line("at least the rate of HAProxy with its better number of threads: "+r.title, fmt.Sprintf("%.2f× %s", ratio, better), ratio >= 1)
	}
	for _, i := range idles {
		if i.server == ours || i.server == oursLean {
			memory := func(what string, n int64) {
				line(i.server+": 10,000 idle connections in less than 150 MB"+what, fmt.Sprintf("%d MB with %d", n/1_000_000, i.connections), n/int64(i.connections)*10_000 < idleGoal)
			}
			memory("", i.after.RSS)
			memory(", without pages of files", i.after.Own)
		}
	}
	line("each connection that was accepted has one new_conn and one close_conn", fmt.Sprintf("%d of %d", c.connections-c.odd, c.accepted), c.complete())
	fmt.Fprintln(w)
}

// betterOf is the HAProxy with the better median.
func betterOf(results map[cell][]sample, row string) string {
	one, two := "haproxy-1", "haproxy-2"
	if report.Median(results[cell{row, two}], rate) > report.Median(results[cell{row, one}], rate) {
		return two
	}
	return one
}

func order() []string { return []string{direct, "haproxy-1", "haproxy-2", ours, oursTLS} }

func rate(s sample) float64 { return s.rate }
