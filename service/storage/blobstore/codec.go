package blobstore

import (
	"encoding/binary"
	"time"

	"reslog/service/storage/disk"
)

// Records are written by hand: a listing decodes hundreds of them a request. All
// numbers are uvarints unless they say fixed; a string is its length and bytes.
// A record begins with its version.

// enc appends to a record.
type enc []byte

func (e *enc) byte(b byte)      { *e = append(*e, b) }
func (e *enc) uint(n uint64)    { *e = binary.AppendUvarint(*e, n) }
func (e *enc) int(n int64)      { *e = binary.AppendVarint(*e, n) }
func (e *enc) fixed32(n uint32) { *e = binary.BigEndian.AppendUint32(*e, n) }
func (e *enc) fixed64(n uint64) { *e = binary.BigEndian.AppendUint64(*e, n) }
func (e *enc) time(t time.Time) { e.fixed64(ticks(t)) }
func (e *enc) string(s string)  { e.uint(uint64(len(s))); *e = append(*e, s...) }
func (e *enc) pairs(md Metadata) {
	e.uint(uint64(len(md)))
	for _, p := range md {
		e.string(p.Name)
		e.string(p.Value)
	}
}

// dec reads a record that was copied into a string, so that the strings in it
// need no copies of their own.
type dec struct{ disk.Dec }

func decode(record string) dec { return dec{disk.Decode(record)} }

// length reads a number that must fit into a non-negative int64.
func (d *dec) length() int64 {
	n := d.Uint()
	if n > 1<<62 {
		d.Fail("number too large")
		return 0
	}
	return int64(n)
}

func (d *dec) fixed32() uint32 {
	b := d.Bytes(4)
	if b == "" {
		return 0
	}
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func (d *dec) time() time.Time { return fromTicks(d.Ticks()) }

func (d *dec) pairs() Metadata {
	n := d.Count(2)
	if n == 0 {
		return nil
	}
	md := make(Metadata, n)
	for i := range md {
		md[i] = Pair{d.String(), d.String()}
	}
	return md
}

const leaseReleased, leaseBreaking, leaseFixed = 1, 2, 4

func (e *enc) lease(l Lease) {
	var flags byte
	if l.Released {
		flags |= leaseReleased
	}
	if !l.Breaks.IsZero() {
		flags |= leaseBreaking
	}
	if l.Duration != 0 || !l.Expires.IsZero() {
		flags |= leaseFixed
	}
	e.string(l.ID)
	e.byte(flags)
	if flags&leaseFixed != 0 {
		e.int(int64(l.Duration))
		e.time(l.Expires)
	}
	if flags&leaseBreaking != 0 {
		e.time(l.Breaks)
	}
}

func (d *dec) lease() Lease {
	l := Lease{ID: d.String()}
	flags := d.Byte()
	l.Released = flags&leaseReleased != 0
	if flags&leaseFixed != 0 {
		l.Duration = time.Duration(d.Int())
		l.Expires = d.time()
	}
	if flags&leaseBreaking != 0 {
		l.Breaks = d.time()
	}
	return l
}
