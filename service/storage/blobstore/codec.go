package blobstore

import (
	"encoding/binary"
	"fmt"
	"time"
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
// need no copies of their own. The first error sticks and all after it is zero.
type dec struct {
	s   string
	err error
}

func (d *dec) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: metadata record: %s", ErrCorrupt, what)
	}
	d.s = ""
}

func (d *dec) byte() byte {
	if len(d.s) == 0 {
		d.fail("too short")
		return 0
	}
	b := d.s[0]
	d.s = d.s[1:]
	return b
}

func (d *dec) uint() uint64 {
	var n uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		b := d.s[i]
		if i == binary.MaxVarintLen64-1 && b > 1 {
			break
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			d.s = d.s[i+1:]
			return n
		}
	}
	d.fail("bad number")
	return 0
}

func (d *dec) int() int64 {
	u := d.uint()
	return int64(u>>1) ^ -int64(u&1)
}

// length reads a number that must fit into a non-negative int64.
func (d *dec) length() int64 {
	n := d.uint()
	if n > 1<<62 {
		d.fail("number too large")
		return 0
	}
	return int64(n)
}

// count reads the number of elements that follow, each of at least size bytes:
// nothing is allocated for elements that cannot be there.
func (d *dec) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.s)/size) {
		d.fail("count exceeds record")
		return 0
	}
	return int(n)
}

func (d *dec) fixed32() uint32 {
	if len(d.s) < 4 {
		d.fail("too short")
		return 0
	}
	n := uint32(d.s[0])<<24 | uint32(d.s[1])<<16 | uint32(d.s[2])<<8 | uint32(d.s[3])
	d.s = d.s[4:]
	return n
}

func (d *dec) fixed64() uint64 {
	hi := d.fixed32()
	return uint64(hi)<<32 | uint64(d.fixed32())
}

func (d *dec) time() time.Time {
	n := d.fixed64()
	if n > 1<<62 { // about the year 14600
		d.fail("time out of range")
		return time.Time{}
	}
	return fromTicks(n)
}

func (d *dec) string() string {
	n := d.count(1)
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *dec) pairs() Metadata {
	n := d.count(2)
	if n == 0 {
		return nil
	}
	md := make(Metadata, n)
	for i := range md {
		md[i] = Pair{d.string(), d.string()}
	}
	return md
}

func (d *dec) version(want byte) {
	if v := d.byte(); v != want && d.err == nil {
		d.fail(fmt.Sprintf("version %d, want %d", v, want))
	}
}

// end returns the first error, or one when something is left over.
func (d *dec) end() error {
	if d.err == nil && len(d.s) > 0 {
		d.fail("too long")
	}
	return d.err
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
	l := Lease{ID: d.string()}
	flags := d.byte()
	l.Released = flags&leaseReleased != 0
	if flags&leaseFixed != 0 {
		l.Duration = time.Duration(d.int())
		l.Expires = d.time()
	}
	if flags&leaseBreaking != 0 {
		l.Breaks = d.time()
	}
	return l
}
