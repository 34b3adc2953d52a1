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
// misses messages, as in a service whose instance is lost. Members of a node that is
// lost exist no more. What a question could not be answered for in time is ErrPeers: the
// part that could be done is done.
//
// # Who holds what
//
// A node keeps its own members only, with their groups; nobody holds those of others.
// Standing groups of users are kept by every node, since a user may come to any of
// them. A node that was started later learns those of a user when he comes.
//
// A Send copies the list of its receivers under the lock, into memory that is used again,
// and delivers without it: who joins never waits for a broadcast. So a Member may get a
// message, or be closed, shortly after Leave.
package hub

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"reslog/service/signalr/payload"
)

// Errors that callers branch on.
var (
	// ErrNotFound says that there is no such connection.
	ErrNotFound = errors.New("there is no such connection")
	// ErrTooManyGroups says that a connection is in as many groups as it may be.
	ErrTooManyGroups = errors.New("the connection is in too many groups")
	// ErrFull says that no more standing groups, or no more invocations, are kept.
	ErrFull = errors.New("the hub holds as much as it may")
	// ErrPeers is wrapped when other nodes did not answer in time.
	ErrPeers = errors.New("not all nodes have answered")
	// ErrTooLarge is wrapped when a message is too large for other nodes.
	ErrTooLarge = errors.New("the message is too large for other nodes")
)

// Member is a client connection in a hub. Members are compared with ==; the IDs of
// those in a hub differ.
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

// Target is who a message is for, the zero value everybody in the hub.
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

// Group is the Target of the members of these groups, User and Connection are that of
// these users and connections.
func Group(names ...string) Target { return Target{Kind: Groups, Names: names} }

// User is described at Group.
func User(names ...string) Target { return Target{Kind: Users, Names: names} }

// Connection is described at Group.
func Connection(ids ...string) Target { return Target{Kind: Connections, Names: ids} }

// Peers are the other nodes. Nil Peers are none. If they have a method Alone() bool
// too, nothing is made for them while it reports true.
type Peers interface {
	// Publish brings a message to every other node, without waiting for it.
	Publish(b []byte) error
	// Ask brings a question to every other node and calls fn with each answer, one at
	// a time, until all have answered (nil) or ctx ends (its error). A node that is lost
	// meanwhile is not waited for.
	Ask(ctx context.Context, b []byte, fn func(answer []byte)) error
	// Receive sets what is called with what others publish, and what answers their
	// questions. Calls for what one node published and asked are in its order. What is
	// called may keep b. Neither waits for another node.
	Receive(publish func(b []byte), ask func(b []byte) []byte)
}

// Config is what New needs.
type Config struct {
	Peers Peers
	// MaxGroups bounds the groups of a connection, and those with a ttl that a user
	// stands in; 0 is 10,000. MaxUserGroups bounds those without one, of which the
	// newest are kept; 0 is 100. MaxStanding bounds both of all users of a hub; 0 is
	// 1,000,000.
	MaxGroups, MaxUserGroups, MaxStanding int
	// InvokeTimeout bounds a client's answer, 0 is 10 minutes. MaxInvocations bounds
	// how many are waited for, 0 is 10,000.
	InvokeTimeout  time.Duration
	MaxInvocations int
	// AskTimeout bounds how long other nodes are waited for, 0 is 5 s.
	AskTimeout time.Duration
	Logger     *slog.Logger
	Now        func() time.Time
}

func (c Config) withDefaults() Config {
	setDefault(&c.MaxGroups, 10_000)
	setDefault(&c.MaxUserGroups, 100)
	setDefault(&c.MaxStanding, 1_000_000)
	setDefault(&c.InvokeTimeout, 10*time.Minute)
	setDefault(&c.MaxInvocations, 10_000)
	setDefault(&c.AskTimeout, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}
