package hubprotocol

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

// separator ends JSON messages.
const separator = 0x1e

// frame splits the first message, without its frame, from what follows.
func (l Limits) frame(p payload.Protocol, b []byte) (raw, rest []byte, err error) {
	switch p {
	case payload.JSON:
		return jsonFrame(b, l.MaxMessage)
	case payload.MessagePack, Blazorpack:
		return msgpack.Next(b, l.MaxMessage)
	}
	return nil, b, fmt.Errorf("the protocol %q is not known", p)
}

func jsonFrame(b []byte, most int) (raw, rest []byte, err error) {
	// Not further than a message may be: bytes that come piece by piece are searched
	// again each time.
	i := bytes.IndexByte(b[:min(len(b), most)], separator)
	switch {
	case i >= 0:
		return b[:i:i], b[i+1:], nil
	case len(b) >= most:
		return nil, b, ErrTooLarge
	}
	return nil, b, ErrIncomplete
}

// appendFramed appends what fn appends, as a MessagePack message with its length.
func appendFramed(b []byte, fn func([]byte) []byte) []byte {
	start := len(b)
	// Most lengths are one byte; for others the message moves.
	b = fn(append(b, 0))
	n := uint64(len(b) - start - 1)
	if n < 0x80 {
		b[start] = byte(n)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(length[:], n)
	b = append(b, length[1:size]...)
	copy(b[start+size:], b[start+1:])
	copy(b[start:], length[:size])
	return b
}
