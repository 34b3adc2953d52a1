package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"reslog/service/redis/event"
)

// goroutines is the engine for TLS, and for systems without event loops.
type goroutines struct {
	relay  *Relay
	chunks sync.Pool // of *[chunk]byte
}

// duplex is a connection whose two directions end one by one: TCP, Unix and TLS.
type duplex interface {
	net.Conn
	CloseWrite() error
}

func (g *goroutines) serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	for wait := time.Duration(0); ; {
		conn, err := l.Accept()
		switch {
		case err == nil:
			wait = 0
			running.Go(func() { g.handle(ctx, conn) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept clients: %w", err)
		default:
			// Out of files, or of memory: some will be closed.
			g.relay.log.warn("clients cannot be accepted at the moment", "err", err)
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}
}

// handle serves a client from its first byte to its last.
func (g *goroutines) handle(ctx context.Context, raw net.Conn) {
	r := g.relay
	defer r.leave()
	admitted := r.admit()
	conn, ok := raw.(duplex)
	if !ok {
		conn = &closer{raw}
	}
	defer conn.Close()
	peer := Peer{Client: addrPort(conn.RemoteAddr()), Server: addrPort(conn.LocalAddr())}
	if !admitted {
		if r.config.TLS == nil {
			sayGoodbye(conn, tooMany, 10*time.Millisecond)
		}
		r.log.warn("a client is one too many", "max", r.config.MaxConnections)
		g.end(conn, r.config.Open(peer, nobody), event.Refused)
		return
	}
	client, err := g.handshake(ctx, conn, &peer)
	ready := make(chan struct{}, 1)
	tap := r.config.Open(peer, func() { poke(ready) })
	switch {
	case tap == nil && err == nil:
		if r.config.Refusal != "" {
			sayGoodbye(client, r.config.Refusal, goodbye)
		}
		client.Close()
	case tap == nil:
	case err != nil && ctx.Err() != nil:
		g.end(conn, tap, event.Stopped)
	case err != nil:
		r.log.warn("a client is refused", "client", peer.Client, "err", err)
		g.end(conn, tap, event.Refused)
	default:
		g.serveTap(ctx, client, tap, ready)
	}
}

// nobody is woken, as no byte is passed on.
func nobody() {}

// poke leaves one word in a channel.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// serveTap connects a client that is let through to the server.
func (g *goroutines) serveTap(ctx context.Context, client duplex, tap Tap, ready chan struct{}) {
	server, err := g.dial(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		g.end(client, tap, event.Stopped)
	case err != nil:
		g.relay.servers.failed(err)
		// Its requests are still read if it sends some, and the node may stop meanwhile.
		stopped := context.AfterFunc(ctx, func() { client.Close() })
		sayGoodbye(client, unreachable, goodbye)
		stopped()
		g.end(client, tap, event.NoServer)
	default:
		tap.Connected(addrPort(server.LocalAddr()))
		p := &pair{client: client, server: server, tap: tap, ready: ready, chunks: &g.chunks, linger: g.relay.linger}
		tap.Close(p.run(ctx))
	}
}

// sayGoodbye tells a client a last line. A socket that is closed with something unread
// is reset, and the client could lose the line; so what it sends is read until it
// closes, for as long as it may take.
func sayGoodbye(client duplex, line string, wait time.Duration) {
	if client.SetDeadline(time.Now().Add(wait)) != nil {
		return
	}
	if _, err := io.WriteString(client, line); err != nil {
		return
	}
	if client.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, client, 16*chunk)
	}
}

func (g *goroutines) end(client net.Conn, tap Tap, why event.Reason) {
	client.Close()
	if tap != nil {
		tap.Close(why)
	}
}

// handshake reads the PROXY header, if one must come, and does that of TLS.
func (g *goroutines) handshake(ctx context.Context, conn duplex, peer *Peer) (duplex, error) {
	r := g.relay
	trusted := r.trusts(peer.Client.Addr())
	if !trusted && r.config.TLS == nil {
		return conn, nil
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(r.config.HandshakeTimeout)); err != nil {
		return nil, err
	}
	if trusted {
		var err error
		if conn, err = readHeader(conn, peer); err != nil {
			return nil, err
		}
	}
	if r.config.TLS != nil {
		secure := tls.Server(conn, r.config.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
		// What is presented is what the configuration had verified, or not asked for.
		if s := secure.ConnectionState(); len(s.VerifiedChains) > 0 {
			peer.CommonName = s.PeerCertificates[0].Subject.CommonName
		}
		conn = secure
	}
	return conn, conn.SetDeadline(time.Time{})
}

// readHeader takes the PROXY header from the front of what conn sends, and returns a
// connection that sends the rest.
func readHeader(conn duplex, peer *Peer) (duplex, error) {
	b := make([]byte, 0, maxHeader)
	for len(b) < cap(b) {
		n, err := conn.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		o, size, bad := parseHeader(b)
		switch {
		case n > 0 && bad != nil:
			return nil, bad
		case n > 0 && size > 0:
			o.apply(peer)
			return &preceded{conn, b[size:]}, nil
		case err != nil:
			return nil, fmt.Errorf("read the PROXY header: %w", err)
		}
	}
	return nil, errHeader
}

// preceded is a connection of which some bytes have been read already.
type preceded struct {
	duplex
	first []byte
}

func (p *preceded) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.duplex.Read(b)
	}
	n := copy(b, p.first)
	if p.first = p.first[n:]; len(p.first) == 0 {
		p.first = nil
	}
	return n, nil
}

// closer is a connection that cannot end one direction alone.
type closer struct{ net.Conn }

func (c *closer) CloseWrite() error { return c.Close() }

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
