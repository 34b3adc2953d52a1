package connections

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// records is an Out that keeps events as lines of a file, some time after it was handed
// them; what it has in memory dies with the process.
type records struct {
	file *os.File
	mu   sync.Mutex
	buf  []byte
	size int64
}

func openRecords(path string) (*records, error) {
	content, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	r := &records{file: f, size: int64(bytes.LastIndexByte(content, '\n') + 1)}
	if err := f.Truncate(r.size); err != nil {
		return nil, err
	}
	go func() {
		for {
			time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
			if err := r.flush(); err != nil {
				panic(err)
			}
		}
	}()
	return r, nil
}

func (r *records) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.file.WriteAt(r.buf, r.size)
	r.size += int64(n)
	r.buf = r.buf[:0]
	return err
}

func (r *records) Emit(_ context.Context, e event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf = fmt.Appendf(r.buf, "%s %s %d\n", e.ID, e.Type, e.Connection.ID)
	return nil
}

func (r *records) Sync(context.Context) ([]byte, error) {
	if err := r.flush(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return strconv.AppendInt(nil, r.size, 10), nil
}

func (r *records) Passed(context.Context, []byte) error { return nil }

func (r *records) Since(_ context.Context, mark []byte, fn func(id string)) error {
	from, err := strconv.ParseInt("0"+string(mark), 10, 64)
	if err != nil {
		return err
	}
	r.mu.Lock()
	size := r.size
	r.mu.Unlock()
	s := bufio.NewScanner(io.NewSectionReader(r.file, from, size-from))
	for s.Scan() {
		id, _, _ := strings.Cut(s.Text(), " ")
		fn(id)
	}
	return s.Err()
}

// child opens a Book, and then takes events until it is killed, telling on standard
// output those that were taken; or it closes the Book at once.
func child() {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	dir, run := os.Getenv("RESLOG_CONNECTIONS_DIR"), os.Getenv("RESLOG_CONNECTIONS_CHILD")
	out, err := openRecords(filepath.Join(dir, "records"))
	fail(err)
	in := defaults()
	in.minSize = 1 << 15      // compacted all the time
	in.patience = time.Minute // what is late may be lost, also on a machine that is busy
	ctx := context.Background()
	b, err := open(ctx, Config{Dir: filepath.Join(dir, "book"), Out: out, SyncInterval: 10 * time.Millisecond}, in)
	fail(err)
	if run == "end" {
		fail(b.Close(ctx))
		return
	}
	fmt.Println("open")
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			m := maker{}
			do := func(e event.Event) {
				e.ID = fmt.Sprintf("%s-%d-%d", run, g, m.n)
				if g%2 == 0 {
					fail(b.Take(ctx, e))
				} else {
					w := make(waiter, 1)
					fail(b.Put(e, w))
					<-w
				}
				if _, err := os.Stdout.WriteString(e.ID + "\n"); err != nil {
					os.Exit(1)
				}
			}
			var open []int64
			for {
				id := b.NextID()
				open = append(open, id)
				do(m.open(id))
				do(m.auth(id, event.OK, "alice"))
				if len(open) > 50 {
					do(m.close(open[0]))
					open = open[1:]
				}
			}
		})
	}
	wg.Wait()
}

func childProcess(t *testing.T, dir, run string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "RESLOG_CONNECTIONS_CHILD="+run, "RESLOG_CONNECTIONS_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// A process is killed again and again, also while it opens its Book. At last each event
// that was taken has one record, and each connection one that it is new and one that it
// is closed.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	taken := make(map[string]bool)
	for run := range 12 {
		cmd := childProcess(t, dir, strconv.Itoa(run))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := func() { _ = cmd.Process.Kill() }
		if run%3 == 2 {
			time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, kill) // perhaps it is not open yet
		}
		s := bufio.NewScanner(out)
		opened := false
		for s.Scan() {
			if !opened {
				opened = true
				time.AfterFunc(time.Duration(20+rand.IntN(150))*time.Millisecond, kill)
				continue
			}
			if s.Text() != "" {
				taken[s.Text()] = true
			}
		}
		if err := cmd.Wait(); err == nil || run%3 != 2 && !opened {
			t.Fatalf("run %d ended with %v, open %t", run, err, opened)
		}
	}
	if err := childProcess(t, dir, "end").Run(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "records"))
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	for line := range strings.Lines(string(content)) {
		var e event.Event
		if _, err := fmt.Sscan(line, &e.ID, &e.Type, &e.Connection.ID); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		e.Connection.Source = proxy
		events = append(events, e)
	}
	complete(t, "at last", events, taken)
	if len(taken) < 1000 {
		t.Errorf("only %d events were taken", len(taken))
	}
	t.Logf("%d events taken, %d records", len(taken), len(events))
}
