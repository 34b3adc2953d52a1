package connections

import "reslog/service/redis/event"

// debt is an event that Out refused, or was not asked to take.
type debt struct {
	seq   uint64
	event event.Event
	tries int
}

// debts are the events that Out is still to take, in order. Those of a connection
// that has one wait behind it. The Book's lock guards it.
type debts struct {
	list []debt
	of   map[key]int
}

func (d *debts) has(k key) bool { return len(d.of) > 0 && d.of[k] > 0 }

// add adds an event unless there are limit already.
func (d *debts) add(seq uint64, e *event.Event, limit int) bool {
	if len(d.list) >= limit {
		return false
	}
	if d.of == nil {
		d.of = make(map[key]int)
	}
	d.list = append(d.list, debt{seq: seq, event: *e})
	d.of[keyOf(e)]++
	return true
}

// pay takes the first off.
func (d *debts) pay() {
	k := keyOf(&d.list[0].event)
	if d.of[k]--; d.of[k] == 0 {
		delete(d.of, k)
	}
	d.list[0] = debt{}
	if d.list = d.list[1:]; len(d.list) == 0 {
		d.list = nil
	}
}
