package eventhub

import (
	"fmt"

	"reslog/bus"
	"reslog/deliver"
)

// The wrapping of the records of a message.
const (
	head = `{"records":[`
	tail = `]}`
	wrap = len(head) + len(tail)
)

// message is one message of a batch.
type message struct {
	hub         *hub
	value       []byte
	size        int // of value if nothing of it had been acknowledged before
	epoch, seq  uint64
	first, last bus.Position // of the records in value
	err         error        // why it was not acknowledged
}

// full reports whether a record at p with n bytes has to begin another message.
func (m *message) full(p bus.Position, n int) bool {
	return p.Epoch != m.epoch || p.Seq != m.seq || m.size+1+n > m.hub.limit
}

// empty reports whether all of the message was acknowledged before.
func (m *message) empty() bool { return len(m.value) == 0 }

func (m *message) add(p bus.Position, line []byte) {
	if len(m.value) == 0 {
		m.value = append(m.value, head...)
		m.first = p
	} else {
		m.value = append(m.value, ',')
	}
	m.value = append(m.value, line...)
	m.last = p
}

// appendID appends the id of a message: epoch, sequence, and the index of the
// first and the last record, in hexadecimal of fixed width.
func (m *message) appendID(dst []byte) []byte {
	return fmt.Appendf(dst, "%016x-%016x-%08x-%08x", m.epoch, m.seq, m.first.Index, m.last.Index)
}

// pack makes the messages of a batch, into d.msgs; d.of says which one holds a
// record. An error rejects records.
//
// Where a message ends depends on its records alone, and on those that were
// acknowledged before, too: they are left out, but count.
func (d *Destination) pack(batch []deliver.Item) error {
	d.pass++
	d.msgs, d.of = d.msgs[:0], d.of[:0]
	var refused refusals
	for i := range batch {
		it := &batch[i]
		line := it.Record.Line
		h, err := d.hubFor(it.Record.Category)
		if err == nil {
			err = fits(line, h)
		}
		if err != nil {
			refused.add(it.Position, fmt.Errorf("record %s: %w", it.Record.ID, err))
			d.of = append(d.of, none)
			continue
		}
		m := d.messageFor(h, it.Position, len(line))
		d.of = append(d.of, h.open)
		if _, done := d.acked[it.Position]; !done {
			m.add(it.Position, line)
		}
	}
	for i := range d.msgs {
		if m := &d.msgs[i]; !m.empty() {
			m.value = append(m.value, tail...)
		}
	}
	return refused.err()
}

// none is the message of a record that is in no message.
const none = -1

// fits reports what keeps a record from being part of any message to h.
func fits(line []byte, h *hub) error {
	switch n := len(line); {
	case n < 2 || line[0] != '{' || line[n-1] != '}':
		return fmt.Errorf("its line is no JSON object, and would spoil the message")
	case n+wrap > h.limit:
		return fmt.Errorf("it has %d bytes, a message to hub %q at most %d: raise MaxMessage if the hub takes more", n, h.name, h.limit-wrap)
	}
	return nil
}

// messageFor returns the message that the next record of h, with n bytes, is part of.
func (d *Destination) messageFor(h *hub, p bus.Position, n int) *message {
	if h.pass == d.pass && !d.msgs[h.open].full(p, n) {
		m := &d.msgs[h.open]
		m.size += 1 + n
		return m
	}
	h.open, h.pass = len(d.msgs), d.pass
	if len(d.msgs) < cap(d.msgs) {
		d.msgs = d.msgs[:len(d.msgs)+1]
	} else {
		d.msgs = append(d.msgs, message{})
	}
	m := &d.msgs[h.open]
	*m = message{hub: h, value: m.value[:0], size: wrap + n, epoch: p.Epoch, seq: p.Seq}
	return m
}

// recycle keeps the memory of messages for the next batch, within bounds.
func (d *Destination) recycle() {
	total := 0
	all := d.msgs[:cap(d.msgs)]
	for i := range all {
		total += cap(all[i].value)
	}
	if total > keepMemory || len(all) > keepMessages {
		d.msgs = nil
	}
}

// What an idle Destination keeps of memory.
const (
	keepMemory   = 4 << 20
	keepMessages = 1024
)

// refusals are records that can never be taken, with the reason of the first.
type refusals struct {
	first     error
	positions []bus.Position
}

func (r *refusals) add(p bus.Position, err error) {
	if r.first == nil {
		r.first = err
	}
	r.positions = append(r.positions, p)
}

func (r *refusals) err() error {
	if r.first == nil {
		return nil
	}
	return deliver.Reject(r.first, r.positions...)
}
