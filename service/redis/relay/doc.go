// Package relay moves bytes between clients and a Redis server, in order and
// unchanged, and lets a Tap see them.
//
//	r := relay.New(relay.Config{Upstream: …, Open: func(p relay.Peer, wake func()) relay.Tap { … }})
//	r.Serve(ctx, listener) // until ctx is done
//
// On Linux plain connections are moved by event loops that read and write without
// a goroutine for each connection; TLS on either side, and every connection
// elsewhere, has two goroutines. Both keep the same promises:
//
//   - Tap.Request sees bytes before they are written to the server, Tap.Reply before
//     they are written to the client, and no two calls of one Tap overlap.
//   - While a Tap is not Ready nothing is passed on that it has seen: neither what
//     made it so, nor what comes.
//   - A side that does not take its bytes is waited for: at most a buffer of it is
//     held, and the other side is not read meanwhile.
//   - When one side ends its writing (half-close), the other is told the same once
//     what was read is written, and the other direction goes on. A server that ended
//     is taken for closed when its client sends nothing for five seconds after that.
//   - When a server goes away while it is written to, what it said last still gets to
//     the client.
//   - Tap.Close is called once for each Tap, after everything else.
//   - Who is not let through has a Tap as well, that is closed as refused.
//
// A client whose server cannot be reached is told so with an error of Redis's form
// and closed; one too many, likewise, with the words of Redis. Taps do not see these
// lines.
//
// # What it does not do
//
// It does not know what the bytes mean, has no pool of connections to the server, and
// does not end connections that are idle: keepalive probes find peers that are gone.
package relay

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"reslog/service/redis/event"
)

// Tap sees the bytes of one connection. It must not keep them and must not block.
type Tap interface {
	// Connected tells the address that the connection to the server comes from; the
	// zero value when that has none, as a Unix socket.
	Connected(local netip.AddrPort)
	Request(b []byte)
	Reply(b []byte)
	// Ready reports whether bytes may be passed on. After it has returned false, the
	// Tap calls wake, from any goroutine, once that has changed.
	Ready() bool
	// Close says that both sides are closed.
	Close(why event.Reason)
}

// Peer is who connected.
type Peer struct {
	// Client is the address of the client: the one of a PROXY header if there is one.
	Client netip.AddrPort
	// Server is the address it connected to.
	Server netip.AddrPort
	// CommonName is that of the client's verified certificate, "" without one.
	CommonName string
}

// Upstream is the server that a listener leads to.
type Upstream struct {
	// Network is "tcp" or "unix".
	Network, Address string
	// TLS is what the connection to the server needs; nil is none.
	TLS *tls.Config
}

// Config is what New needs.
type Config struct {
	Upstream Upstream
	// TLS makes the listener speak TLS; nil is none.
	TLS *tls.Config
	// Trusted are who connects with a PROXY header, of version 1 or 2, before
	// anything else, TLS included. Who else connects must not send one, and is not
	// listened to if it does.
	Trusted []netip.Prefix
	// Open makes the Tap of a connection, when who it is from is known; or nil,
	// to close it at once. Tap.Ready tells what wake is for. Required.
	Open func(p Peer, wake func()) Tap
	// Refusal is what a client is told, in the form of Redis and with a line's end, for
	// which Open returns nil; "" is nothing.
	Refusal string
	// Blocking says that Open and the calls of a Tap may block. No connection is in an
	// event loop then.
	Blocking bool
	// Loops is the number of event loops; 0 is one for every two processors, at most 4:
	// a loop keeps a processor busy when there is much to do, and the server, or the
	// rest of the node, wants some too.
	Loops int
	// ConnectTimeout bounds the connection to the server, HandshakeTimeout a
	// client's TLS handshake and PROXY header; 0 is 5 s and 10 s.
	ConnectTimeout, HandshakeTimeout time.Duration
	// MaxConnections bounds the clients; those beyond are refused. 0 is 65,000.
	MaxConnections int
	// Logger is told what an operator should know, not more than once a second for
	// one thing; nil discards.
	Logger *slog.Logger
}

// engine is what moves the bytes of a listener.
type engine interface {
	serve(ctx context.Context, l net.Listener) error
}
