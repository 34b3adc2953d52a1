package hub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"reslog/internal/fields"
)

// Between nodes a packet is
//
//	version, 1 byte | kind, 1 byte | which fields follow, 4 bytes, little endian | fields
//
// A field is there if it is not its zero value, in the order of packet.walk. Numbers are
// varints, strings and bytes have their length before them, lists how many there are.
const (
	version   = 1
	maxPacket = 6 << 20
	headSize  = 6
)

// kind is what a packet is. Numbers are never given to something else.
type kind byte

const (
	// What is published.
	kindSend   kind = 1
	kindResult kind = 2
	// Questions.
	kindConnectionExists kind = 16
	kindUserExists       kind = 17
	kindGroupExists      kind = 18
	kindInGroup          kind = 19
	kindJoinGroup        kind = 20
	kindLeaveGroup       kind = 21
	kindUserJoinGroup    kind = 22
	kindUserLeaveGroup   kind = 23
	kindClose            kind = 24
	kindMembers          kind = 25
	kindInvoke           kind = 26
	kindInvoking         kind = 27
	kindStanding         kind = 28
	// Answers; a refusal is that to what is not understood.
	kindAnswer  kind = 64
	kindRefusal kind = 65
)

// packet is what nodes say to each other; each kind uses some of it.
type packet struct {
	kind            kind
	hub             string
	to              Target
	id, user, group string
	text            string // a reason, an error, an invocation ID, where a listing goes on
	key             string // of an invocation between nodes
	number          uint64
	ttl             *time.Duration
	json            []byte
	messagePack     []byte
	protocol        string
	value           []byte
	yes, full, lost bool
	listed          []Listed
	sets            []set
}

// walk goes through the fields in their order on the wire.
func (p *packet) walk(c coder) {
	c.text(&p.hub)
	c.kind(&p.to.Kind)
	c.texts(&p.to.Names)
	c.texts(&p.to.Except)
	c.texts(&p.to.ExceptUsers)
	c.text(&p.id)
	c.text(&p.user)
	c.text(&p.group)
	c.text(&p.text)
	c.text(&p.key)
	c.number(&p.number)
	c.duration(&p.ttl)
	c.bytes(&p.json)
	c.bytes(&p.messagePack)
	c.text(&p.protocol)
	c.bytes(&p.value)
	c.flag(&p.yes)
	c.flag(&p.full)
	c.flag(&p.lost)
	c.listed(&p.listed)
	c.sets(&p.sets)
}

// coder writes or reads the next field.
type coder interface {
	text(*string)
	texts(*[]string)
	kind(*Kind)
	number(*uint64)
	duration(**time.Duration)
	bytes(*[]byte)
	flag(*bool)
	listed(*[]Listed)
	sets(*[]set)
}

func (p *packet) encode() ([]byte, error) {
	size := headSize + 256 + len(p.json) + len(p.messagePack) + len(p.value)
	w := &writer{b: make([]byte, headSize, size)}
	w.b[0], w.b[1] = version, byte(p.kind)
	p.walk(w)
	binary.LittleEndian.PutUint32(w.b[2:], w.mask)
	if len(w.b) > maxPacket {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(w.b), maxPacket)
	}
	return w.b, nil
}

var (
	errNotAsked = errors.New("another node does not understand the question")
	errCut      = errors.New("the packet of another node is damaged")
)

// decode reads a packet. Its bytes stay part of b.
func decode(b []byte) (*packet, error) {
	if len(b) < headSize || len(b) > maxPacket {
		return nil, errCut
	}
	if b[0] != version {
		return nil, fmt.Errorf("the packet of another node has version %d, this node knows %d", b[0], version)
	}
	p := &packet{kind: kind(b[1])}
	r := &reader{Reader: fields.Reader{B: b[headSize:]}, mask: binary.LittleEndian.Uint32(b[2:])}
	p.walk(r)
	if r.Bad || r.mask != 0 || len(r.B) > 0 {
		return nil, errCut
	}
	return p, nil
}

// writer appends fields and notes which are there.
type writer struct {
	b     []byte
	mask  uint32
	field int
}

func (w *writer) next(there bool) bool {
	if there {
		w.mask |= 1 << w.field
	}
	w.field++
	return there
}

func (w *writer) uint(v uint64)    { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) string(v string)  { w.uint(uint64(len(v))); w.b = append(w.b, v...) }
func (w *writer) text(v *string)   { w.ifThere(*v != "", func() { w.string(*v) }) }
func (w *writer) kind(v *Kind)     { w.ifThere(*v != 0, func() { w.uint(uint64(*v)) }) }
func (w *writer) number(v *uint64) { w.ifThere(*v != 0, func() { w.uint(*v) }) }
func (w *writer) flag(v *bool)     { w.next(*v) }

func (w *writer) ifThere(there bool, fn func()) {
	if w.next(there) {
		fn()
	}
}

func (w *writer) texts(v *[]string) {
	w.ifThere(len(*v) > 0, func() {
		w.uint(uint64(len(*v)))
		for _, s := range *v {
			w.string(s)
		}
	})
}

func (w *writer) duration(v **time.Duration) {
	w.ifThere(*v != nil, func() { w.b = binary.AppendVarint(w.b, int64(**v)) })
}

func (w *writer) bytes(v *[]byte) {
	w.ifThere(*v != nil, func() { w.uint(uint64(len(*v))); w.b = append(w.b, *v...) })
}

func (w *writer) listed(v *[]Listed) {
	w.ifThere(len(*v) > 0, func() {
		w.uint(uint64(len(*v)))
		for _, l := range *v {
			w.string(l.ID)
			w.string(l.User)
		}
	})
}

func (w *writer) sets(v *[]set) {
	w.ifThere(len(*v) > 0, func() {
		w.uint(uint64(len(*v)))
		for _, s := range *v {
			w.string(s.hub)
			w.string(s.user)
			w.string(s.group)
			left := uint64(max(s.left, 0)) << 1
			if s.plain {
				left |= 1
			}
			w.uint(left)
		}
	})
}
