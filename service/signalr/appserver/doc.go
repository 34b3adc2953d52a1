// Package appserver is the end of the connections that application servers open to
// the service: the hubs run there, and the service carries the bytes of clients to them
// and their messages to clients.
//
//	s := appserver.New(appserver.Config{Hubs: hubs, …})
//	mux.Handle("/server/", s)
//	b, err := s.Bind(client)     // a client has said its handshake
//	b.Data(bytes)                // its handshake first
//
// # Routes
//
// A client is bound to one server connection of its hub: one of the server that its token
// names, else the one with the fewest clients. There it stays; but it goes over to
// another when a server that allows migration stops, and, if the server allows that at any
// time, when its connection drops; what was on its way through that is lost. Otherwise
// it ends with the connection.
//
// # Guarantees
//
//   - What a client sent reaches its server in order, behind the OpenConnection. What a
//     server connection sent is carried out in its order; only questions, whose answers
//     may come from other nodes, overtake each other.
//   - Data waits while a server does not read, so that the client is read no faster. All
//     else that a server does not read is bounded: its connection is aborted.
//   - Each server connection that began is logged twice: started, and ended or aborted.
//
// Source: the service protocol of the Azure SignalR SDK for .NET.
package appserver

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/payload"
)

// Client is a client connection as application servers know it.
type Client interface {
	hub.Member
	Hub() string
	Protocol() payload.Protocol
	// Claims are those of its token, in order; one may be there more than once.
	Claims() []Claim
	// Header is that of its request, with serviceprotocol.HeaderDiagnostic if it is a
	// diagnostic client.
	Header() http.Header
	// Query begins with '?'.
	Query() string
	Caller() netip.Addr
	// Write passes on bytes of its server, as they are. It keeps nothing of b, and does
	// not block.
	Write(b []byte)
	// End closes the connection because its server said so, or is lost. The reason is
	// one of event's; detail is what the server reported. It may be called before Bind
	// has returned, and does not block.
	End(reason, detail string, allowReconnect bool)
	// Sticky is the ID of the server it must or should go to, "" for any.
	Sticky() (server string, required bool)
}

// Claim is a claim of a token.
type Claim struct{ Type, Value string }

// Binding is the way of a client to its server connection.
type Binding interface {
	// Data passes on what the client sent. It waits while the server does not read.
	// Nothing of b is kept.
	Data(b []byte)
	// Traced is Data for one message, with its tracing ID.
	Traced(b []byte, id uint64, invocation string)
	// Resumed says that a client of stateful reconnect is back.
	Resumed()
	// Closed says that the client is gone. A repeat does nothing.
	Closed(err string)
	// ServerConnection is the ID of the connection it is bound to, "" if it is gone.
	ServerConnection() string
}

// Config is what New needs.
type Config struct {
	Hubs *hub.Hubs
	// Accept authenticates the request of a server connection: its server ID, or a
	// refusal's status, header and text. Required.
	Accept func(r *http.Request, hub string) (server string, refusal *Refusal)
	// WeakOnly reports whether hubs have no application servers, as in Serverless mode:
	// then only those are connected that send, and get no clients. nil is never.
	WeakOnly func() bool
	// Admit counts a server connection against the limits of the tier, before it is
	// accepted; leave takes it back. reason is the handshake's error. nil admits all.
	Admit func() (leave func(), reason string)
	// Count is told of the bytes of a client's message to its server, and of its
	// server's to it, but for pings and handshakes: for quotas and metrics. It reports
	// false when the quota is used up: the message is dropped. Messages for several
	// clients go by way of Hubs, whose members count what is delivered to them. nil
	// counts nothing.
	Count func(bytes int) bool
	// Capacity is how many clients there may be, as servers are told; nil or 0 is not
	// told.
	Capacity func() int
	// AccessKey answers a server that has a Microsoft Entra token instead of a key: a key
	// to sign clients' tokens with, and its ID. keyID is that which the server has. nil
	// refuses.
	AccessKey func(ctx context.Context, token, keyID string) (id, key string, err error)
	// Log takes events of server connections. Required.
	Log event.Sink
	// Tracing reports whether all messages of servers are traced, as they are told. Trace is
	// told of a message of a server, or of a client that is traced to its server, without
	// the text, and returns the tracing ID: the event's, or a new one; 0 is not traced. nil
	// is never.
	Tracing func() bool
	Trace   func(event.Event) (id uint64)
	// Instance is the ID of this node; "" draws one.
	Instance string
	// PingInterval and Timeout, 0 is 5 s and 30 s. HandshakeTimeout 0 is 15 s.
	PingInterval, Timeout, HandshakeTimeout time.Duration
	// InvokeTimeout bounds a client's answer to its server, 0 is 10 minutes.
	InvokeTimeout time.Duration
	// MaxUnsent is how many bytes a server may leave unread before clients wait, 0 is
	// 1 MiB; it is aborted at sixteen times as many. MaxMessage is the longest message
	// of a server, 0 is 16 MiB.
	MaxUnsent, MaxMessage int
	Logger                *slog.Logger
	Now                   func() time.Time
}

// Refusal is an answer that is no connection.
type Refusal struct {
	Status int
	Header http.Header
	Text   string
}

// The reasons in events of server connections, beside those of package event.
const (
	ReasonClosedByServer = "The application server closed the connection"
	ReasonSlowServer     = "The application server does not take its messages"
	ReasonUnreadable     = "The application server sent a message that cannot be read"
)
