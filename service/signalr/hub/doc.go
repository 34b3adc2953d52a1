// Package hub keeps who is connected to which hub, in which groups and as which
// user, and brings messages to them; with Peers, to those on other nodes too.
//
//	h := hub.New(hub.Config{})
//	h.Join("chat", member)
//	h.Send(ctx, "chat", hub.Group("red"), p)
//
// # Guarantees
//
// A message reaches each member that it is for at most once, in the order of the Sends
// of one goroutine. A member that joined a group before a Send gets it; one that joined
// before Join returned is found by every query. Sending never waits for a member.
//
// On other nodes the same holds for what one node sends; a node that cannot be reached
// misses messages, as in a service whose instance is lost.
package hub

import (
	"context"
	"log/slog"
	"time"

	"reslog/service/signalr/payload"
)

// Member is a client connection in a hub.
type Member interface {
	ID() string
	User() string // "" is anonymous
	// Deliver queues a message, in the member's protocol. It does not block.
	Deliver(p *payload.Payload)
	// Close ends the connection, telling why.
	Close(reason string)
	// Invoke asks the client for a result: target and arguments are in p, whose
	// invocation ID is id. fn is called once, with the completion as the client's
	// protocol encodes it, or an error.
	Invoke(id string, p *payload.Payload, fn func(Result))
}

// Result is what a client answered.
type Result struct {
	Protocol payload.Protocol
	Value    []byte // encoded, nil for none
	Error    string
	// Lost says that the connection ended before it answered.
	Lost bool
}

// Target is who a message is for.
type Target struct {
	Kind  Kind
	Names []string // of Connections, Users, Groups
	// Except are connections, ExceptUsers users, that are left out.
	Except, ExceptUsers []string
}

// Kind is what a Target names.
type Kind int

// The kinds.
const (
	All Kind = iota
	Connections
	Users
	Groups
)

// Peers are the other nodes. Nil Peers are none.
type Peers interface {
	// Publish brings a message to every other node, without waiting for it.
	Publish(b []byte) error
	// Ask brings a question to every other node and calls fn with each answer, until
	// all have answered or ctx ends.
	Ask(ctx context.Context, b []byte, fn func(answer []byte)) error
	// Receive sets what is called with what others publish, and what answers their
	// questions. Calls for what one node published are in its order.
	Receive(publish func(b []byte), ask func(b []byte) []byte)
}

// Config is what New needs.
type Config struct {
	Peers Peers
	// MaxGroups bounds the groups of a connection and the standing groups of a user,
	// 0 is 10,000 and 100.
	MaxGroups, MaxUserGroups int
	// InvokeTimeout bounds a client's answer, 0 is 10 minutes.
	InvokeTimeout time.Duration
	Logger        *slog.Logger
	Now           func() time.Time
}
