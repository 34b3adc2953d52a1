package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"reslog/bench/report"
)

// result is all that was measured.
type result struct {
	config
	figures map[string]*figures
	records records
}

// write writes the result.
func (r *result) write(w io.Writer) {
	fmt.Fprintf(w, "# The SignalR service under load\n\n`go run ./bench/signalr%s`, %s.%s\n\n", r.arguments, report.Machine(), r.load)
	fmt.Fprintf(w, "Each server is a process of its own on the loopback, and shares the machine's processors with the clients; they take turns within each of %d rounds. "+
		"bare is what the machine can do at most: the WebSockets of the same library, without tokens, hubs, pings, limits and logs. reslog is the service in Serverless mode, "+
		"whose records of AllLogs are made and counted, and not kept. Clients are WebSockets with the JSON hub protocol, which ping every 15 seconds. "+
		"Every message came to every client that it was for, once.\n\n", r.rounds)
	r.writeIdle(w)
	r.writeBroadcasts(w)
	r.writeSends(w)
	fmt.Fprintf(w, "## Records\n\n%d idle connections came and went, and left %d records: ConnectionStarted, ServerlessModeEntered and ConnectionEnded of each.\n\n",
		r.records.connections, r.records.records)
	r.writeGoals(w)
}

func (r *result) writeIdle(w io.Writer) {
	fmt.Fprintf(w, "## %d connections that do nothing\n\nMemory of the process after a whole turn of pings.\n\n| | MiB before | MiB with them | KiB each | connections a GiB | opened/s |\n|---|---|---|---|---|---|\n", r.idle)
	for _, name := range names {
		f := r.figures[name]
		each := float64(f.after-f.before) / float64(f.idle)
		fmt.Fprintf(w, "| %s | %d | %d | %.1f | %.0f | %.0f |\n", name, f.before>>20, f.after>>20, each/1024, float64(1<<30-f.before)/each, float64(f.idle)/f.opening.Seconds())
	}
	fmt.Fprintln(w)
}

func (r *result) writeBroadcasts(w io.Writer) {
	fmt.Fprintf(w, "## A broadcast to %d clients\n\n100 bytes of text by `POST /api/v1/hubs/%s`, from the request until the last client has it, %d broadcasts in each round; "+
		"the rate is that of the median.\n\n| | median ms | p90 ms | worst ms | messages/s |\n|---|---|---|---|---|\n", r.clients, hubName, r.broadcasts)
	for _, name := range names {
		d := slices.Sorted(slices.Values(r.figures[name].last))
		median := report.Quantile(d, 0.5)
		fmt.Fprintf(w, "| %s | %.1f | %.1f | %.1f | %.0f |\n", name, median, report.Quantile(d, 0.9), report.Quantile(d, 1), float64(r.clients)/median*1000)
	}
	fmt.Fprintln(w)
}

func (r *result) writeSends(w io.Writer) {
	fmt.Fprintf(w, "## Sends to one user\n\n%d callers `POST /api/v1/hubs/%s/users/…` for %s in each round, while %d clients are connected; until the last message has come. "+
		"The median of the rounds, with the single rounds in brackets; the processor time is that of the server.\n\n| | sends/s [rounds] | CPU µs a send |\n|---|---|---|\n",
		workers, hubName, r.sending, r.clients)
	for _, name := range names {
		f := r.figures[name]
		var rounds []string
		for _, rate := range f.rates {
			rounds = append(rounds, fmt.Sprintf("%.0f", rate))
		}
		fmt.Fprintf(w, "| %s | %.0f [%s] | %.1f |\n", name, report.Middle(f.rates), strings.Join(rounds, " "), report.Middle(f.cpu))
	}
	fmt.Fprintln(w)
}

// idleGoal is what ten thousand connections may take.
const idleGoal = 300 << 20

// writeGoals holds the figures up against what was promised.
func (r *result) writeGoals(w io.Writer) {
	f := r.figures[ours]
	each := float64(f.after-f.before) / float64(f.idle)
	whole := float64(f.before) + 10_000*each
	verdict := "met"
	if whole >= idleGoal {
		verdict = "**missed**"
	}
	fmt.Fprintf(w, "## Goals\n\n| goal | measured |\n|---|---|\n| 10,000 idle connections in less than 300 MB | %.0f MiB, from %d MiB with %d; %s |\n",
		whole/(1<<20), f.after>>20, f.idle, verdict)
}
