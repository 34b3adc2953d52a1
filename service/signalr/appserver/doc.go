// Package appserver is the end of the connections that application servers open to
// the service: the hubs run there, and the service carries the bytes of clients to them
// and their messages to clients.
//
//	s := appserver.New(appserver.Config{Hubs: hubs, …})
//	mux.Handle("/server/", s)
//	b, err := s.Bind(client)     // a client has said its handshake
//	b.Data(bytes)
//
// Source: the service protocol of the Azure SignalR SDK for .NET.
package appserver

import (
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
	Header() http.Header
	// Query begins with '?'.
	Query() string
	Caller() netip.Addr
	// Write passes on bytes of its server, as they are.
	Write(b []byte)
	// End closes the connection because its server said so, or is lost. The reason is
	// one of event's; detail is what the server reported.
	End(reason, detail string, allowReconnect bool)
	// Sticky is the ID of the server it must or should go to, "" for any.
	Sticky() (server string, required bool)
}

// Claim is a claim of a token.
type Claim struct{ Type, Value string }

// Binding is the way of a client to its server connection, for its life.
type Binding interface {
	// Data passes on what the client sent.
	Data(b []byte)
	// Closed says that the client is gone.
	Closed(err string)
	// ServerConnection is the ID of the connection it is bound to.
	ServerConnection() string
}

// Config is what New needs.
type Config struct {
	Hubs *hub.Hubs
	// Accept authenticates the request of a server connection: its server ID, or a
	// refusal's status, header and text. Required.
	Accept func(r *http.Request, hub string) (server string, refusal *Refusal)
	// Admit counts a server connection against the limits of the tier, before it is
	// accepted; leave takes it back. reason is the handshake's error.
	Admit func() (leave func(), reason string)
	// Count is told of messages from servers to clients and back, for quotas and
	// metrics: bytes that go out. It reports false when the quota is used up.
	Count func(bytes int) bool
	// Log takes events of server connections. Required.
	Log event.Sink
	// PingInterval and Timeout, 0 is 5 s and 30 s.
	PingInterval, Timeout time.Duration
	Logger                *slog.Logger
	Now                   func() time.Time
}

// Refusal is an answer that is no connection.
type Refusal struct {
	Status int
	Header http.Header
	Text   string
}
