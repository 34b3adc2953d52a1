package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

var errNoAddress = errors.New("its name was not found yet")

// dial connects to the server: to each of its addresses in turn, within the time for
// all, then TLS.
func (g *goroutines) dial(ctx context.Context) (duplex, error) {
	r := g.relay
	ctx, cancel := context.WithTimeout(ctx, r.config.ConnectTimeout)
	defer cancel()
	conn, err := r.servers.dial(ctx)
	if err != nil || r.config.Upstream.TLS == nil {
		return conn, err
	}
	secure := tls.Client(conn, r.servers.tls())
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("handshake with the server: %w", err)
	}
	return secure, nil
}

func (s *servers) dial(ctx context.Context) (duplex, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepalive}}
	if s.unix() {
		conn, err := d.DialContext(ctx, "unix", s.upstream.Address)
		if err != nil {
			return nil, err
		}
		return conn.(*net.UnixConn), nil
	}
	addresses, first := s.all()
	err := errNoAddress
	for i := range addresses {
		index := (first + i) % len(addresses)
		d.Deadline = time.Now().Add(share(ctx, len(addresses)-i))
		var conn net.Conn
		if conn, err = d.DialContext(ctx, "tcp", addresses[index].String()); err == nil {
			s.worked(index)
			return conn.(*net.TCPConn), nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// share is the time that one of the addresses left gets.
func share(ctx context.Context, left int) time.Duration {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline) / time.Duration(left)
}

// tls is the configuration of a connection to the server, whose certificate must be of
// the name that was looked up.
func (s *servers) tls() *tls.Config {
	c := s.upstream.TLS
	if c.ServerName != "" || c.InsecureSkipVerify || s.unix() {
		return c
	}
	c = c.Clone()
	c.ServerName, _, _ = net.SplitHostPort(s.upstream.Address)
	return c
}
