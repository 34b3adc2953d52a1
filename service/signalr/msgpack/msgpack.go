// Package msgpack is what the hub protocol and the service protocol have in common of
// MessagePack: messages behind their length, and values that are gone over unread.
package msgpack

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// What can be wrong with bytes.
var (
	// ErrIncomplete says that the bytes end before the message does.
	ErrIncomplete = errors.New("the message is not complete")
	// ErrTooLarge says that a message is longer than it may be.
	ErrTooLarge = errors.New("the message is too large")
	// ErrValue says that something is no value.
	ErrValue = errors.New("the message is not MessagePack")
	// ErrDeep says that arrays and maps are in each other more often than they may be.
	ErrDeep = errors.New("the message is nested too deeply")
)

// maxLengthBytes is how many bytes the length of a message has at most: five of seven
// bits, for 2 GiB.
const maxLengthBytes = 5

// Next splits the first message, without its length, from what follows. With the length
// it has at most so many bytes; ErrIncomplete is never returned for more.
func Next(b []byte, most int) (raw, rest []byte, err error) {
	n, size := binary.Uvarint(b[:min(len(b), maxLengthBytes)])
	switch {
	case size < 0 || size == 0 && len(b) >= maxLengthBytes:
		return nil, b, errors.New("the length of the message is too long")
	case size == 0:
		return nil, b, ErrIncomplete
	case n > math.MaxInt32 || int(n) > most-size:
		return nil, b, ErrTooLarge
	case len(b)-size < int(n):
		return nil, b, ErrIncomplete
	}
	end := size + int(n)
	return b[size:end:end], b[end:], nil
}

// Skip returns what is behind the value that b begins with, in which at most depth
// arrays and maps are nested.
func Skip(b []byte, depth int) ([]byte, error) {
	var n uint64
	switch msgp.NextType(b) {
	case msgp.ArrayType:
		size, rest, err := msgp.ReadArrayHeaderBytes(b)
		if err != nil {
			return nil, ErrValue
		}
		b, n = rest, uint64(size)
	case msgp.MapType:
		size, rest, err := msgp.ReadMapHeaderBytes(b)
		if err != nil {
			return nil, ErrValue
		}
		b, n = rest, 2*uint64(size)
	default:
		rest, err := msgp.Skip(b)
		if err != nil {
			return nil, ErrValue
		}
		return rest, nil
	}
	if depth <= 0 {
		return nil, ErrDeep
	}
	// A size that lies ends with the bytes: each value has one at least.
	for ; n > 0; n-- {
		rest, err := Skip(b, depth-1)
		if err != nil {
			return nil, err
		}
		b = rest
	}
	return b, nil
}
