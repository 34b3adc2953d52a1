//go:build cgo

package analytics

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reslog/analytics/rows"
)

// threeDays has rows of three days, the first two of them closed.
func threeDays(t *testing.T) *world {
	v := start(t, nil)
	for i := range 3 {
		var values [][]any
		for n := range 5000 {
			values = append(values, logRow(noon.Add(-time.Duration(i)*24*time.Hour), []string{"today", "yesterday", "before"}[i], n))
		}
		v.append(rows.Batch{Rows: logs(values...)})
	}
	v.maintain()
	return v
}

func (v *world) file(day string) string {
	v.t.Helper()
	found, err := filepath.Glob(filepath.Join(v.w.days(), "*-"+day+"-*.parquet"))
	if err != nil || len(found) != 1 {
		v.t.Fatalf("files of %s: %v, %v", day, found, err)
	}
	return found[0]
}

// TestDamagedFile damages the file of a day in several ways. It costs its own
// rows: the answer says which, and the rest is served.
func TestDamagedFile(t *testing.T) {
	const day = "20260309"
	for name, damage := range map[string]func(t *testing.T, path string, content []byte){
		"gone": func(t *testing.T, path string, _ []byte) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"cut":   func(t *testing.T, path string, content []byte) { write(t, path, content[:len(content)/2]) },
		"empty": func(t *testing.T, path string, _ []byte) { write(t, path, nil) },
		"footer": func(t *testing.T, path string, content []byte) {
			content = bytes.Clone(content)
			copy(content[len(content)-200:], bytes.Repeat([]byte{0xff}, 100))
			write(t, path, content)
		},
		"middle": func(t *testing.T, path string, content []byte) {
			content = bytes.Clone(content)
			for i := 4; i < len(content)*3/4; i += 7 {
				content[i] ^= 0x5a
			}
			write(t, path, content)
		},
	} {
		for _, again := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", opened again"}[again], func(t *testing.T) {
				v := threeDays(t)
				path := v.file(day)
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				damage(t, path, content)
				if again {
					v.restart()
				}
				got, err := v.query(Request{Query: "Logs_CL | summarize n = count(), max(Uri), max(Etag) by AccountName | sort by AccountName asc"})
				var p *Partial
				if !errors.As(err, &p) || len(p.Missing) != 1 || p.Missing[0].File != path || p.Missing[0].Table != "Logs_CL" || p.Missing[0].Day.Format("20060102") != day {
					t.Fatalf("the error is %v", err)
				}
				if len(got) != 2 || got[0][0] != "before" || got[0][1] != int64(5000) || got[1][0] != "today" {
					t.Errorf("the rest is %v", got)
				}
				if log := strings.Join(v.log.lines, "\n"); !strings.Contains(log, path) {
					t.Errorf("the log does not name the file: %s", log)
				}
				v.must("Logs_CL | where TimeGenerated > datetime(2026-03-10) | count", "5000")
				v.append(rows.Batch{Rows: logs(logRow(noon, "today", 9999))})
				v.maintain()
				// A copy that is put back is read again.
				write(t, path, content)
				v.restart()
				v.must("Logs_CL | count", "15001")
			})
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedDatabase damages the database of one workspace: it does not open and
// says why and what to do; others are not affected.
func TestDamagedDatabase(t *testing.T) {
	v := threeDays(t)
	other, err := v.s.Workspace(t.Context(), "0a1b2c3d-0000-4000-8000-00000000000b")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Append(t.Context(), rows.Batch{Rows: logs(logRow(noon, "x", 1))}); err != nil {
		t.Fatal(err)
	}
	v.close()
	file := filepath.Join(v.w.folder, "workspace.duckdb")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(content)
	for i := 16; i < len(damaged); i += 3 {
		damaged[i] ^= 0x33
	}
	write(t, file, damaged)
	if v.s, err = Open(t.Context(), v.c); err != nil {
		t.Fatal(err)
	}
	if _, err := v.s.Workspace(t.Context(), testID); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "put a copy back") {
		t.Errorf("a damaged database: %v", err)
	}
	if v.w, err = v.s.Workspace(t.Context(), "0a1b2c3d-0000-4000-8000-00000000000b"); err != nil {
		t.Fatal(err)
	}
	v.must("Logs_CL | count", "1")
	write(t, file, content)
	if v.w, err = v.s.Workspace(t.Context(), testID); err != nil {
		t.Fatal(err)
	}
	v.must("Logs_CL | count", "15000")
}

// TestRevive opens the engine again, as after a fatal error of it, while queries
// and appends come in.
func TestRevive(t *testing.T) {
	v := threeDays(t)
	stop := make(chan struct{})
	done := make(chan int)
	go func() {
		n := 0
		for i := uint64(1); ; i++ {
			select {
			case <-stop:
				done <- n
				return
			default:
			}
			if err := v.w.Append(t.Context(), rows.Batch{Source: "s", Position: i, Rows: logs(logRow(noon, "today", int(i)))}); err != nil {
				t.Errorf("append: %v", err)
			} else {
				n++
			}
		}
	}()
	for range 3 {
		v.must("Logs_CL | where AccountName == 'before' | count", "5000")
		if err := v.s.revive(t.Context(), v.s.age, errors.New("a test")); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	n := <-done
	v.must("Logs_CL | where AccountName == 'today' | count", itoa(5000+n))
	if p, err := v.w.Position(t.Context(), "s"); err != nil || p != uint64(n) {
		t.Errorf("position %d, %v, want %d", p, err, n)
	}
}

// TestFilesGoBehindQueries drops a day while a query reads it.
func TestFilesGoBehindQueries(t *testing.T) {
	v := threeDays(t)
	path := v.file("20260308")
	q, within, err := v.w.snapshot(t.Context(), Request{Query: "Logs_CL | count"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.w.SetRetention(t.Context(), "Logs_CL", 1); err != nil {
		t.Fatal(err)
	}
	v.must("Logs_CL | count", "10000")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file of a query that runs: %v", err)
	}
	var out results
	var stats Stats
	if err := q.run(within, &out, &stats); err != nil || out.rows[0][0][0] != int64(15000) {
		t.Errorf("the query that began before: %v, %v", out.rows, err)
	}
	q.end()
	if _, err := os.Stat(path); err == nil {
		t.Error("the file of a dropped day is still there")
	}
}
