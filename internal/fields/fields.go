// Package fields reads binary fields off the front of bytes: numbers as
// encoding/binary writes varints, bytes behind their number, times.
package fields

import (
	"encoding/binary"
	"time"
)

// Reader takes fields off the front of B. After the first one that is not there Bad is
// set, and everything reads as zero. Bytes are parts of B, not copies.
type Reader struct {
	B   []byte
	Bad bool
}

// Fail says that what was read is not what it must be.
func (r *Reader) Fail() { r.B, r.Bad = nil, true }

// Byte reads one.
func (r *Reader) Byte() byte {
	if len(r.B) == 0 {
		r.Fail()
		return 0
	}
	c := r.B[0]
	r.B = r.B[1:]
	return c
}

// Uint reads a number.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.B)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.B = r.B[n:]
	return v
}

// Int reads a number that may be negative.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.B)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.B = r.B[n:]
	return v
}

// Take reads n bytes, nil if there are fewer.
func (r *Reader) Take(n uint64) []byte {
	if n > uint64(len(r.B)) {
		r.Fail()
		return nil
	}
	b := r.B[:n:n]
	r.B = r.B[n:]
	return b
}

// Bytes reads bytes behind their number.
func (r *Reader) Bytes() []byte { return r.Take(r.Uint()) }

// Text is Bytes, copied.
func (r *Reader) Text() string { return string(r.Bytes()) }

// Time reads seconds since 1970 and nanoseconds behind them.
func (r *Reader) Time() time.Time {
	sec, nsec := r.Int(), r.Uint()
	if nsec >= uint64(time.Second) {
		r.Fail()
	}
	if r.Bad {
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}
