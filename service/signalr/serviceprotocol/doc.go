// Package serviceprotocol reads and writes the messages between the service and the
// application servers of a hub: MessagePack arrays, each after its length.
//
// A message is a struct of its own, named as the protocol names it; Parse returns one
// as a Message, and nil for a type it does not know, which is ignored.
//
// Source: the service protocol of the Azure SignalR SDK for .NET.
package serviceprotocol

// Message is one of the structs of this package.
type Message interface {
	// Append appends the message with its length.
	Append(b []byte) []byte
}
