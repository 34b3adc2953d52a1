package delivertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"reslog/bus"
	"reslog/deliver"
)

// faults are the ways in which the destination under test breaks the contract.
type faults struct {
	forgets    bool // what it holds is not looked at when it is opened: duplicates
	early      bool // settles what it has only in memory: loss
	reorders   bool // writes the last of a batch first
	lazy       bool // does not settle when forced
	boasts     bool // settles beyond what it was given
	marksFirst bool // takes a failed batch for delivered when it comes again: loss
	permanent  bool // calls a passing failure permanent
}

// memory is a place in memory: blocks of records, each written whole.
type memory struct {
	mu     sync.Mutex
	faults faults
	kept   []deliver.Item
	left   int // operations until it fails; negative: it does not
}

func (m *memory) Open(*testing.T) deliver.Destination {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := &memoryDestination{place: m}
	if len(m.kept) > 0 && !m.faults.forgets {
		d.taken = m.kept[len(m.kept)-1].Position
	}
	return d
}

func (m *memory) Held(*testing.T) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for _, it := range m.kept {
		ids = append(ids, it.Record.ID)
	}
	return ids
}

func (m *memory) Break(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = n
	if n < 0 {
		m.left = -1
	}
	return true
}

// write keeps items, or fails: before or after it has kept them.
func (m *memory) write(items []deliver.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 {
		return errors.New("broken")
	}
	m.kept = append(m.kept, items...)
	if m.left > 0 {
		if m.left--; m.left == 0 {
			return errors.New("broken, the answer is lost")
		}
	}
	return nil
}

// memoryDestination buffers up to 12 records before it writes them.
type memoryDestination struct {
	place  *memory
	taken  bus.Position // last record written or buffered
	buffer []deliver.Item
}

func (d *memoryDestination) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if err := ctx.Err(); err != nil {
		return bus.Position{}, err
	}
	for _, it := range batch {
		if d.taken.IsZero() || it.Position.After(d.taken) {
			d.buffer = append(d.buffer, it)
			d.taken = it.Position
		}
	}
	if d.place.faults.early && len(batch) > 0 {
		return batch[len(batch)-1].Position, nil
	}
	if d.place.faults.boasts && len(batch) > 0 {
		p := batch[len(batch)-1].Position
		p.Seq += 50
		return p, nil
	}
	if len(d.buffer) < 12 {
		return bus.Position{}, nil
	}
	return d.flush()
}

func (d *memoryDestination) Flush(ctx context.Context, force bool) (bus.Position, error) {
	if !force || d.place.faults.lazy {
		return bus.Position{}, ctx.Err()
	}
	return d.flush()
}

func (d *memoryDestination) flush() (bus.Position, error) {
	out := append([]deliver.Item(nil), d.buffer...)
	if n := len(out); d.place.faults.reorders && n > 1 {
		out[0], out[n-1] = out[n-1], out[0]
	}
	if d.place.faults.marksFirst {
		d.buffer = nil
	}
	if len(out) > 0 {
		if err := d.place.write(out); err != nil {
			if d.place.faults.permanent {
				return bus.Position{}, deliver.Permanent(err)
			}
			if d.place.faults.marksFirst {
				return bus.Position{}, err
			}
			// Whether it was written is not known: look.
			return bus.Position{}, deliver.Reopen(err)
		}
	}
	d.buffer = nil
	return d.taken, nil
}

func (d *memoryDestination) Close(context.Context) error { return nil }

func harness(f faults) Harness {
	return Harness{New: func(*testing.T) Place { return &memory{faults: f, left: -1} }}
}

func TestSuitePassesACorrectDestination(t *testing.T) {
	Run(t, harness(faults{}))
}

func TestSuitePassesDuplicatesAtLeastOnce(t *testing.T) {
	h := harness(faults{forgets: true})
	h.AtLeastOnce = true
	Run(t, h)
}

func TestSuiteCatches(t *testing.T) {
	for name, f := range map[string]struct {
		faults faults
		says   string
	}{
		"duplicates":       {faults{forgets: true}, "more than once"},
		"loss":             {faults{early: true}, "lost"},
		"reordering":       {faults{reorders: true}, "order is lost"},
		"unforced":         {faults{lazy: true}, "with force"},
		"boasting":         {faults{boasts: true}, "handed over are"},
		"half a batch":     {faults{marksFirst: true}, "lost"},
		"false permanence": {faults{permanent: true}, "permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			var said []string
			for _, c := range cases {
				r := &recorder{}
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.run(t, r, harness(f.faults).withDefaults())
				}()
				<-done
				said = append(said, r.messages...)
			}
			if !strings.Contains(strings.Join(said, "\n"), f.says) {
				t.Errorf("the suite does not say %q, but:\n%s", f.says, strings.Join(said, "\n"))
			}
		})
	}
}

// recorder is a failer that notes failures.
type recorder struct{ messages []string }

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
