package tablestore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// progress is what was begun and what was acknowledged, a writer.
type progress struct {
	mu          sync.Mutex
	begun, done map[string]int64
}

func (p *progress) set(m map[string]int64, name string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m[name] = n
}

func (p *progress) copy(m map[string]int64) map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(m)
}

// batchSize is how many entities a writer of the test has: all of them have the
// same number or some of a batch are missing.
const batchSize = 5

// batch is what a writer does for the nth time: odd ones insert, even ones delete.
func batch(name string, n int64) []Write {
	var list []Write
	for i := range batchSize {
		w := Write{Entity: entity(name, fmt.Sprint(i), number("n", n), text("t", fmt.Sprint(n)))}
		if n%2 == 0 {
			w.Kind = Delete
		}
		list = append(list, w)
	}
	// And one that is never deleted counts.
	return append(list, Write{Kind: InsertOrMerge, Entity: entity(name, "count", number("n", n))})
}

// checkCrash checks a store after a crash against what is known of the writers.
func checkCrash(t *testing.T, s *Store, done, begun map[string]int64) {
	t.Helper()
	var want Usage
	want.Tables = 1
	for name := range begun {
		p := query(t, s, "t", Query{Ranges: []Range{{&Key{name, ""}, &Key{name + "\x00", ""}}}})
		var n int64
		for _, e := range p.Entities {
			want.Entities++
			want.Bytes += int64(e.Size())
			if e.Row == "count" {
				n = e.Properties[0].Number
			}
		}
		if n < done[name] || n > begun[name] {
			t.Errorf("%s is at %d; acknowledged %d, begun %d", name, n, done[name], begun[name])
		}
		rows := 0
		if n > 0 {
			rows = 1 + batchSize*int(n%2)
		}
		if len(p.Entities) != rows {
			t.Errorf("%s at %d has %v", name, n, keysOf(p))
		}
		for _, e := range p.Entities {
			if e.Properties[0].Number != n {
				t.Errorf("%s at %d has %v", name, n, e)
			}
		}
	}
	wantUsage(t, s, want)
}

// TestPowerLoss looks at what a disk may hold when the power goes: all that was
// synced and, of the rest, any part.
func TestPowerLoss(t *testing.T) {
	for _, percent := range []int{0, 50} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			s := openTest(t, Config{Dir: "/store", FS: fs})
			newTable(t, s, "t")
			p := progress{begun: map[string]int64{}, done: map[string]int64{}}
			stop := make(chan struct{})
			var wg sync.WaitGroup
			stopAll := sync.OnceFunc(func() { close(stop); wg.Wait() })
			defer stopAll() // before the store is closed
			for w := range 4 {
				name := fmt.Sprintf("w%d", w)
				p.set(p.begun, name, 0)
				wg.Go(func() { writeUntil(t, s, &p, name, stop) })
			}
			r := rand.New(rand.NewPCG(1, uint64(percent)))
			for round := range 15 {
				// Some progress first, so that there is something to lose.
				for before := p.sum(); p.sum() < before+int64(r.IntN(40)); time.Sleep(time.Millisecond) {
					if t.Failed() {
						return
					}
				}
				if round%5 == 4 {
					if err := s.db.Flush(); err != nil {
						t.Error(err)
					}
				}
				done := p.copy(p.done)
				clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: r})
				begun := p.copy(p.begun)
				after := openTest(t, Config{Dir: "/store", FS: clone})
				checkCrash(t, after, done, begun)
				closeTest(t, after)
			}
			stopAll()
		})
	}
}

func (p *progress) sum() (n int64) {
	for _, m := range p.copy(p.done) {
		n += m
	}
	return n
}

func writeUntil(t *testing.T, s *Store, p *progress, name string, stop chan struct{}) {
	for n := int64(1); ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		p.set(p.begun, name, n)
		if _, err := s.Write(context.Background(), account, "t", at, batch(name, n)); err != nil {
			t.Error(err)
			return
		}
		p.set(p.done, name, n)
	}
}

// TestPowerLossOfTables checks that a table is made, changed and deleted, or not.
func TestPowerLossOfTables(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, Config{Dir: "/store", FS: fs})
	ctx := context.Background()
	reopened := func() *Store {
		return openTest(t, Config{Dir: "/store", FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	}
	newTable(t, s, "t")
	if err := s.UpdateTable(ctx, account, "t", func(is *Table) error { is.Policies = []Policy{{ID: "p"}}; return nil }); err != nil {
		t.Fatal(err)
	}
	write(t, s, "t", Write{Entity: entity("p", "r")})
	after := reopened()
	if is, err := after.Table(ctx, account, "t"); err != nil || len(is.Policies) != 1 {
		t.Errorf("%+v, %v", is, err)
	}
	if err := s.DeleteRange(ctx, account, "t", Range{}); err != nil {
		t.Fatal(err)
	}
	after = reopened()
	if p := query(t, after, "t", Query{}); len(p.Entities) > 0 {
		t.Errorf("a deleted range has %v", keysOf(p))
	}
	wantUsage(t, after, Usage{Tables: 1})
	write(t, s, "t", Write{Entity: entity("p", "r")})
	if err := s.DeleteTable(ctx, account, "t"); err != nil {
		t.Fatal(err)
	}
	after = reopened()
	if _, err := after.Table(ctx, account, "t"); !errors.Is(err, ErrTableNotFound) {
		t.Errorf("%v", err)
	}
	wantUsage(t, after, Usage{})
	newTable(t, after, "t")
	if p := query(t, after, "t", Query{}); len(p.Entities) > 0 {
		t.Errorf("a new table has %v", keysOf(p))
	}
}
