package delivertest

import (
	"context"
	"testing"

	"reslog/bus"
	"reslog/deliver"
)

// cases is the contract.
var cases = []testCase{
	{"Order", order},
	{"NothingToDo", nothingToDo},
	{"ForceSettlesAll", forceSettlesAll},
	{"ErrorMidWay", errorMidWay},
	{"CrashBetweenCalls", crashBetweenCalls},
	{"CrashMidWay", crashMidWay},
	{"GivenUp", givenUp},
	{"Gaps", gaps},
	{"CrashAgainAndAgain", crashAgain},
	{"Cancelled", cancelled},
	{"Weird", weird},
}

// order: batches of many sizes arrive as they came.
func order(t *testing.T, f failer, h Harness) {
	d := newDriver(t, f, h, makeItems(h, 300))
	for n := 1; d.next < len(d.items); n = n*2 + 1 {
		if err := d.deliver(n); err != nil {
			f.Fatalf("deliver: %v", err)
		}
		if err := d.flush(false); err != nil {
			f.Fatalf("flush: %v", err)
		}
	}
	d.finish(1)
}

// nothingToDo: flushing what is empty is no error, nor is opening and closing.
func nothingToDo(t *testing.T, f failer, h Harness) {
	d := newDriver(t, f, h, makeItems(h, 5))
	for _, force := range []bool{false, true} {
		if err := d.flush(force); err != nil {
			f.Fatalf("flush(%v) with nothing delivered: %v", force, err)
		}
	}
	if err := d.deliver(0); err != nil {
		f.Fatalf("deliver nothing: %v", err)
	}
	d.close()
	if held := d.place.Held(t); len(held) != 0 {
		f.Fatalf("%d records are there although none was delivered", len(held))
	}
	d.crash(0)
	d.finish(5)
	d.crash(len(d.items)) // a restart with nothing new
	if err := d.flush(true); err != nil {
		f.Fatalf("flush after a restart with nothing new: %v", err)
	}
	d.close()
	d.verify()
}

// forceSettlesAll: after Flush with force all is settled and there to be read.
func forceSettlesAll(t *testing.T, f failer, h Harness) {
	d := newDriver(t, f, h, makeItems(h, 60))
	for d.next < len(d.items) {
		if err := d.deliver(20); err != nil {
			f.Fatalf("deliver: %v", err)
		}
		if err := d.flush(true); err != nil {
			f.Fatalf("flush: %v", err)
		}
		if d.settled != d.next {
			f.Fatalf("Flush with force settled %d of %d items", d.settled, d.next)
		}
		part := *d
		part.items = d.items[:d.next]
		part.verify()
	}
	d.close()
}

// errorMidWay: the place fails at its k-th operation; the worker waits and goes
// on with the same instance and the same batch.
func errorMidWay(t *testing.T, f failer, h Harness) {
	eachFailure(t, f, h, func(d *driver, _ int) { d.place.Break(-1) })
}

// crashMidWay: the place fails at its k-th operation and the process dies. The
// next one begins behind what was settled, or behind an older position.
func crashMidWay(t *testing.T, f failer, h Harness) {
	for _, behind := range []int{0, 7, 1 << 20} {
		eachFailure(t, f, h, func(d *driver, _ int) {
			d.place.Break(-1)
			d.crash(max(0, d.settled-behind))
		})
	}
}

// givenUp: the place fails at its k-th operation, and stays so until the worker
// has given up that batch and one or more behind it; the same instance gets what
// follows. What was given up may be there, in part, but not twice.
func givenUp(t *testing.T, f failer, h Harness) {
	for _, batches := range []int{1, 3} {
		eachFailure(t, f, h, func(d *driver, _ int) {
			for i := range batches {
				n := 4 + 3*i
				if d.next >= len(d.items) {
					break
				}
				if err := d.deliver(n); deliver.MustReopen(err) {
					d.crash(d.settled) // the next instance fails as well
				} else if err == nil {
					continue // it was taken without the place
				}
				d.giveUp(n)
			}
			d.place.Break(-1)
		})
	}
}

// gaps: most of the stream is others': positions are far apart, in messages and
// between them, beyond what 32 bits hold, and the distance says nothing.
func gaps(t *testing.T, f failer, h Harness) {
	items := makeItems(h, 48)
	p := bus.Position{Epoch: epoch, Seq: 1}
	for i := range items {
		switch i % 6 {
		case 0:
			p = bus.Position{Epoch: epoch, Seq: p.Seq + 1}
		case 1:
			p = bus.Position{Epoch: epoch, Seq: p.Seq + 1, Index: 1<<16 - 1}
		case 2:
			p = bus.Position{Epoch: epoch, Seq: p.Seq + 1<<32, Index: 7}
		case 3:
			p.Index += 40_000
		case 4:
			p = bus.Position{Epoch: epoch, Seq: p.Seq + 1<<20 - 1, Index: 3}
		case 5:
			p.Index++
		}
		items[i].Position = p
	}
	d := newDriver(t, f, h, items)
	for n := 1; d.next < len(items); n++ {
		if err := d.deliver(n); err != nil {
			f.Fatalf("deliver: %v", err)
		}
		if err := d.flush(n%3 == 0); err != nil {
			f.Fatalf("flush: %v", err)
		}
		if n%4 == 0 {
			d.crash(d.settled)
		}
	}
	d.finish(5)
}

// script is what the failures happen in: several batches, flushes of both kinds.
var script = []func(d *driver) error{
	func(d *driver) error { return d.deliver(10) },
	func(d *driver) error { return d.flush(false) },
	func(d *driver) error { return d.deliver(15) },
	func(d *driver) error { return d.flush(true) },
	func(d *driver) error { return d.deliver(1) },
	func(d *driver) error { return d.deliver(20) },
	func(d *driver) error { return d.flush(true) },
	func(d *driver) error { return d.deliver(4) },
}

const scriptItems = 60

// eachFailure runs the script with the place failing at its first operation, its
// second, and so on, until the script runs through; after a failure react is
// called and the rest is delivered.
func eachFailure(t *testing.T, f failer, h Harness, react func(d *driver, k int)) {
	f.Helper()
	const most = 200
	step := 1
	if h.Sparse {
		step = 3
	}
	for k := 0; k < most; k += step {
		d := newDriver(t, f, h, makeItems(h, scriptItems))
		if !d.place.Break(k) {
			d.finish(10)
			return // the place cannot fail on command
		}
		var err error
		for _, step := range script {
			if err = step(d); err != nil {
				break
			}
		}
		if err == nil { // k operations and more were not needed
			d.place.Break(-1)
			d.finish(10)
			return
		}
		react(d, k)
		if deliver.MustReopen(err) {
			d.crash(d.settled)
		}
		d.finish(11)
	}
	f.Fatalf("the script does not end within %d operations of the place", most)
}

// crashBetweenCalls: the process dies after each step of the script.
func crashBetweenCalls(t *testing.T, f failer, h Harness) {
	for steps := range len(script) + 1 {
		for _, behind := range []int{0, 3, 1 << 20} {
			d := newDriver(t, f, h, makeItems(h, scriptItems))
			for _, step := range script[:steps] {
				if err := step(d); err != nil {
					f.Fatalf("step: %v", err)
				}
			}
			d.crash(max(0, d.settled-behind))
			d.finish(9)
		}
	}
}

// crashAgain: every process dies after one batch and a forced flush whose result
// it could not save.
func crashAgain(t *testing.T, f failer, h Harness) {
	d := newDriver(t, f, h, makeItems(h, 50))
	for i := range 6 {
		before := d.settled
		if err := d.deliver(5 + i); err != nil {
			f.Fatalf("deliver: %v", err)
		}
		if err := d.flush(i%2 == 0); err != nil {
			f.Fatalf("flush: %v", err)
		}
		if i%3 == 0 {
			before = d.settled
		}
		d.crash(before)
	}
	d.finish(8)
}

// cancelled: a context that is over makes calls fail or not, loses nothing.
func cancelled(t *testing.T, f failer, h Harness) {
	d := newDriver(t, f, h, makeItems(h, 40))
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for range 2 {
		batch := d.items[d.next : d.next+10]
		p, err := d.dest.Deliver(over, batch)
		if err == nil {
			d.next += len(batch)
			d.note(p)
		} else {
			d.check(err)
		}
		if p, err = d.dest.Flush(over, true); err == nil {
			d.note(p)
		} else {
			d.check(err)
		}
		if deliver.MustReopen(err) {
			d.crash(d.settled)
		}
		if err := d.deliver(5); deliver.MustReopen(err) {
			d.crash(d.settled)
		}
	}
	d.finish(10)
}

// weird: what clients put into records arrives.
func weird(t *testing.T, f failer, h Harness) {
	items := itemsOf(h.Weird)
	if len(items) == 0 {
		f.Fatalf("the harness has no weird records")
	}
	d := newDriver(t, f, h, items)
	d.finish(len(items))
	for i := range items {
		d := newDriver(t, f, h, items[i:i+1])
		if err := d.deliver(1); err != nil {
			f.Fatalf("deliver record %s: %v", items[i].Record.ID, err)
		}
		d.crash(0)
		d.finish(1)
	}
}
