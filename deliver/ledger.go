package deliver

import (
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// LedgerEntry is the account of one setting's records at one destination.
type LedgerEntry struct {
	Setting  string                     `json:"setting"`
	Resource string                     `json:"resource"`
	Kind     diagnostic.DestinationKind `json:"kind"`
	Target   string                     `json:"target"`
	// Since is when the worker first ran; the counters below count from then
	// on, across restarts.
	Since time.Time `json:"since"`
	// Accepted counts records read for the setting; Delivered those settled at
	// the destination. Those on their way are the difference to
	// Delivered, DeadLettered and Dropped.
	Accepted  uint64 `json:"accepted"`
	Delivered uint64 `json:"delivered"`
	Bytes     uint64 `json:"bytes"` // of the lines of delivered records
	// Retried counts records that were handed over again after an error.
	Retried      uint64 `json:"retried"`
	DeadLettered uint64 `json:"deadLettered"`
	// Dropped counts records that left the stream by its limits before they
	// were read, records that could not even become dead letters, and those
	// left when a setting was removed whose destination did not answer. Of the
	// first the stream knows only how many there were, not whose: they are
	// counted by every worker that missed them.
	Dropped uint64 `json:"dropped"`
	// LagRecords is how many records of the stream, of whatever setting, lie
	// behind the settled position; LagSeconds is for how long the oldest record
	// that was accepted has not been settled.
	LagRecords  uint64    `json:"lagRecords"`
	LagSeconds  float64   `json:"lagSeconds"`
	LastError   string    `json:"lastError,omitempty"`
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	State       State     `json:"state"`
}

// State is what a worker is doing.
type State string

// States of a worker.
const (
	Starting State = "starting" // waits for its predecessor or opens its destination
	Running  State = "running"
	Retrying State = "retrying" // the destination failed; it waits to try again
	Stopped  State = "stopped"
)

// counts is the part of the ledger that is stored with the cursor. It counts
// what is settled; what is on its way is read again after a restart.
type counts struct {
	Delivered    uint64 `json:"delivered"`
	Bytes        uint64 `json:"bytes"`
	Retried      uint64 `json:"retried"`
	DeadLettered uint64 `json:"deadLettered"`
	Dropped      uint64 `json:"dropped"`
	Lost         uint64 `json:"lost"` // of Dropped, those that were accepted
}

// accepted returns how many of the records that are done with were accepted.
func (c *counts) accepted() uint64 { return c.Delivered + c.DeadLettered + c.Lost }

// unsettled are the records that were handed over and are not settled, by the
// message they came in.
type unsettled struct {
	messages []unsettledMessage
	records  int
	dead     int // of records
	lost     int // of records
	expected int // records that are about to be added
}

type unsettledMessage struct {
	seq   uint64
	base  uint64 // Number of the message's record 0, less one
	since time.Time
	items []unsettledItem
}

type unsettledItem struct {
	index uint32
	bytes uint32 // of its line, or one of the values below
}

// What became of a record that the destination will not settle.
const (
	deadItem = ^uint32(0) - iota // it is a dead letter
	lostItem                     // not even that
)

// expect says that up to n records are about to be added, so that there is room
// for them at once.
func (u *unsettled) expect(n int) { u.expected = n }

// add notes a record that is about to be handed over.
func (u *unsettled) add(e *bus.Entry, now time.Time) {
	n := len(u.messages)
	if n == 0 || u.messages[n-1].seq != e.Position.Seq {
		u.messages = append(u.messages, unsettledMessage{
			seq: e.Position.Seq, base: e.Number - 1 - uint64(e.Position.Index), since: now,
			items: make([]unsettledItem, 0, max(u.expected, 1)),
		})
		n++
	}
	m := &u.messages[n-1]
	m.items = append(m.items, unsettledItem{index: e.Position.Index, bytes: uint32(len(e.Record.Line))})
	u.records++
}

// kill marks the record at p with its fate, deadItem or lostItem.
func (u *unsettled) kill(p bus.Position, fate uint32) {
	for i := len(u.messages) - 1; i >= 0; i-- {
		m := &u.messages[i]
		if m.seq != p.Seq {
			continue
		}
		for j := range m.items {
			it := &m.items[j]
			if it.index != p.Index || it.bytes >= lostItem {
				continue
			}
			it.bytes = fate
			if fate == deadItem {
				u.dead++
			} else {
				u.lost++
			}
		}
		return
	}
}

// settle removes the records through p, and those that follow and were killed,
// and adds them to c. It returns the mark that is settled by it, and false when nothing
// changed.
func (u *unsettled) settle(p bus.Position, c *counts) (mark bus.Mark, moved bool) {
	for len(u.messages) > 0 {
		m := &u.messages[0]
		n := 0
		for n < len(m.items) {
			it := m.items[n]
			through := m.seq < p.Seq || m.seq == p.Seq && it.index <= p.Index
			if !through && it.bytes < lostItem {
				break
			}
			switch it.bytes {
			case deadItem:
				c.DeadLettered++
				u.dead--
			case lostItem:
				c.Dropped++
				c.Lost++
				u.lost--
			default:
				c.Delivered++
				c.Bytes += uint64(it.bytes)
			}
			mark = bus.Mark{
				Position: bus.Position{Epoch: p.Epoch, Seq: m.seq, Index: it.index},
				Number:   m.base + uint64(it.index) + 1,
			}
			moved = true
			u.records--
			n++
		}
		m.items = m.items[n:]
		if len(m.items) > 0 {
			break
		}
		u.messages = u.messages[1:]
	}
	return mark, moved
}

// oldest returns when the first record that is not settled was accepted.
func (u *unsettled) oldest() (time.Time, bool) {
	if len(u.messages) == 0 {
		return time.Time{}, false
	}
	return u.messages[0].since, true
}
