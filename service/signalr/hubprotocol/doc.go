// Package hubprotocol reads and writes the messages that SignalR clients exchange
// with a hub, in both encodings: JSON, where each message ends with 0x1E, and
// MessagePack, where each begins with its length.
//
// It reads of a message what a service needs, which never calls a method itself,
// and keeps the rest as the bytes they came as.
//
// Source: "SignalR Hub Protocol", dotnet/aspnetcore.
package hubprotocol

import "reslog/service/signalr/payload"

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

// Message is one message, read.
type Message struct {
	Type         Type
	InvocationID string // "" is none
	Target       string
	// Error is of Completion and Close. Result is that of a Completion, encoded as
	// the message was, nil for none.
	Error          string
	Result         []byte
	AllowReconnect bool
	SequenceID     int64
	// Raw is the message without its frame. Frame is with it. Both are parts of the
	// bytes that were read.
	Raw, Frame []byte
}

// Handshake is what a client says first, always as JSON.
type Handshake struct {
	Protocol payload.Protocol `json:"protocol"`
	Version  int              `json:"version"`
}
