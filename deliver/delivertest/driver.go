package delivertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
)

// epoch is the stream that the suite's positions are of.
const epoch = 0x5eed

// start is the end time of the suite's first records: close before a full hour,
// so that an hour ends on the way.
var start = time.Date(2026, 3, 1, 9, 59, 59, 0, time.UTC)

// makeItems returns n records at positions as they occur: some records to a
// message, and gaps where others' records are.
func makeItems(h Harness, n int) []deliver.Item {
	items := make([]deliver.Item, 0, n)
	p := bus.Position{Epoch: epoch, Seq: 3}
	for i := range n {
		p.Index += uint32(1 + i%3)
		if i%7 == 6 {
			p = bus.Position{Epoch: epoch, Seq: p.Seq + 1 + uint64(i%5)}
		}
		// Ends are nearly in order, as they are on a stream of many requests.
		ended := start.Add(time.Duration(i)*50*time.Millisecond - time.Duration(i%4)*3*time.Millisecond)
		items = append(items, deliver.Item{Position: p, Record: h.Record(i, fmt.Sprintf("00000000-0000-4000-8000-%012d", i), ended)})
	}
	return items
}

func itemsOf(recs []record.Record) []deliver.Item {
	items := make([]deliver.Item, 0, len(recs))
	for i, r := range recs {
		items = append(items, deliver.Item{Position: bus.Position{Epoch: epoch, Seq: uint64(i + 1)}, Record: r})
	}
	return items
}

// driver does what a worker does, and checks what it is told.
type driver struct {
	t     *testing.T
	f     failer
	h     Harness
	place Place
	dest  deliver.Destination
	items []deliver.Item

	next    int          // of items, to hand over
	settled int          // items that were reported settled
	gone    map[int]bool // items that were given up: they may be there or not
}

func newDriver(t *testing.T, f failer, h Harness, items []deliver.Item) *driver {
	d := &driver{t: t, f: f, h: h, place: h.New(t), items: items, gone: make(map[int]bool)}
	d.dest = d.place.Open(t)
	t.Cleanup(func() { d.place.Break(-1) })
	return d
}

// crash leaves the instance as a dead process would, and opens another that is
// given everything after the first `from` items again.
func (d *driver) crash(from int) {
	d.dest = d.place.Open(d.t)
	d.next, d.settled = from, from
}

// note takes a settled position.
func (d *driver) note(p bus.Position) {
	d.f.Helper()
	if p.IsZero() {
		return
	}
	n := 0
	for n < len(d.items) && !d.items[n].Position.After(p) {
		n++
	}
	switch {
	case p.Epoch != epoch:
		d.f.Fatalf("settled position %v is of another stream", p)
	case n > d.next:
		d.f.Fatalf("settled through item %d, handed over are %d", n, d.next)
	case n > 0 && d.items[n-1].Position != p:
		d.f.Errorf("settled position %v was never handed over", p)
	}
	d.settled = max(d.settled, n)
}

// batch returns the next n items, without those that were given up, and where
// what follows them begins.
func (d *driver) batch(n int) (batch []deliver.Item, next int) {
	for next = d.next; next < len(d.items) && (len(batch) < n || d.gone[next]); next++ {
		if !d.gone[next] {
			batch = append(batch, d.items[next])
		}
	}
	return batch, next
}

// deliver hands the next n items over once.
func (d *driver) deliver(n int) error {
	d.f.Helper()
	batch, next := d.batch(n)
	p, err := d.dest.Deliver(d.t.Context(), batch)
	if err != nil {
		d.check(err)
		return err
	}
	d.next = next
	d.note(p)
	return nil
}

// giveUp goes on behind the next n items, which were handed over in vain.
func (d *driver) giveUp(n int) {
	for _, next := d.batch(n); d.next < next; d.next++ {
		d.gone[d.next] = true
	}
}

// due returns how many items must be settled in the end.
func (d *driver) due() int {
	n := len(d.items)
	for n > 0 && d.gone[n-1] {
		n--
	}
	return n
}

func (d *driver) flush(force bool) error {
	d.f.Helper()
	p, err := d.dest.Flush(d.t.Context(), force)
	if err != nil {
		d.check(err)
		return err
	}
	d.note(p)
	return nil
}

// check refuses the errors that a failing place must not lead to.
func (d *driver) check(err error) {
	d.f.Helper()
	if deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
		d.f.Fatalf("a failure that passes is reported as a permanent one: %v", err)
	}
}

// finish delivers what is left, in batches of n, as a patient worker does, and
// checks what the place holds.
func (d *driver) finish(n int) {
	d.f.Helper()
	due := d.due()
	for failures := 0; d.next < due || d.settled < due; {
		var err error
		if d.next < due {
			err = d.deliver(n)
		} else {
			err = d.flush(true)
			if err == nil && d.settled < due {
				d.f.Fatalf("Flush with force settled %d of %d items", d.settled, due)
			}
		}
		if err == nil {
			continue
		}
		if failures++; failures > 10 {
			d.f.Fatalf("still failing: %v", err)
		}
		if deliver.MustReopen(err) {
			d.close()
			d.crash(d.settled)
		}
	}
	d.close()
	d.verify()
}

func (d *driver) close() {
	d.f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := d.dest.Close(ctx); err != nil {
		d.f.Errorf("close: %v", err)
	}
}

// verify compares what the place holds with what was delivered.
func (d *driver) verify() {
	d.f.Helper()
	held := d.place.Held(d.t)
	count := make(map[string]int, len(held))
	for _, id := range held {
		count[id]++
	}
	var lost, twice, there []string
	for i, it := range d.items {
		n := count[it.Record.ID]
		switch {
		case n == 0 && !d.gone[i]:
			lost = append(lost, it.Record.ID)
		case n > 1 && !d.h.AtLeastOnce:
			twice = append(twice, it.Record.ID)
		}
		if n > 0 {
			there = append(there, it.Record.ID)
		}
		delete(count, it.Record.ID)
	}
	switch {
	case len(lost) > 0:
		d.f.Fatalf("%d of %d records are lost, the first is %s", len(lost), len(d.items), lost[0])
	case len(twice) > 0:
		d.f.Fatalf("%d of %d records are there more than once, the first is %s", len(twice), len(d.items), twice[0])
	case len(count) > 0:
		d.f.Fatalf("%d records are there that were never delivered", len(count))
	}
	if d.h.Unordered || d.h.AtLeastOnce {
		return
	}
	for i, id := range there {
		if held[i] != id {
			d.f.Fatalf("record %d is %s, want %s: the order is lost", i, held[i], id)
		}
	}
}
