package deliver

import (
	"time"

	"reslog/bus"
)

// unsettled are the records that were handed over and are not settled, by the
// message they came in, with those among them that the destination will never
// settle.
type unsettled struct {
	messages []unsettledMessage
	records  int
	gone     gone // of records
}

// unsettledMessage are records of one message; or, folded, the sum of those of
// one message or many that all are gone.
type unsettledMessage struct {
	seq   uint64
	base  uint64 // Number of the message's record 0, less one
	since time.Time
	items []unsettledItem
	gone  gone   // when folded; there are no items then
	last  uint32 // index of the last record, when folded
}

type unsettledItem struct {
	index uint32
	bytes uint32 // of its line, or its fate
}

// gone counts records that the destination will not settle, by their fate.
type gone struct{ dead, lost, shed int }

func (g gone) sum() int { return g.dead + g.lost + g.shed }

func (g *gone) add(fate uint32, n int) {
	switch fate {
	case deadItem:
		g.dead += n
	case lostItem:
		g.lost += n
	case shedItem:
		g.shed += n
	}
}

func (g *gone) plus(o gone, sign int) {
	g.dead += sign * o.dead
	g.lost += sign * o.lost
	g.shed += sign * o.shed
}

// Fates of records that are gone.
const (
	deadItem  = ^uint32(0) - iota // it is a dead letter
	lostItem                      // not even that
	shedItem                      // the backlog was over its bounds
	firstFate = shedItem
)

func (m *unsettledMessage) folded() bool { return m.gone != gone{} }

// add notes records of one message that are about to be handed over, given its
// base and when it was stored.
func (u *unsettled) add(items []Item, base uint64, since time.Time) {
	seq := items[0].Position.Seq
	n := len(u.messages)
	if n == 0 || u.messages[n-1].seq != seq || u.messages[n-1].folded() {
		u.messages = append(u.messages, unsettledMessage{
			seq: seq, base: base, since: since, items: make([]unsettledItem, 0, len(items)),
		})
		n++
	}
	m := &u.messages[n-1]
	for i := range items {
		bytes := min(uint32(len(items[i].Record.Line)), firstFate-1)
		m.items = append(m.items, unsettledItem{index: items[i].Position.Index, bytes: bytes})
	}
	u.records += len(items)
}

// kill gives records, in order, their fate, unless they have one.
func (u *unsettled) kill(items []Item, fate uint32) {
	if len(items) == 0 {
		return
	}
	first := len(u.messages)
	for first > 0 && u.messages[first-1].seq >= items[0].Position.Seq {
		first--
	}
	for i := first; i < len(u.messages); i++ {
		m := &u.messages[i]
		for j := range m.items {
			it := &m.items[j]
			for len(items) > 0 && before(items[0].Position, m.seq, it.index) {
				items = items[1:]
			}
			if len(items) == 0 {
				break
			}
			if p := items[0].Position; p.Seq == m.seq && p.Index == it.index && it.bytes < firstFate {
				it.bytes = fate
				u.gone.add(fate, 1)
			}
		}
	}
	u.fold(first)
}

func before(p bus.Position, seq uint64, index uint32) bool {
	return p.Seq < seq || p.Seq == seq && p.Index < index
}

// fold makes one of the messages from the first on that are gone altogether:
// while a destination keeps something unsettled any number may go behind it.
func (u *unsettled) fold(first int) {
	out := u.messages[:first]
	for _, m := range u.messages[first:] {
		if !m.folded() {
			m.sumUp()
		}
		if n := len(out); m.folded() && n > 0 && out[n-1].folded() {
			prev := &out[n-1]
			prev.seq, prev.base, prev.last = m.seq, m.base, m.last
			prev.gone.plus(m.gone, 1)
			continue
		}
		out = append(out, m)
	}
	clear(u.messages[len(out):])
	u.messages = out
}

// sumUp folds a message if all of it is gone.
func (m *unsettledMessage) sumUp() {
	var g gone
	for _, it := range m.items {
		if it.bytes < firstFate {
			return
		}
		g.add(it.bytes, 1)
	}
	m.gone, m.last, m.items = g, m.items[len(m.items)-1].index, nil
}

// mark returns the mark of the message's record at index.
func (m *unsettledMessage) mark(index uint32) bus.Mark {
	return bus.Mark{
		Position: bus.Position{Seq: m.seq, Index: index},
		Number:   m.base + uint64(index) + 1,
	}
}

// settle removes the records through p, and those that follow and are gone, and
// adds them to c. It returns the mark that is settled by it, and false when
// nothing changed.
func (u *unsettled) settle(p bus.Position, c *counts) (mark bus.Mark, moved bool) {
	var done gone
	for len(u.messages) > 0 {
		m := &u.messages[0]
		if m.folded() {
			done.plus(m.gone, 1)
			mark, moved = m.mark(m.last), true
			u.messages = u.messages[1:]
			continue
		}
		n := 0
		for n < len(m.items) {
			it := m.items[n]
			through := m.seq < p.Seq || m.seq == p.Seq && it.index <= p.Index
			if !through && it.bytes < firstFate {
				break
			}
			if it.bytes < firstFate {
				c.Delivered++
				c.Bytes += uint64(it.bytes)
				u.records--
			} else {
				done.add(it.bytes, 1)
			}
			mark, moved = m.mark(it.index), true
			n++
		}
		m.items = m.items[n:]
		if len(m.items) > 0 {
			break
		}
		u.messages = u.messages[1:]
	}
	u.records -= done.sum()
	u.gone.plus(done, -1)
	c.DeadLettered += uint64(done.dead)
	c.Dropped += uint64(done.lost + done.shed)
	c.Lost += uint64(done.lost + done.shed)
	c.Shed += uint64(done.shed)
	mark.Epoch = p.Epoch
	return mark, moved
}

// oldest returns when the first record that is not settled was stored.
func (u *unsettled) oldest() (t time.Time, ok bool) {
	if len(u.messages) == 0 {
		return time.Time{}, false
	}
	return u.messages[0].since, true
}
