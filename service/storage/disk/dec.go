package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"
)

// ErrDamaged says that what is on disk is not what was written.
var ErrDamaged = errors.New("the store is damaged")

// Dec reads a record. The strings it returns are parts of the record. The first
// error sticks and all after it is zero.
type Dec struct {
	s   string
	err error
}

// Decode begins to read a record.
func Decode(record string) Dec { return Dec{s: record} }

// View is b as a string, for as long as b does not change.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Fail notes what is wrong with the record.
func (d *Dec) Fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: record: %s", ErrDamaged, what)
	}
	d.s = ""
}

// Err is the first error, an ErrDamaged.
func (d *Dec) Err() error { return d.err }

// Byte reads a byte.
func (d *Dec) Byte() byte {
	if len(d.s) == 0 {
		d.Fail("too short")
		return 0
	}
	b := d.s[0]
	d.s = d.s[1:]
	return b
}

// Bytes reads n bytes, "" if there are fewer.
func (d *Dec) Bytes(n int) string {
	if len(d.s) < n {
		d.Fail("too short")
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

// Uint reads a number.
func (d *Dec) Uint() uint64 {
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
	d.Fail("bad number")
	return 0
}

// Int reads a number that may be negative.
func (d *Dec) Int() int64 {
	u := d.Uint()
	return int64(u>>1) ^ -int64(u&1)
}

// Count reads the number of elements that follow, each of at least size bytes:
// nothing is allocated for elements that cannot be there.
func (d *Dec) Count(size int) int {
	n := d.Uint()
	if n > uint64(len(d.s)/size) {
		d.Fail("count exceeds record")
		return 0
	}
	return int(n)
}

// Fixed64 reads a number of 8 bytes.
func (d *Dec) Fixed64() uint64 {
	if len(d.s) < 8 {
		d.Fail("too short")
		return 0
	}
	var n uint64
	for i := range 8 {
		n = n<<8 | uint64(d.s[i])
	}
	d.s = d.s[8:]
	return n
}

// Ticks reads a time of 8 bytes.
func (d *Dec) Ticks() uint64 {
	n := d.Fixed64()
	if n > 1<<62 { // about the year 14600
		d.Fail("time out of range")
		return 0
	}
	return n
}

// String reads a string.
func (d *Dec) String() string { return d.Bytes(d.Count(1)) }

// Version reads the version.
func (d *Dec) Version(want byte) {
	if v := d.Byte(); v != want && d.err == nil {
		d.Fail(fmt.Sprintf("version %d, want %d", v, want))
	}
}

// Rest reads all that is left.
func (d *Dec) Rest() string { return d.Bytes(len(d.s)) }

// End returns the first error, or one when something is left over.
func (d *Dec) End() error {
	if d.err == nil && len(d.s) > 0 {
		d.Fail("too long")
	}
	return d.err
}
