package archive

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"reslog/deliver"
	"reslog/record"
)

var categoriesOfWorld = []record.Category{"AllLogs", "ConnectionEvents", "AllMetrics"}

// world delivers a stream as a worker does, at an account and a state that fail
// at random, before and after they did what was asked, and late. Processes die
// at random, batches are cut at random, and somebody else writes and deletes.
type world struct {
	t     *testing.T
	seed  uint64
	rnd   *rand.Rand
	a     *account
	s     *memoryState
	r     *Archive
	items []deliver.Item

	deletes bool // users delete
	calm    bool
	next    int // of items, to deliver
	foreign int
}

func (w *world) fault(late bool) fault {
	if w.calm || w.rnd.IntN(8) > 0 {
		return ok
	}
	if late && w.rnd.IntN(2) == 0 {
		return fault{kind: isLate}
	}
	return []fault{cut, lost, refusal(503, "ServerBusy")}[w.rnd.IntN(3)]
}

func newWorld(t *testing.T, seed uint64, deletes bool) *world {
	w := &world{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), a: newAccount(t), s: &memoryState{}, deletes: deletes}
	n := 40 + w.rnd.IntN(160)
	number := 0
	for range n {
		number += 1 + w.rnd.IntN(3)
		ended := noon.Add(time.Duration(number)*time.Minute/2 - time.Duration(w.rnd.IntN(3))*time.Minute)
		w.items = append(w.items, item(number, categoriesOfWorld[w.rnd.IntN(len(categoriesOfWorld))], ended))
	}
	w.a.setFault(func(call string) fault {
		if !w.calm && w.rnd.IntN(3) == 0 {
			w.a.mu.Unlock()
			w.a.release()
			w.a.mu.Lock()
		}
		return w.fault(strings.HasPrefix(call, "PUT"))
	})
	w.s.fault = func() fault { return w.fault(false) }
	w.open()
	return w
}

func (w *world) open() {
	w.r = w.a.open(w.s, func(c *Config) {
		c.MaxBlocks = 4
		c.BlockSize = []int{200, 1000, 1 << 20}[w.rnd.IntN(3)]
		c.Parallel = 1 // the order of calls is that of the random numbers
		c.Logger = nil
	})
}

// run delivers everything. settled is what the worker's cursor knows.
func (w *world) run() {
	for tries := 0; w.next < len(w.items); tries++ {
		w.calm = tries > 400
		end := min(len(w.items), w.next+1+w.rnd.IntN(30))
		for {
			_, err := w.r.Deliver(w.t.Context(), w.items[w.next:end])
			if err == nil {
				w.next = end
				break
			}
			if deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
				w.fatalf("a failure that passes is reported as a permanent one: %v", err)
			}
			if w.rnd.IntN(3) == 0 {
				w.open() // dies, and the next batch may be another one
				w.next = max(0, w.next-w.rnd.IntN(40)*w.rnd.IntN(2))
				break
			}
		}
		w.disturb()
	}
	w.calm = true
	w.a.release()
	w.open()
	if _, err := w.r.Deliver(w.t.Context(), w.items); err != nil {
		w.fatalf("deliver all again: %v", err)
	}
}

func (w *world) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d: "+format, append([]any{w.seed}, args...)...)
}

// disturb does what users do.
func (w *world) disturb() {
	if w.rnd.IntN(4) > 0 {
		return
	}
	var names []string
	for name := range w.a.content() {
		names = append(names, name)
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	name := names[w.rnd.IntN(len(names))]
	switch w.rnd.IntN(4) {
	case 0, 1:
		w.foreign++
		// Sealed ones take nothing, from nobody.
		_, _ = w.a.user(name).AppendBlock(w.t.Context(), streaming.NopCloser(strings.NewReader(fmt.Sprintf("{\"id\":\"foreign-%d\",\"text\":\"%0*d\"}\n", w.foreign, w.rnd.IntN(1000), 0))), nil)
	case 2:
		_, err := w.a.user(name).Seal(w.t.Context(), nil)
		check(w.t, err)
	case 3:
		if w.deletes {
			_, err := w.a.user(name).Delete(w.t.Context(), nil)
			check(w.t, err)
		}
	}
}

// verify checks that every record is there once, and those of a folder in order;
// when users deleted, that none is there twice.
func (w *world) verify() {
	count := map[string]int{}
	for _, id := range w.a.ids() {
		count[id]++
	}
	for _, it := range w.items {
		switch n := count[it.Record.ID]; {
		case n > 1:
			w.fatalf("record %s is there %d times", it.Record.ID, n)
		case n == 0 && !w.deletes:
			w.fatalf("record %s is lost", it.Record.ID)
		}
		delete(count, it.Record.ID)
	}
	for id := range count {
		if !strings.HasPrefix(id, "foreign-") {
			w.fatalf("%s was never delivered", id)
		}
	}
	last := map[string]string{}
	content := w.a.content()
	names := make([]string, 0, len(content))
	for name := range content {
		names = append(names, name)
	}
	slices.SortFunc(names, byFolderAndNumber)
	for _, name := range names {
		folder, _ := splitName(name)
		for line := range strings.Lines(content[name]) {
			id := lineID(w.t, name, line)
			if strings.HasPrefix(id, "foreign-") {
				continue
			}
			if id <= last[folder] {
				w.fatalf("%s comes after %s in %s", id, last[folder], name)
			}
			last[folder] = id
		}
	}
}

func TestModel(t *testing.T) {
	const worlds = 15
	for _, deletes := range []bool{false, true} {
		t.Run(fmt.Sprintf("deletes=%v", deletes), func(t *testing.T) {
			for seed := range uint64(worlds) {
				w := newWorld(t, seed, deletes)
				w.run()
				w.verify()
			}
		})
	}
}
