package bus_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
)

// childEmits emits records from a few goroutines until it is killed, and tells
// on standard output what it did: "b id" after Begin, "e id" after Emit in
// audit mode; in buffered mode "t n" for the records that are taken by now, and
// "n id nanoseconds" for every 50th emitted.
func childEmits() {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	ctx := context.Background()
	mode := bus.Durability(os.Getenv("RESLOG_BUS_MODE"))
	b, err := bus.Open(ctx, bus.Config{Dir: os.Getenv("RESLOG_BUS_DIR"), Durability: mode, TrimInterval: time.Hour})
	fail(err)
	run := os.Getenv("RESLOG_BUS_RUN")
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format, args...)
	}
	say("open\n")
	if mode == bus.Buffered {
		go func() {
			for {
				// In this order: what was emitted is at least what is taken.
				taken := b.Stats().Taken
				say("t %d\n", taken)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", run, g, i)
				r := newRecord(blobs, "StorageWrite", id)
				if mode == bus.Buffered {
					fail(b.Emitter().Emit(ctx, r))
					if i%50 == 0 {
						say("n %s %d\n", id, time.Now().UnixNano())
						time.Sleep(time.Millisecond)
					}
					continue
				}
				r.Line = []byte("unknown")
				fail(b.Emitter().Begin(ctx, r))
				say("b %s\n", id)
				r.Line = []byte("done")
				fail(b.Emitter().Emit(ctx, r))
				say("e %s\n", id)
			}
		})
	}
	wg.Wait()
}

// runChild runs a child on a folder for about d, kills it, and returns what it said.
func runChild(t *testing.T, dir string, mode bus.Durability, run int, d time.Duration) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "RESLOG_BUS_CHILD=emit", "RESLOG_BUS_DIR="+dir,
		"RESLOG_BUS_MODE="+string(mode), "RESLOG_BUS_RUN="+strconv.Itoa(run))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	begun := false
	s := bufio.NewScanner(out)
	for s.Scan() {
		// From when something was kept.
		if line := s.Text(); !begun && (strings.HasPrefix(line, "e ") || strings.HasPrefix(line, "t ") && line != "t 0") {
			begun = true
			time.AfterFunc(d, func() { _ = cmd.Process.Kill() })
		}
		lines = append(lines, s.Text())
	}
	_ = cmd.Wait() // killed
	if len(lines) == 0 || lines[0] != "open" {
		t.Fatalf("the child did not open its bus, it said %q", lines)
	}
	return lines[1:]
}

func TestKillInAuditMode(t *testing.T) {
	dir := t.TempDir()
	begun, ended := map[string]bool{}, map[string]bool{}
	for run := range 8 {
		for _, line := range runChild(t, dir, bus.Audit, run, time.Duration(20+rand.IntN(100))*time.Millisecond) {
			what, id, ok := strings.Cut(line, " ")
			switch {
			case !ok: // cut off by the kill
			case what == "b":
				begun[id] = true
			case what == "e":
				ended[id] = true
			}
		}
	}
	b := open(t, bus.Config{Dir: dir})
	entries, missed := readTo(t, b, bus.ReadConfig{}, b.Last())
	if missed != 0 {
		t.Errorf("missed %d", missed)
	}
	seen := map[string]string{}
	unknown := 0
	for _, e := range entries {
		if was, twice := seen[e.Record.ID]; twice {
			t.Errorf("%s has two records, %s and %s", e.Record.ID, was, e.Record.Line)
		}
		seen[e.Record.ID] = string(e.Record.Line)
		if string(e.Record.Line) == "unknown" {
			unknown++
		}
	}
	for id := range begun {
		if _, ok := seen[id]; !ok {
			t.Errorf("%s was begun and has no record", id)
		}
	}
	for id := range ended {
		if seen[id] != "done" {
			t.Errorf("%s had ended and its record says %q", id, seen[id])
		}
	}
	t.Logf("%d operations begun, %d ended, %d of unknown outcome", len(begun), len(ended), unknown)
	if len(ended) == 0 || unknown == 0 {
		t.Error("the test did not kill in the middle of anything")
	}
}

func TestKillInBufferedMode(t *testing.T) {
	dir := t.TempDir()
	var number uint64
	for run := range 8 {
		var taken uint64
		emitted := map[string]int64{} // when
		var latest int64
		for _, line := range runChild(t, dir, bus.Buffered, run, time.Duration(20+rand.IntN(100))*time.Millisecond) {
			if n, ok := strings.CutPrefix(line, "t "); ok {
				if v, err := strconv.ParseUint(n, 10, 64); err == nil {
					taken = max(taken, v)
				}
			}
			if n, ok := strings.CutPrefix(line, "n "); ok {
				id, at, _ := strings.Cut(n, " ")
				if v, err := strconv.ParseInt(at, 10, 64); err == nil {
					emitted[id], latest = v, max(latest, v)
				}
			}
		}
		b := open(t, bus.Config{Dir: dir})
		end := b.Last()
		if end.Number < number+taken {
			t.Errorf("run %d: %d records counted as taken, %d are there", run, taken, end.Number-number)
		}
		entries, missed := readTo(t, b, bus.ReadConfig{}, end)
		if uint64(len(entries)) != end.Number || missed != 0 {
			t.Errorf("run %d: read %d of %d, missed %d", run, len(entries), end.Number, missed)
		}
		// What is there of a goroutine is what it emitted first: a loss is a
		// tail, never a hole.
		next := map[string]int{}
		for _, e := range entries {
			name, i := e.Record.ID[:strings.LastIndexByte(e.Record.ID, '-')], e.Record.ID[strings.LastIndexByte(e.Record.ID, '-')+1:]
			if i != strconv.Itoa(next[name]) {
				t.Fatalf("run %d: %s follows %s-%d", run, e.Record.ID, name, next[name]-1)
			}
			next[name]++
			delete(emitted, e.Record.ID)
		}
		var window time.Duration // of emissions before the kill that are lost
		for _, at := range emitted {
			window = max(window, time.Duration(latest-at))
		}
		t.Logf("run %d: what was emitted in the last %v is lost", run, window)
		// 50 ms is what is promised of a machine that has nothing else to do. A disk that stands
		// still for a second loses that second.
		if window > 3*time.Second {
			t.Errorf("run %d: what was emitted in the last %v is lost", run, window)
		}
		number = end.Number
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if number == 0 {
		t.Error("nothing was ever taken")
	}
}
