package serviceprotocol

import (
	"maps"

	"reslog/service/signalr/payload"
)

// Payloads are a message for clients, framed, by their protocol.
type Payloads map[payload.Protocol][]byte

// Payload returns them for the hub. Their bytes are still those that they were.
func (p Payloads) Payload() *payload.Payload { return payload.Of(p) }

// Clone returns Payloads with bytes of their own.
func (p Payloads) Clone() Payloads {
	c := maps.Clone(p)
	for k, v := range c {
		c[k] = append([]byte(nil), v...)
	}
	return c
}

// Size is how many bytes the longest of them has.
func (p Payloads) Size() int {
	n := 0
	for _, v := range p {
		n = max(n, len(v))
	}
	return n
}
