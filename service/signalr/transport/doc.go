// Package transport is how clients are connected: negotiate, then WebSockets,
// server-sent events or long polling, exactly as the specification says.
//
//	h := transport.New(transport.Config{Accept: …})
//	mux.Handle("/client/", h)
//
// A connection is bytes in both directions; what they mean is for the Receiver.
//
// # Guarantees
//
//   - Receive is called with what the client sent, in order, by one goroutine at a
//     time; Closed once, after the last of it.
//   - Send never blocks. What a client does not take is held up to Config.MaxUnsent;
//     beyond that the connection is closed as slow. So is a client that takes nothing
//     for 30 s of what is being written to it.
//   - The token is checked on each request of a connection, not only on the first, and
//     a connection is there only for its owner (Grant.Owner).
//   - An idle WebSocket is one goroutine and about a kilobyte and a half of buffers. A
//     goroutine that writes exists only while something is queued.
//
// # Requests
//
//	POST    /client/negotiate      what transports there are, and an id
//	GET     /client/?id=           Upgrade: websocket; without an id a new connection
//	GET     /client/?id=           Accept: text/event-stream
//	GET     /client/?id=           anything else is a long poll
//	POST    /client/?id=           what the client sends, beside the last two
//	DELETE  /client/?id=           ends long polling
//	OPTIONS                        CORS
//
// The id is the connection token, a secret. The connection ID, which is public, finds
// nothing, except for clients of version 0, which know no other.
//
// # Stateful reconnect
//
// A client that asked for it comes back with the same id over a new WebSocket, while
// the old one is there or up to Config.ResumeTimeout after it broke. What is queued
// when it breaks is dropped, and so is what is sent until it is back: the Receiver has
// kept it, and sends it again from Resumed. A message that Send took after the new
// WebSocket is there and before Resumed has said its Sequence is ignored by the client,
// which did not acknowledge it; it has to be among those that are sent again.
//
// Source: "Transport Protocols" of SignalR, dotnet/aspnetcore; its
// HttpConnectionDispatcher.
package transport

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Kind is a transport, spelled as negotiate spells it.
type Kind string

// The transports.
const (
	WebSockets       Kind = "WebSockets"
	ServerSentEvents Kind = "ServerSentEvents"
	LongPolling      Kind = "LongPolling"
)

// Grant is what Accept says of a request that it lets through.
type Grant struct {
	// Allowed are the transports that this client may use; none is all.
	Allowed []Kind
	// PollTimeout ends a connection that does not poll; 0 is Config.PollGap.
	PollTimeout time.Duration
	// Owner is whose connection it is, a hub and a user for example. Requests of
	// others do not find it. "" is an owner as well.
	Owner string
	// Detail is for the one who gave it: Open gets that of the request that opened.
	Detail any
}

// Refusal is an answer that is no connection.
type Refusal struct {
	Status int
	// Header is added to the answer: WWW-Authenticate, Retry-After.
	Header http.Header
	Text   string
}

// Receiver is what a connection leads to.
type Receiver interface {
	// Receive takes what the client sent, as it came: a part of a message, or several.
	// It keeps nothing of b. An error closes the connection, by us.
	Receive(b []byte) error
	// Resumed says that a client of stateful reconnect has come back, over a new
	// WebSocket: what was sent after the old one broke did not arrive.
	Resumed()
	// Closed says that the connection has ended, and how.
	Closed(End)
}

// End is how a connection ended.
type End struct {
	// By is who ended it: the client orderly, the client by vanishing, us.
	By By
	// Err is what was seen, nil for an orderly end. With ByUs it is the error of
	// Receive, or ErrTooLarge.
	Err error
}

// By is who ended a connection.
type By int

// Who ends connections.
const (
	ByUs     By = iota // Conn.Close was called
	ByClient           // a close frame, DELETE, an ended stream
	ByLoss             // it broke, or no poll came
	BySlow             // it did not take its messages
)

// Conn is a connection. Its methods may be called from any goroutine.
type Conn interface {
	ID() string
	Kind() Kind
	// Query is that of the request that opened it, without access_token and id, which
	// are secrets; Header its header without Authorization; Caller where it comes from.
	Query() url.Values
	Header() http.Header
	Caller() netip.Addr
	// Reconnects reports whether stateful reconnect was agreed on.
	Reconnects() bool
	// Binary makes WebSocket frames binary from now on.
	Binary()
	// Send queues whole messages. It keeps b, which must not be changed any more. It
	// reports false if the connection is closed, or is now, as slow. A single message
	// may be larger than Config.MaxUnsent.
	Send(b []byte) bool
	// Close ends the connection after what was sent, which has a few seconds to be
	// taken. It does not wait. What the client sends from now on is not received. A
	// repeat does nothing.
	Close()
}

// Config is what New needs.
type Config struct {
	// Accept authenticates each request, of negotiate and of every transport; see
	// BearerToken. It also judges the hub that the request names. Required.
	Accept func(*http.Request) (Grant, *Refusal)
	// Open makes the Receiver of a new connection, or refuses it. It may send at once.
	// Required.
	Open func(Conn, Grant) (Receiver, *Refusal)
	// Suffix ends connection IDs and tokens, nine letters and digits; "" draws one.
	Suffix string
	// NegotiateTimeout is how long a negotiated connection is waited for, 0 is 15 s.
	NegotiateTimeout time.Duration
	// PollTimeout answers a long poll without messages, 0 is 90 s. PollGap is how long a
	// client may be without a poll, 0 is 5 s. ResumeTimeout is how long a broken
	// connection of stateful reconnect is kept, 0 is 30 s.
	PollTimeout, PollGap, ResumeTimeout time.Duration
	// MaxUnsent bounds what a client has not taken, 0 is 1 MiB; MaxMessage a POST and
	// a WebSocket message, 0 is 1 MiB; MaxPending the connections that were negotiated
	// and are not there yet, 0 is 10,000.
	MaxUnsent, MaxMessage, MaxPending int
	// Origins may connect from browsers ("https://app.example.com"); nil or "*" is all,
	// with their credentials, as the service has it.
	Origins []string
	// Logger is told of WebSockets that fail to open; nil is none. Now is the clock of negotiated
	// connections; nil is time.Now.
	Logger *slog.Logger
	Now    func() time.Time
}
