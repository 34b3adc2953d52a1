package tablestore

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Records are written by hand: a query decodes a thousand of them and more. All
// numbers are uvarints unless they say otherwise; a string is its length and
// bytes. A record begins with its version.

// enc appends to a record.
type enc []byte

func (e *enc) byte(b byte)      { *e = append(*e, b) }
func (e *enc) uint(n uint64)    { *e = binary.AppendUvarint(*e, n) }
func (e *enc) int(n int64)      { *e = binary.AppendVarint(*e, n) }
func (e *enc) fixed64(n uint64) { *e = binary.BigEndian.AppendUint64(*e, n) }
func (e *enc) string(s string)  { e.uint(uint64(len(s))); *e = append(*e, s...) }

// dec reads a record. The strings it returns are parts of s. The first error
// sticks and all after it is zero.
type dec struct {
	s   string
	err error
}

func (d *dec) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: record: %s", ErrCorrupt, what)
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
	if len(d.s) > 0 && d.s[0] < 0x80 { // most are
		n := uint64(d.s[0])
		d.s = d.s[1:]
		return n
	}
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

func (d *dec) fixed64() uint64 {
	if len(d.s) < 8 {
		d.fail("too short")
		return 0
	}
	var n uint64
	for i := range 8 {
		n = n<<8 | uint64(d.s[i])
	}
	d.s = d.s[8:]
	return n
}

func (d *dec) ticks() uint64 {
	n := d.fixed64()
	if n > 1<<62 { // about the year 14600
		d.fail("time out of range")
		return 0
	}
	return n
}

func (d *dec) string() string {
	n := d.count(1)
	s := d.s[:n]
	d.s = d.s[n:]
	return s
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

// Times are kept as ticks of 100 ns since the year 1, as the service counts.
const (
	ticksPerSecond = 10_000_000
	unixEpoch      = 621_355_968_000_000_000 // 1970-01-01 in ticks
)

// ticks returns t in ticks; the zero time and all before it are 0.
func ticks(t time.Time) uint64 {
	n := t.Unix()*ticksPerSecond + int64(t.Nanosecond()/100) + unixEpoch
	return uint64(max(n, 0))
}

// fromTicks is the inverse of ticks, in UTC.
func fromTicks(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	d := int64(n) - unixEpoch
	sec, rest := d/ticksPerSecond, d%ticksPerSecond
	return time.Unix(sec, rest*100).UTC()
}
