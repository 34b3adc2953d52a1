// Package hubprotocol reads and writes the messages that SignalR clients exchange
// with a hub, in both encodings: JSON, where each message ends with 0x1E, and
// MessagePack, where each begins with its length.
//
//	h, rest, err := hubprotocol.ParseHandshake(b)        // what a client says first
//	out = hubprotocol.AppendHandshakeResponse(out, h.Refusal())
//	m, rest, err := hubprotocol.Next(h.Protocol, rest)   // ErrIncomplete: more bytes are needed
//	out = hubprotocol.AppendCompletion(out, h.Protocol, m.InvocationID, result)
//
// It reads of a message what a service needs, which never calls a method itself,
// and keeps the rest as the bytes they came as. A message is checked as a whole all the
// same: what is not JSON or MessagePack, is nested too deeply, or lacks what its type
// needs is an error, and never reaches anybody.
//
// Arguments are those of an invocation in one encoding, and in the other when somebody
// asks for it; NewInvocation makes a message for clients of both.
//
// # Between the encodings
//
//	JSON                      MessagePack
//	integer                   int, if it fits 64 bits, else float 64
//	other number              float 64
//	string, true, null        str, bool, nil
//	base64 string           ← bin
//	"2006-01-02T15:04:05Z"  ← timestamp (ext -1)
//	[type,"base64"]         ← other ext
//	null                    ← NaN and infinities
//	"key"                   ← a map's key that is a number, a bool or nil, as text
//
// Source: "SignalR Hub Protocol", dotnet/aspnetcore.
package hubprotocol

import (
	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

// Type is the type of a message.
type Type int

// The types.
const (
	Invocation       Type = 1
	StreamItem       Type = 2
	Completion       Type = 3
	StreamInvocation Type = 4
	CancelInvocation Type = 5
	Ping             Type = 6
	Close            Type = 7
	Ack              Type = 8
	Sequence         Type = 9
)

// Blazorpack is the MessagePack of Blazor, whose messages are framed alike. A
// payload.Payload has none for it.
const Blazorpack payload.Protocol = "blazorpack"

// ErrIncomplete says that the bytes end before the message does.
var ErrIncomplete = msgpack.ErrIncomplete

// ErrTooLarge says that a message is longer than it may be.
var ErrTooLarge = msgpack.ErrTooLarge

// Message is one message, read.
type Message struct {
	// Type may be one that is not known: such a message is to be ignored.
	Type         Type
	InvocationID string // "" is none
	Target       string
	// Arguments are those of Invocation and StreamInvocation. StreamIDs are the IDs of
	// the streams that the caller sends along.
	Arguments Arguments
	StreamIDs []string
	// Error is of Completion and Close. Result is that of a Completion or the item of
	// a StreamItem, encoded as the message was, nil for none.
	Error          string
	Result         []byte
	AllowReconnect bool
	SequenceID     int64
	// Raw is the message without its frame. Frame is with it. Both are parts of the
	// bytes that were read.
	Raw, Frame []byte
}

// Counted reports whether stateful reconnect counts messages of this type.
func (t Type) Counted() bool { return t >= Invocation && t <= CancelInvocation }

// Limits bound what is read. The zero value is for what clients send.
type Limits struct {
	// MaxMessage is the longest message in bytes, with its frame; 0 is 1 MiB.
	MaxMessage int
	// MaxDepth is how deeply arrays and maps may be nested in a message; 0 is 64.
	MaxDepth int
}

func (l Limits) orDefault() Limits {
	if l.MaxMessage <= 0 {
		l.MaxMessage = 1 << 20
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = 64
	}
	return l
}

// Next reads the first message of b, and returns the bytes behind it. Its parts are
// parts of b. ErrIncomplete says that b ends before the message; any other error that
// nothing of b can be trusted. The bytes are whole messages of the zero Limits.
func Next(p payload.Protocol, b []byte) (m Message, rest []byte, err error) {
	return Limits{}.Next(p, b)
}

// Next is Next with these Limits: ErrIncomplete is never returned for more bytes than
// MaxMessage.
func (l Limits) Next(p payload.Protocol, b []byte) (m Message, rest []byte, err error) {
	l = l.orDefault()
	raw, rest, err := l.frame(p, b)
	if err != nil {
		return Message{}, b, err
	}
	if p == payload.JSON {
		m, err = readJSON(raw, l.MaxDepth)
	} else {
		m, err = readMessagePack(raw, l.MaxDepth)
	}
	if err != nil {
		return Message{}, b, err
	}
	m.Raw, m.Frame = raw, b[:len(b)-len(rest):len(b)-len(rest)]
	return m, rest, nil
}

// Check reports what is wrong with b as one or more whole messages: nil for what may be
// passed on to a client of the protocol as it is.
func (l Limits) Check(p payload.Protocol, b []byte) error {
	if len(b) == 0 {
		return ErrIncomplete
	}
	for len(b) > 0 {
		_, rest, err := l.Next(p, b)
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}
