//go:build cgo

package analytics

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/analytics/rows"
)

const childVariable = "RESLOG_ANALYTICS_CHILD"

// runChild runs what a test wants in a process of its own.
func runChild() bool {
	what, folder, ok := strings.Cut(os.Getenv(childVariable), " ")
	if !ok {
		return false
	}
	var err error
	switch what {
	case "append":
		err = appendForever(folder)
	case "fill":
		err = fillDisk(folder)
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	return true
}

// child starts this test's program again. The tests of all of its lines are done
// by the caller.
func child(t *testing.T, what, folder string, change func(*exec.Cmd)) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+what+" "+folder)
	cmd.Stderr = os.Stderr
	if change != nil {
		change(cmd)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// rowsAt is how many rows the batch at a position has.
func rowsAt(position uint64) int { return int(position%7)*40 + 1 }

// batchAt is the batch at a position: its rows are of several days and tables.
func batchAt(position uint64) rows.Batch {
	b := rows.Batch{Source: "s", Position: position}
	for i := range rowsAt(position) {
		row := logRow(noon.Add(-time.Duration(i%3*24)*time.Hour), "a", int(position))
		r := logs(row)
		r[0].Table = "T" + strconv.Itoa(i%2)
		b.Rows = append(b.Rows, r...)
	}
	return b
}

// appendForever appends, closes days and tells what is taken, until it is killed.
func appendForever(folder string) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Folder: folder, Maintain: 30 * time.Millisecond, Now: func() time.Time { return noon }, FileRows: 3000, Memory: 256 << 20, logBytes: 32 << 10, restRows: 50})
	if err != nil {
		return err
	}
	w, err := s.Workspace(ctx, testID)
	if err != nil {
		return err
	}
	position, err := w.Position(ctx, "s")
	if err != nil {
		return err
	}
	fmt.Println("from", position)
	for {
		position++
		if err := w.Append(ctx, batchAt(position)); err != nil {
			return err
		}
		fmt.Println("taken", position)
	}
}

// TestKill kills a process again and again while it appends, makes checkpoints and
// closes days.
// Every batch whose Append returned is there, every batch is there once, and the
// position is that of the last one.
func TestKill(t *testing.T) {
	folder := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	kills := 5
	if testing.Short() {
		kills = 3
	}
	var taken uint64
	for range kills {
		cmd, lines := child(t, "append", folder, nil)
		after := 3 + rnd.IntN(40)
		for i := 0; lines.Scan(); i++ {
			var n uint64
			switch word, rest, _ := strings.Cut(lines.Text(), " "); word {
			case "from":
				fmt.Sscan(rest, &n)
				if n < taken {
					t.Errorf("the position is %d after batch %d was taken", n, taken)
				}
			case "taken":
				fmt.Sscan(rest, &taken)
			default:
				t.Error(lines.Text())
			}
			if i == after {
				time.Sleep(time.Duration(rnd.IntN(30)) * time.Millisecond)
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
	}
	v := start(t, func(c *Config) { c.Folder = folder })
	last, err := v.w.Position(t.Context(), "s")
	if err != nil || last < taken {
		t.Fatalf("position %d after %d, %v", last, taken, err)
	}
	check := func() {
		t.Helper()
		rows, err := v.query(Request{Query: "union T0, T1 | summarize n = count(), ids = dcount(_ItemId) by accountName"})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != int(last) {
			t.Errorf("there are %d batches, want %d", len(rows), last)
		}
		for _, r := range rows {
			if n := int64(rowsAt(uint64(r[0].(int64)))); r[1] != n {
				t.Errorf("batch %v has %v rows, want %d", r[0], r[1], n)
			}
		}
		v.must("union T0, T1 | distinct _ItemId | count", countOf(last))
	}
	check()
	v.maintain()
	check()
	t.Logf("%d batches over %d kills", last, kills)
}

func countOf(last uint64) string {
	n := 0
	for p := uint64(1); p <= last; p++ {
		n += rowsAt(p)
	}
	return strconv.Itoa(n)
}
