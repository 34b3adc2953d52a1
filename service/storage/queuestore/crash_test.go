package queuestore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reslog/service/storage/disk"
)

const crashEnv = "QUEUESTORE_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		crashChild(dir)
	}
	os.Exit(m.Run())
}

// What a worker says that it did, or is about to do, to a message.
const (
	didPut      = "put"
	didGet      = "got"
	willDelete  = "deleting"
	didDelete   = "deleted"
	workerCount = 6
)

// work puts messages that all differ, dequeues some for a long time and deletes
// some of those, and says so, until say returns false.
func work(s *Store, name string, say func(what, text string) bool) error {
	ctx := context.Background()
	for i := 0; ; i++ {
		now := time.Now()
		text := fmt.Sprintf("%s-%d", name, i)
		if _, err := s.Put(ctx, testAccount, "q", text, now, now, Forever); err != nil {
			return err
		}
		if !say(didPut, text) {
			return nil
		}
		if i%3 == 0 {
			continue
		}
		list, err := s.Get(ctx, testAccount, "q", 1, time.Now(), time.Now().Add(24*time.Hour))
		if err != nil {
			return err
		}
		for _, m := range list {
			if !say(didGet, m.Text) {
				return nil
			}
			if i%3 == 1 {
				continue
			}
			if !say(willDelete, m.Text) {
				return nil
			}
			if err := remove(s, "q", m, time.Now()); err != nil {
				return err
			}
			if !say(didDelete, m.Text) {
				return nil
			}
		}
	}
}

// progress is what workers said, for each message.
type progress map[string]map[string]bool

func (p progress) note(what, text string) {
	if p[what] == nil {
		p[what] = map[string]bool{}
	}
	p[what][text] = true
}

func (p progress) clone() progress {
	c := progress{}
	for what, set := range p {
		for text := range set {
			c.note(what, text)
		}
	}
	return c
}

// all reads the texts of all messages, those that can be seen at a time.
func all(t testing.TB, s *Store, now time.Time) map[string]int {
	t.Helper()
	q, err := s.enter(testAccount, "q")
	if err != nil {
		t.Fatal(err)
	}
	defer q.life.RUnlock()
	it, err := s.db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	seen := map[string]int{}
	lower, upper := bounds(kindSlot, q.id)
	for ok := it.SeekGE(lower); ok && bytes.Compare(it.Key(), upper) < 0; ok = it.Next() {
		f, err := decodeFound(it)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.readBody(q.id, f.at.seq)
		if err != nil || m == nil {
			t.Fatalf("a slot without a text: %v", err)
		}
		if !disk.Time(f.at.time).After(now) {
			seen[m.text]++
		}
	}
	return seen
}

// check compares what was said before a crash with what is there: began is
// what was said until a little later.
func (p progress) check(t *testing.T, s *Store, began progress) {
	t.Helper()
	there, visible := all(t, s, time.Now().Add(1000*time.Hour)), all(t, s, time.Now())
	for text := range p[didPut] {
		if there[text] != 1 && !began[willDelete][text] {
			t.Errorf("%s was put and is there %d times", text, there[text])
		}
	}
	for text := range p[didGet] {
		if visible[text] > 0 {
			t.Errorf("%s was dequeued and can be seen", text)
		}
	}
	for text := range p[didDelete] {
		if there[text] > 0 {
			t.Errorf("%s was deleted and is there", text)
		}
	}
	if slots, bodies := keysOf(t, s); slots != bodies || count(t, s, "q") != int64(slots) || len(there) != slots {
		t.Errorf("%d slots, %d texts, %d counted, %d messages", slots, bodies, count(t, s, "q"), len(there))
	}
	if t.Failed() {
		t.FailNow()
	}
}

// crashChild works until it is killed and tells what it does.
func crashChild(dir string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := Open(Config{Dir: dir, SweepEvery: 5 * time.Millisecond})
	if err != nil {
		fail(err)
	}
	if _, err := s.CreateQueue(context.Background(), testAccount, Queue{Name: "q"}); err != nil && !errors.Is(err, ErrQueueExists) {
		fail(err)
	}
	var mu sync.Mutex
	for w := range workerCount {
		go func() {
			err := work(s, fmt.Sprintf("%d-%d", os.Getpid(), w), func(what, text string) bool {
				mu.Lock()
				defer mu.Unlock()
				fmt.Println(what, text)
				return true
			})
			fail(err)
		}()
	}
	time.Sleep(2 * time.Minute)
	os.Exit(2)
}

// TestKill kills a process that works, several times on one folder, and looks
// for all that it acknowledged.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	p := progress{}
	for range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		killAt := 100 + r.IntN(1500)
		seen := 0
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				break // the last line may be cut off
			}
			what, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			p.note(what, text)
			if seen++; seen == killAt {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		if seen < killAt {
			t.Fatalf("the child ended by itself: %s", stderr.String())
		}
		s := openTest(t, Config{Dir: dir})
		p.check(t, s, p)
		closeTest(t, s)
	}
}

// TestPowerLoss looks at what a disk may hold when the power goes: all that was
// synced and, of the rest, any part.
func TestPowerLoss(t *testing.T) {
	for _, percent := range []int{0, 50} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			s := openTest(t, Config{Dir: "/store", FS: fs})
			newQueue(t, s, "q")
			var (
				mu    sync.Mutex
				p     = progress{}
				wg    sync.WaitGroup
				steps = make(chan struct{}) // each lets a worker go on
			)
			for w := range workerCount {
				wg.Go(func() {
					err := work(s, fmt.Sprint(w), func(what, text string) bool {
						mu.Lock()
						p.note(what, text)
						mu.Unlock()
						_, ok := <-steps
						return ok
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			defer wg.Wait() // before the store is closed
			defer close(steps)
			rng := rand.New(rand.NewPCG(1, uint64(percent)))
			for range 12 {
				for range rng.IntN(200) {
					steps <- struct{}{}
				}
				// Some workers are in the middle of a call now.
				mu.Lock()
				at := p.clone()
				mu.Unlock()
				clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
				mu.Lock()
				began := p.clone()
				mu.Unlock()
				after := openTest(t, Config{Dir: "/store", FS: clone})
				at.check(t, after, began)
				closeTest(t, after)
			}
		})
	}
}

// TestPowerLossOfQueues does the same to queues being made, cleared and deleted.
func TestPowerLossOfQueues(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, Config{Dir: "/store", FS: fs})
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(3, 4))
	reopen := func() *Store {
		return openTest(t, Config{Dir: "/store", FS: fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng})})
	}
	for range 5 {
		newQueue(t, s, "q")
		if _, err := reopen().Queue(ctx, testAccount, "q"); err != nil {
			t.Fatal(err)
		}
		put(t, s, "q", "a", epoch)
		put(t, s, "q", "b", epoch)
		wantTexts(t, peek(t, reopen(), "q", 9, epoch), "a b")
		if err := s.Clear(ctx, testAccount, "q"); err != nil {
			t.Fatal(err)
		}
		put(t, s, "q", "c", epoch)
		after := reopen()
		wantTexts(t, peek(t, after, "q", 9, epoch), "c")
		if n := count(t, after, "q"); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		if err := s.DeleteQueue(ctx, testAccount, "q"); err != nil {
			t.Fatal(err)
		}
		after = reopen()
		_, err := after.Queue(ctx, testAccount, "q")
		wantErr(t, err, ErrQueueNotFound)
		u, err := after.Usage(ctx, testAccount)
		if u != (Usage{}) || err != nil {
			t.Errorf("usage %+v (%v)", u, err)
		}
	}
}
