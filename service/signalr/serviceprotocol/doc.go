// Package serviceprotocol reads and writes the messages between the service and the
// application servers of a hub: MessagePack arrays, each after its length.
//
//	m, rest, err := serviceprotocol.Next(b)
//	switch m := m.(type) {
//	case *serviceprotocol.JoinGroup:
//		…
//	case nil: // of a type that is not known, to be ignored
//	}
//	b = (&serviceprotocol.Ack{ID: 1, Status: serviceprotocol.StatusOK}).Append(nil)
//
// A message is a struct of its own, named as the protocol names it. Its method fields
// lists what is in the array, in order, once for both reading and writing. Servers of
// different ages are in use: items missing at the end of an array are zero, more of them
// are ignored.
//
// # Memory
//
// Bytes of a message that was read (Data, Payloads, Payload) are parts of what was
// read. All else is copied.
//
// Source: the service protocol of the Azure SignalR SDK for .NET.
package serviceprotocol

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/msgpack"
)

// Message is a pointer to one of the structs of this package.
type Message interface {
	// Append appends the message with its length.
	Append(b []byte) []byte
	// fields reads or writes the items behind the type.
	fields(c *coder)
}

// ErrIncomplete says that the bytes end before the message does.
var ErrIncomplete = msgpack.ErrIncomplete

// ErrTooLarge says that a message is longer than it may be.
var ErrTooLarge = msgpack.ErrTooLarge

// DefaultMaxMessage is how long messages may be that Next reads, in bytes.
const DefaultMaxMessage = 16 << 20

// Next reads the first message of b and returns the bytes behind it. The message is nil
// if its type is not known. ErrIncomplete says that b ends before the message; any other
// error that nothing of b can be trusted.
func Next(b []byte) (m Message, rest []byte, err error) {
	return NextWithin(DefaultMaxMessage, b)
}

// NextWithin is Next for messages of at most that many bytes, with their length:
// ErrIncomplete is never returned for more.
func NextWithin(most int, b []byte) (m Message, rest []byte, err error) {
	raw, after, err := msgpack.Next(b, most)
	if err == nil {
		m, err = parse(raw)
	}
	if err != nil {
		return nil, b, err
	}
	return m, after, nil
}

// parse reads a message without its length.
func parse(b []byte) (Message, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil || n == 0 {
		return nil, errors.New("the message is not an array with a type")
	}
	c := coder{reading: true, b: b, left: n}
	kind := 0
	c.int(&kind)
	m := newMessage(kind)
	if m != nil {
		m.fields(&c)
	}
	c.end()
	if c.err != nil {
		return nil, fmt.Errorf("a message of type %d: %w", kind, c.err)
	}
	return m, nil
}

// appendMessage appends a message of a type with its length.
func appendMessage(b []byte, kind int, m Message) []byte {
	start := len(b)
	// One byte for the length, one for the header of the array: what most messages
	// have. For others the message moves.
	c := coder{b: append(b, 0, 0)}
	c.int(&kind)
	m.fields(&c)
	header := msgp.AppendArrayHeader(nil, c.left)
	n := uint64(len(header) + len(c.b) - start - 2)
	prefix := append(binary.AppendUvarint(nil, n), header...)
	b = c.b
	if more := len(prefix) - 2; more > 0 {
		b = append(b, prefix[:more]...)
		copy(b[start+2+more:], b[start+2:])
	}
	copy(b[start:], prefix)
	return b
}
