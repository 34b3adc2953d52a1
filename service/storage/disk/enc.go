package disk

import "encoding/binary"

// Enc appends to a record. All numbers are uvarints unless they say otherwise; a
// string is its length and bytes. A record begins with its version.
type Enc []byte

// Byte appends a byte.
func (e *Enc) Byte(b byte) { *e = append(*e, b) }

// Bytes appends bytes as they are, without their length.
func (e *Enc) Bytes(b []byte) { *e = append(*e, b...) }

// Uint appends a number.
func (e *Enc) Uint(n uint64) { *e = binary.AppendUvarint(*e, n) }

// Int appends a number that may be negative, a varint.
func (e *Enc) Int(n int64) { *e = binary.AppendVarint(*e, n) }

// Fixed64 appends a number in 8 bytes.
func (e *Enc) Fixed64(n uint64) { *e = binary.BigEndian.AppendUint64(*e, n) }

// Strings appends strings.
func (e *Enc) Strings(list ...string) {
	for _, s := range list {
		e.Uint(uint64(len(s)))
		*e = append(*e, s...)
	}
}
