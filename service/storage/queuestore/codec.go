package queuestore

import (
	"encoding/binary"
	"fmt"
	"strings"

	"reslog/service/storage/disk"
)

// version begins all records.
const version = 1

// slot is what a dequeue changes of a message.
type slot struct {
	// nonce is what makes a receipt: a new one whenever the slot moves.
	nonce   [8]byte
	expires uint64
	// ready says that the message was visible when it came to its place, whatever
	// a clock says that was set back since.
	ready    bool
	dequeues uint64
	size     uint64 // of the text
	revision uint64 // how often the text was replaced
}

const maxSlot = 1 + 1 + 8 + 8 + 3*binary.MaxVarintLen64

// appendSlot writes: version, ready, nonce, expires (fixed), dequeues, size,
// revision.
func appendSlot(b []byte, s *slot) []byte {
	b = append(b, version, 0)
	if s.ready {
		b[len(b)-1] = 1
	}
	b = append(b, s.nonce[:]...)
	b = binary.BigEndian.AppendUint64(b, s.expires)
	b = binary.AppendUvarint(b, s.dequeues)
	b = binary.AppendUvarint(b, s.size)
	return binary.AppendUvarint(b, s.revision)
}

func decodeSlot(v []byte) (s slot, err error) {
	d := disk.Decode(disk.View(v))
	d.Version(version)
	s.ready = d.Byte() == 1
	copy(s.nonce[:], d.Bytes(8))
	s.expires = d.Fixed64()
	s.dequeues, s.size, s.revision = d.Uint(), d.Uint(), d.Uint()
	if err := d.End(); err != nil {
		return slot{}, fmt.Errorf("slot: %w", err)
	}
	return s, nil
}

// body is what stays where it is when a message moves.
type body struct {
	inserted, expires uint64
	revision          uint64
	text              string
}

const maxBodyHead = 1 + 8 + 8 + binary.MaxVarintLen64

// appendBodyHead writes all but the text, which ends a body: version, inserted
// and expires (fixed), revision.
func appendBodyHead(b []byte, m *body) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, m.inserted)
	b = binary.BigEndian.AppendUint64(b, m.expires)
	return binary.AppendUvarint(b, m.revision)
}

func decodeBody(v []byte) (*body, error) {
	d := disk.Decode(disk.View(v))
	d.Version(version)
	m := &body{inserted: d.Fixed64(), expires: d.Fixed64(), revision: d.Uint()}
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	m.text = strings.Clone(d.Rest())
	return m, nil
}

// totals are what a queue has, and the latest place of a message that was
// visible when it came there.
type totals struct {
	messages, bytes int64
	order           uint64
}

const totalsLen = 3 * 8

func (t totals) encode() (b [totalsLen]byte) {
	binary.BigEndian.PutUint64(b[:], uint64(t.messages))
	binary.BigEndian.PutUint64(b[8:], uint64(t.bytes))
	binary.BigEndian.PutUint64(b[16:], t.order)
	return b
}

func decodeTotals(v []byte) (totals, error) {
	if len(v) != totalsLen {
		return totals{}, fmt.Errorf("totals: %w", disk.ErrDamaged)
	}
	return totals{
		messages: int64(binary.BigEndian.Uint64(v)),
		bytes:    int64(binary.BigEndian.Uint64(v[8:])),
		order:    binary.BigEndian.Uint64(v[16:]),
	}, nil
}

// record is a queue with its id.
type record struct {
	id uint64
	q  Queue
}

// encode writes all but the name, which is in the key.
func (r *record) encode() []byte {
	e := make(disk.Enc, 0, 256)
	e.Byte(version)
	e.Fixed64(r.id)
	e.Fixed64(disk.Ticks(r.q.Created))
	e.Uint(uint64(len(r.q.Metadata)))
	for _, p := range r.q.Metadata {
		e.Strings(p.Name, p.Value)
	}
	e.Uint(uint64(len(r.q.Policies)))
	for _, p := range r.q.Policies {
		e.Strings(p.ID, p.Start, p.Expiry, p.Permission)
	}
	return e
}

func decodeRecord(v []byte, name string) (*record, error) {
	d := disk.Decode(string(v))
	d.Version(version)
	r := &record{id: d.Fixed64(), q: Queue{Name: name, Created: disk.Time(d.Ticks())}}
	if n := d.Count(2); n > 0 {
		r.q.Metadata = make(Metadata, n)
	}
	for i := range r.q.Metadata {
		r.q.Metadata[i] = Pair{d.String(), d.String()}
	}
	if n := d.Count(4); n > 0 {
		r.q.Policies = make([]Policy, n)
	}
	for i := range r.q.Policies {
		r.q.Policies[i] = Policy{d.String(), d.String(), d.String(), d.String()}
	}
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("queue %s: %w", name, err)
	}
	return r, nil
}
