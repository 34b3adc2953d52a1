package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

type clock struct{ now time.Time }

func (c *clock) set(s string) { c.now, _ = time.Parse(time.DateOnly, s) }

func open(t *testing.T, cfg Config) *Journal {
	t.Helper()
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func add(t *testing.T, j *Journal, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if err := j.Append([]byte(l)); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns up to n lines before a position, and the last one's position.
func read(t *testing.T, j *Journal, before Position, n int) (lines []string, last Position) {
	t.Helper()
	err := j.Newest(before, func(at Position, line []byte) bool {
		lines = append(lines, string(line))
		last = at
		return len(lines) < n
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, last
}

func TestNewestFirstAcrossMonthsAndRestarts(t *testing.T) {
	var c clock
	cfg := Config{Dir: filepath.Join(t.TempDir(), "journal"), Now: func() time.Time { return c.now }}
	j := open(t, cfg)
	if got, _ := read(t, j, Position{}, 9); got != nil {
		t.Errorf("a new journal has %q", got)
	}
	var want []string
	for i, day := range []string{"2026-10-30", "2026-10-31", "2026-11-01", "2026-12-24"} {
		c.set(day)
		// Long lines span the blocks that are read backwards.
		for k := range 3 {
			line := fmt.Sprintf("%d.%d %s", i, k, strings.Repeat("x", k*30_000))
			add(t, j, line)
			want = append(want, line)
		}
	}
	slices.Reverse(want)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	j = open(t, cfg)
	if got, _ := read(t, j, Position{}, 99); !slices.Equal(got, want) {
		t.Errorf("got %d lines, want %d", len(got), len(want))
	}
	// Page by page, each from the last line's position in its text form.
	var got []string
	var at Position
	for {
		page, last := read(t, j, at, 5)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		var err error
		if at, err = ParsePosition(last.String()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("page by page: got %d lines, want %d", len(got), len(want))
	}
}

func TestTornLineIsCutOff(t *testing.T) {
	var c clock
	c.set("2026-11-20")
	cfg := Config{Dir: t.TempDir(), Now: func() time.Time { return c.now }}
	path := filepath.Join(cfg.Dir, "2026-11.jsonl")
	for _, content := range []string{"", "torn", "one\n", "one\ntorn", strings.Repeat("y", 3*MaxLine), "one\n" + strings.Repeat("y", 2*MaxLine)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, cfg)
		add(t, j, "two")
		want := "two\n"
		if strings.HasPrefix(content, "one\n") {
			want = "one\n" + want
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%.10q: file is %.20q, %v", content, got, err)
		}
	}
}

func TestLinesAreBounded(t *testing.T) {
	j := open(t, Config{Dir: t.TempDir(), MaxBytes: 2 * MaxLine})
	for _, bad := range []string{"", "a\nb", strings.Repeat("x", MaxLine)} {
		if err := j.Append([]byte(bad)); !errors.Is(err, ErrLine) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	long := bytes.Repeat([]byte("x"), MaxLine-1)
	for range 2 {
		if err := j.Append(long); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Append([]byte("x")); !errors.Is(err, ErrFull) || j.Use() != 1 {
		t.Errorf("append to a full journal: %v, %v in use", err, j.Use())
	}
	if got, _ := read(t, j, Position{}, 9); len(got) != 2 || got[0] != string(long) {
		t.Errorf("%d lines", len(got))
	}
}

func TestOldMonthsGo(t *testing.T) {
	var c clock
	cfg := Config{Dir: t.TempDir(), Keep: 90 * 24 * time.Hour, Now: func() time.Time { return c.now }}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, cfg)
	for _, day := range []string{"2026-01-31", "2026-03-01", "2026-05-01"} {
		c.set(day)
		add(t, j, day)
	}
	if got, _ := read(t, j, Position{}, 9); !slices.Equal(got, []string{"2026-05-01", "2026-03-01", "2026-01-31"}) {
		t.Errorf("90 days after 31 January: %q", got)
	}
	c.set("2026-07-15") // its 90 days reach back into April
	add(t, j, "2026-07-15")
	if got, _ := read(t, j, Position{}, 9); !slices.Equal(got, []string{"2026-07-15", "2026-05-01"}) {
		t.Errorf("in July: %q", got)
	}
	c.set("2027-07-15")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(t, open(t, cfg), Position{}, 9); got != nil {
		t.Errorf("a year later: %q", got)
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "notes.txt")); err != nil {
		t.Errorf("a file of somebody else: %v", err)
	}
}

func TestFailedAppendLeavesNothing(t *testing.T) {
	j := open(t, Config{Dir: t.TempDir()})
	add(t, j, "one")
	good := j.file
	readOnly, err := os.Open(good.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	j.file = readOnly
	if err := j.Append([]byte("two")); err == nil {
		t.Error("a line was written through a file that is read-only")
	}
	j.file = good
	// Bytes of a line whose end did not reach the disk.
	if _, err := good.WriteAt([]byte("torn and long\n"), 4); err != nil {
		t.Fatal(err)
	}
	add(t, j, "three")
	if got, err := os.ReadFile(good.Name()); err != nil || string(got) != "one\nthree\n" {
		t.Errorf("file is %q, %v", got, err)
	}
}

func TestPositionsFromOutside(t *testing.T) {
	j := open(t, Config{Dir: t.TempDir()})
	add(t, j, "one", "two")
	for _, bad := range []string{"x", "2026-11", "2026-11.-1", "2026-13.0", "../x.0", "2026-11.99999999999999999999"} {
		if _, err := ParsePosition(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	p, err := ParsePosition(j.month + ".999999")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := read(t, j, p, 9); !slices.Equal(got, []string{"two", "one"}) {
		t.Errorf("behind the end: %q", got)
	}
}
