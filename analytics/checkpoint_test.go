//go:build cgo

package analytics

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/analytics/rows"
)

// hotParts are the tables of a day that is not closed, and how many of them rest.
func (v *world) hotParts(table string) (n, resting int) {
	v.w.write.Lock()
	defer v.w.write.Unlock()
	for _, p := range v.w.tables[table].parts {
		if p.state == hot {
			n++
			if p.resting {
				resting++
			}
		}
	}
	return n, resting
}

// TestCheckpointBeside appends while checkpoints are made: the day has two tables
// in turns, the log stays short, and every row is there once, also when it is opened
// again and when the day is closed.
func TestCheckpointBeside(t *testing.T) {
	v := start(t, func(c *Config) { c.logBytes, c.restRows = 256<<10, 1000 })
	const batches, size = 60, 500
	rested := make(map[int64]bool)
	for i := range batches {
		var values [][]any
		for n := range size {
			values = append(values, logRow(noon, "a", i*size+n))
		}
		v.append(rows.Batch{Source: "s", Position: uint64(i + 1), Rows: logs(values...)})
		v.must("Logs_CL | count", itoa((i+1)*size))
		v.w.write.Lock()
		for _, p := range v.w.tables["Logs_CL"].parts {
			if p.resting {
				rested[p.id] = true
			}
		}
		v.w.write.Unlock()
	}
	if n, resting := v.hotParts("Logs_CL"); n != 2 || resting != 1 || len(rested) != 2 {
		t.Errorf("the day has %d tables, %d of which rest, and %d did", n, resting, len(rested))
	}
	v.w.still.Lock() // the last checkpoint is made
	info, err := os.Stat(v.w.database() + ".wal")
	v.w.still.Unlock()
	if err == nil && info.Size() > 4<<20 {
		t.Errorf("the log has %d bytes", info.Size())
	}
	v.restart()
	v.must("Logs_CL | summarize count(), dcount(_ItemId)", itoa(batches*size)+" "+itoa(batches*size))
	v.clock.move(48 * time.Hour)
	v.maintain()
	if n, _ := v.hotParts("Logs_CL"); n != 0 {
		t.Errorf("the closed day has %d tables in the database", n)
	}
	v.must("Logs_CL | summarize count(), dcount(_ItemId)", itoa(batches*size)+" "+itoa(batches*size))
}

// TestCheckpointFails has an engine that gives its database up in a checkpoint: rows
// that were taken stay, and rows are taken on.
func TestCheckpointFails(t *testing.T) {
	v := start(t, func(c *Config) { c.logBytes, c.restRows = 64<<10, 100 })
	add := func(i int) {
		var values [][]any
		for n := range 500 {
			values = append(values, logRow(noon, "a", i*500+n))
		}
		v.append(rows.Batch{Source: "s", Position: uint64(i + 1), Rows: logs(values...)})
	}
	const batches = 12
	for i := range batches {
		if i == batches/2 {
			v.w.still.Lock()
			c := &checkpoint{w: v.w}
			v.s.beside.RLock()
			err := c.failed(os.ErrInvalid)
			c.end()
			if v.s.broken(t.Context(), v.s.age, err); v.w.checkpointFailed.IsZero() {
				t.Error("it is not known that a checkpoint failed")
			}
		}
		add(i)
	}
	v.must("Logs_CL | count", itoa(batches*500))
	if !slices.ContainsFunc(v.log.lines, func(l string) bool { return strings.Contains(l, "checkpoint") }) {
		t.Errorf("the log does not say it: %s", v.log.lines)
	}
	v.clock.move(2 * checkpointAgain)
	add(batches)
	v.must("Logs_CL | count", itoa((batches+1)*500))
}
