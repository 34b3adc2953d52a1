package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"reslog/diagnose"
)

// printReport prints a diagnosis for people. What others chose is told as text.
func printReport(out io.Writer, r *diagnose.Report) error {
	var b bytes.Buffer
	if r.Records == 0 {
		fmt.Fprintln(&b, "no events in this time")
		_, err := out.Write(b.Bytes())
		return err
	}
	fmt.Fprintf(&b, "%d events from %s to %s\n", r.Records, utcSecond(r.From), utcSecond(r.To))
	if r.Truncated {
		fmt.Fprintln(&b, "There are more events than can be looked at: take a shorter time.")
	}
	for _, side := range []struct {
		name string
		c    diagnose.Connections
	}{{"client", r.Clients}, {"server", r.Servers}} {
		if side.c == (diagnose.Connections{}) {
			continue
		}
		fmt.Fprintf(&b, "%s connections: %d started, %d ended, %d aborted; %d open at the end, %d at most at %s\n", side.name,
			side.c.Started, side.c.Ended, side.c.Aborted, side.c.Open, side.c.Peak, utcSecond(side.c.PeakAt))
	}
	if len(r.Ended) > 0 {
		fmt.Fprintf(&b, "ended as expected: %s\n", tallies(r.Ended))
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(&b, "\nNothing is wrong.")
	}
	for i := range r.Findings {
		printFinding(&b, &r.Findings[i])
	}
	_, err := out.Write(b.Bytes())
	return err
}

func printFinding(b *bytes.Buffer, f *diagnose.Finding) {
	fmt.Fprintf(b, "\n[%s] %s: %s (%d", f.Severity, f.Kind, plain(f.Title), f.Count)
	if !f.First.IsZero() {
		fmt.Fprintf(b, ", %s to %s", utcSecond(f.First), utcSecond(f.Last))
	}
	fmt.Fprintln(b, ")")
	fmt.Fprintf(b, "  %s\n", plain(f.Meaning))
	for _, l := range []struct{ name, text string }{
		{"expected audiences", strings.Join(f.Expected, ", ")},
		{"actual audiences", strings.Join(f.Actual, ", ")},
		{"details", tallies(f.Details)},
		{"examples", strings.Join(f.Examples, " | ")},
		{"hubs", tallies(f.Hubs)},
		{"sides", tallies(f.Sides)},
		{"transports", tallies(f.Transports)},
		{"users", tallies(f.Users)},
		{"addresses", tallies(f.Addresses)},
		{"server connections that went away", tallies(f.Servers)},
		{"connections", strings.Join(f.Connections, ", ")},
		{"over time", overTime(f.Bins)},
	} {
		if l.text != "" {
			fmt.Fprintf(b, "  %s: %s\n", l.name, plain(l.text))
		}
	}
	fmt.Fprintf(b, "  → %s\n", plain(f.Advice))
}

func tallies(list []diagnose.Tally) string {
	parts := make([]string, 0, len(list))
	for _, t := range list {
		parts = append(parts, fmt.Sprintf("%s %d", t.Name, t.Count))
	}
	return strings.Join(parts, ", ")
}

// overTime is a row of bars, and how long each is.
func overTime(bins []diagnose.Bin) string {
	if len(bins) < 2 {
		return ""
	}
	most := 0
	for _, bin := range bins {
		most = max(most, bin.Count)
	}
	if most == 0 {
		return ""
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	var s strings.Builder
	for _, bin := range bins {
		if bin.Count == 0 {
			s.WriteRune('·')
			continue
		}
		s.WriteRune(bars[(bin.Count*len(bars)-1)/most])
	}
	width := bins[1].Start.Sub(bins[0].Start)
	return fmt.Sprintf("%s each %s, at most %d", s.String(), width.Round(time.Millisecond), most)
}

func utcSecond(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
