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
	tallies    bool // skips as many records of the next batch as it wrote of a failed one
	stubborn   bool // takes no other batch than the one that failed
	resends    bool // writes what it wrote of a failed batch again, with the next one
	narrow     bool // compares half of a position

	halves bool // no fault: writes each batch in two halves, without a buffer
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

// writeWhole is write that tells, when it fails, whether items were kept.
func (m *memory) writeWhole(items []deliver.Item) (kept bool, err error) {
	m.mu.Lock()
	before := len(m.kept)
	m.mu.Unlock()
	err = m.write(items)
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.kept) > before, err
}

// memoryDestination buffers up to 12 records before it writes them.
type memoryDestination struct {
	place  *memory
	taken  bus.Position // last record written or buffered
	buffer []deliver.Item

	// What inHalves remembers: the batch that failed, and how many records of it
	// it wrote.
	failed []deliver.Item
	wrote  int
}

func (d *memoryDestination) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if err := ctx.Err(); err != nil {
		return bus.Position{}, err
	}
	if f := d.place.faults; f.halves || f.tallies || f.stubborn || f.resends {
		return d.inHalves(batch)
	}
	for _, it := range batch {
		if d.taken.IsZero() || d.after(it.Position, d.taken) {
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

func (d *memoryDestination) after(p, q bus.Position) bool {
	if d.place.faults.narrow {
		p.Seq, q.Seq = uint64(uint32(p.Seq)), uint64(uint32(q.Seq))
	}
	return p.After(q)
}

// inHalves is what a destination does that writes a batch in two halves, and
// relies on getting it again, from its first record on, after an error.
func (d *memoryDestination) inHalves(batch []deliver.Item) (bus.Position, error) {
	if len(batch) == 0 {
		return bus.Position{}, nil
	}
	faults, settled := &d.place.faults, batch[len(batch)-1].Position
	same := len(d.failed) == 0 || d.failed[0].Position == batch[0].Position
	if faults.stubborn && !same {
		return bus.Position{}, errors.New("this is another batch")
	}
	skip := d.wrote
	if !faults.tallies || d.wrote == 0 {
		for skip = 0; skip < len(batch) && !batch[skip].Position.After(d.taken) && !d.taken.IsZero(); {
			skip++
		}
	}
	skip = min(skip, len(batch))
	if faults.resends && !same && d.wrote > 0 {
		batch, skip = append(d.failed[:d.wrote:d.wrote], batch[skip:]...), 0
		d.wrote = 0
	}
	for done := skip; done < len(batch); {
		half := batch[done:min(len(batch), done+(len(batch)+1)/2)]
		kept, err := d.place.writeWhole(half)
		if kept { // it finds out, when the answer is lost
			done += len(half)
			d.taken = half[len(half)-1].Position
		}
		if err != nil {
			d.failed, d.wrote = batch, done
			return bus.Position{}, err
		}
	}
	d.failed, d.wrote = nil, max(0, d.wrote-len(batch))
	return settled, nil
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
	Run(t, harness(faults{halves: true}))
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
		// What only shows when a batch is given up, or positions are far apart.
		"counting":     {faults{tallies: true}, "lost"},
		"stubbornness": {faults{stubborn: true}, "this is another batch"},
		"resending":    {faults{resends: true}, "more than once"},
		"half a place": {faults{narrow: true}, "lost"},
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
