// Package payload is a message on its way to clients, in each encoding that they
// may have asked for.
package payload

import "sync"

// Protocol is the encoding of a client's messages.
type Protocol string

// The protocols.
const (
	JSON        Protocol = "json"
	MessagePack Protocol = "messagepack"
)

// Payload is a message, framed, in one or both encodings. What is missing is made
// when the first client asks for it. It may be used by many goroutines, and its bytes
// are never changed.
type Payload struct {
	// TracingID is that of message tracing, 0 for none. It is set before the Payload is
	// used, and stays on this node.
	TracingID uint64

	once  [2]sync.Once
	bytes [2][]byte
	make  func(Protocol) []byte
}

// Of returns the payload of frames that are there, by protocol. A client whose
// protocol has none gets nothing.
func Of(frames map[Protocol][]byte) *Payload {
	return New(func(p Protocol) []byte { return frames[p] })
}

// New returns a payload whose frames are made when they are asked for, once each.
// fn returns nil for what cannot be encoded.
func New(fn func(Protocol) []byte) *Payload { return &Payload{make: fn} }

// Frame returns the message for clients of a protocol, nil if it has none.
func (p *Payload) Frame(protocol Protocol) []byte {
	i := 0
	switch protocol {
	case JSON:
	case MessagePack:
		i = 1
	default:
		return nil
	}
	p.once[i].Do(func() { p.bytes[i] = p.make(protocol) })
	return p.bytes[i]
}
