package queuestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Records begin with their version. Numbers are uvarints unless they say fixed;
// a string is its length and bytes.
const version = 1

var errDamaged = errors.New("record is damaged")

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
	d := decoder{rest: v}
	d.version()
	s.ready = d.byte() == 1
	copy(s.nonce[:], d.bytes(8))
	s.expires = d.fixed()
	s.dequeues, s.size, s.revision = d.uint(), d.uint(), d.uint()
	if err := d.end(); err != nil {
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
	d := decoder{rest: v}
	d.version()
	m := &body{inserted: d.fixed(), expires: d.fixed(), revision: d.uint()}
	if d.err != nil {
		return nil, fmt.Errorf("message: %w", d.err)
	}
	m.text = string(d.rest)
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
		return totals{}, fmt.Errorf("totals: %w", errDamaged)
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
	b := make([]byte, 0, 256)
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, r.id)
	b = binary.BigEndian.AppendUint64(b, ticks(r.q.Created))
	b = binary.AppendUvarint(b, uint64(len(r.q.Metadata)))
	for _, p := range r.q.Metadata {
		b = appendStrings(b, p.Name, p.Value)
	}
	b = binary.AppendUvarint(b, uint64(len(r.q.Policies)))
	for _, p := range r.q.Policies {
		b = appendStrings(b, p.ID, p.Start, p.Expiry, p.Permission)
	}
	return b
}

func appendStrings(b []byte, list ...string) []byte {
	for _, s := range list {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

func decodeRecord(v []byte, name string) (*record, error) {
	d := decoder{rest: v}
	d.version()
	r := &record{id: d.fixed(), q: Queue{Name: name, Created: d.time()}}
	if n := d.count(2); n > 0 {
		r.q.Metadata = make(Metadata, n)
	}
	for i := range r.q.Metadata {
		r.q.Metadata[i] = Pair{d.string(), d.string()}
	}
	if n := d.count(4); n > 0 {
		r.q.Policies = make([]Policy, n)
	}
	for i := range r.q.Policies {
		r.q.Policies[i] = Policy{d.string(), d.string(), d.string(), d.string()}
	}
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("queue %s: %w", name, err)
	}
	return r, nil
}

// decoder reads a record. The first error sticks and all after it is zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() {
	d.err = errDamaged
	d.rest = nil
}

func (d *decoder) version() {
	if v := d.byte(); v != version && d.err == nil {
		d.fail()
	}
}

func (d *decoder) bytes(n int) []byte {
	if len(d.rest) < n {
		d.fail()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) fixed() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) time() time.Time {
	n := d.fixed()
	if n > 1<<62 { // about the year 14600
		d.fail()
		return time.Time{}
	}
	return fromTicks(n)
}

func (d *decoder) uint() uint64 {
	n, read := binary.Uvarint(d.rest)
	if read <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[read:]
	return n
}

// count reads the number of elements that follow, each of at least size bytes:
// nothing is allocated for elements that cannot be there.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.rest)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) string() string { return string(d.bytes(d.count(1))) }

// end returns the first error, or one when something is left over.
func (d *decoder) end() error {
	if len(d.rest) > 0 {
		d.fail()
	}
	return d.err
}
