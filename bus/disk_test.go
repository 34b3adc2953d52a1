//go:build unix

package bus_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"reslog/bus"
)

// childFails opens a bus in a process whose files may not grow beyond a limit,
// emits until writing fails for good, lifts the limit, and checks that writing
// resumes and nothing that was kept is lost.
func childFails() {
	if err := failAndRecover(); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("recovered")
}

func failAndRecover() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	mode := bus.Durability(os.Getenv("RESLOG_BUS_MODE"))
	b, err := bus.Open(ctx, bus.Config{Dir: os.Getenv("RESLOG_BUS_DIR"), Durability: mode, MaxMemory: 1 << 20})
	if err != nil {
		return err
	}
	defer b.Close()
	if _, err := b.OpenCursor(ctx, "keeps all", bus.Mark{}); err != nil {
		return err
	}
	setLimit := func(n uint64) error {
		var lim syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
			return err
		}
		lim.Cur = min(n, lim.Max)
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lim)
	}
	if err := setLimit(1 << 20); err != nil {
		return err
	}
	emitted, kept := 0, map[string]bool{}
	emit := func() error {
		id := fmt.Sprint(emitted)
		emitted++
		r := newRecord(blobs, "StorageWrite", id)
		r.Line = slices.Concat([]byte(`"`), noise(emitted), []byte(`"`))
		err := b.Emitter().Emit(ctx, r)
		if err == nil {
			kept[id] = true
		}
		return err
	}
	for !b.Stats().Failing {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("writing never failed: %w", err)
		}
		_ = emit()
		if emitted%100 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	for range 5000 { // overload while nothing can be written
		_ = emit()
	}
	if mode == bus.Audit {
		if err := b.Emitter().Begin(ctx, newRecord(blobs, "StorageWrite", "x")); err == nil {
			return fmt.Errorf("Begin succeeded while nothing can be written")
		}
	}
	if s := b.Stats(); s.QueueBytes > 1<<20 || s.Dropped == 0 {
		return fmt.Errorf("not bounded, or nothing was dropped: %+v", s)
	}
	if err := setLimit(1 << 62); err != nil {
		return err
	}
	if _, err := b.Flush(ctx); err != nil {
		return fmt.Errorf("after the limit was lifted: %w", err)
	}
	_ = emit()
	end, err := b.Flush(ctx)
	if err != nil {
		return err
	}
	s := b.Stats()
	fmt.Printf("emitted %d, taken %d, dropped %d, interruptions %d\n", emitted, s.Taken, s.Dropped, s.Failures)
	if s.Taken+s.Dropped != uint64(emitted) || s.Failing || end.Number != s.Taken {
		return fmt.Errorf("emitted %d, stream ends at %d, %+v", emitted, end.Number, s)
	}
	r, err := b.Read(ctx, bus.ReadConfig{})
	if err != nil {
		return err
	}
	defer r.Close()
	seen := map[string]bool{}
	for r.Through().Number < end.Number {
		batch, err := r.Next(ctx)
		if err != nil {
			return err
		}
		if batch.Missed > 0 {
			return fmt.Errorf("missed %d", batch.Missed)
		}
		for _, e := range batch.Entries {
			if seen[e.Record.ID] {
				return fmt.Errorf("%s is there twice", e.Record.ID)
			}
			seen[e.Record.ID] = true
		}
	}
	if mode == bus.Audit {
		for id := range kept {
			if !seen[id] {
				return fmt.Errorf("%s was confirmed and is not there", id)
			}
		}
	}
	if uint64(len(seen)) != s.Taken {
		return fmt.Errorf("%d records are there, %d were taken", len(seen), s.Taken)
	}
	return nil
}

func TestWriteErrorsAreSurvived(t *testing.T) {
	for _, mode := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(mode), func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "RESLOG_BUS_CHILD=fail", "RESLOG_BUS_DIR="+dir, "RESLOG_BUS_MODE="+string(mode))
			out, err := cmd.CombinedOutput()
			t.Log(strings.TrimSpace(string(out)))
			if err != nil {
				t.Fatal(err)
			}
			b := open(t, bus.Config{Dir: dir})
			entries, missed := readTo(t, b, bus.ReadConfig{}, b.Last())
			if missed != 0 || uint64(len(entries)) != b.Last().Number || len(entries) == 0 {
				t.Errorf("after a restart: %d records of %d, missed %d", len(entries), b.Last().Number, missed)
			}
		})
	}
}
