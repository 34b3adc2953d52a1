package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"reslog/internal/fanout"
	"reslog/service/redis/relay"
)

// Redis has a protected mode: while nobody has set a password, who does not come from
// the host itself is turned away. A proxy on that host defeats it, because all
// clients then come from the host. So, unless AllowOpen says otherwise, an endpoint
// that others can reach does not lead to a server on this host that lets in who has
// no password.
//
// The server is asked before the endpoint is served, and again every guardInterval:
// a password may be taken away. While it could not be asked, and when it turns out to
// be open later, clients that do not come from this host are refused.
//
// Source: "Redis security", protected mode.

// ErrOpen is wrapped by the error of New for a server that must not be made reachable.
var ErrOpen = errors.New("the Redis server lets in who has no password")

// guardInterval is how often a server is asked again; while nobody knows yet, and the
// server does not answer, unaskedInterval is.
const (
	guardInterval   = 30 * time.Second
	unaskedInterval = time.Second
)

// How a server stands.
const (
	unasked int32 = iota
	safe          // it wants a password, or is not on this host
	openToAll
)

// guard knows whether an endpoint may be used from elsewhere. A nil guard lets
// everybody in.
type guard struct {
	listener string
	upstream relay.Upstream
	// open asks the server.
	open  func(context.Context) (bool, error)
	state atomic.Int32
}

// newGuard returns the guard of an endpoint, nil when it needs none.
func newGuard(c *Config, e Endpoint, open func(context.Context) (bool, error)) *guard {
	// Who sends PROXY headers speaks for clients from anywhere.
	if c.AllowOpen || isLocalListener(e.Listener.Addr()) && len(c.Trusted) == 0 {
		return nil
	}
	return &guard{listener: e.Listener.Addr().String(), upstream: e.Upstream, open: open}
}

// lets reports whether a client may be let through.
func (g *guard) lets(client netip.Addr) bool {
	return g == nil || g.state.Load() == safe || client.Unmap().IsLoopback()
}

// ask finds out how the server stands. When it cannot be asked what was known stays.
func (g *guard) ask(ctx context.Context) (int32, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	local, err := isLocalServer(ctx, g.upstream)
	if err != nil {
		return g.state.Load(), err
	}
	open := false
	if local {
		if open, err = g.open(ctx); err != nil {
			return g.state.Load(), err
		}
	}
	state := safe
	if open {
		state = openToAll
	}
	g.state.Store(state)
	return state, nil
}

// refusal says what is wrong and what to do.
func (g *guard) refusal() error {
	return fmt.Errorf("lead clients of other hosts from %s to %s: %w, and would take them for clients of its own host, "+
		"so that its protected mode does not turn them away; set a password there (requirepass), or listen on 127.0.0.1, or allow it with --redis-allow-open",
		g.listener, g.upstream.Address, ErrOpen)
}

// refusal is what a client is told that is not let through.
func (ep *endpoint) refusal() string {
	if ep.guard != nil {
		return "-DENIED clients of other hosts are refused while the Redis server behind this proxy lets in who has no password, or could not be asked whether it does\r\n"
	}
	return "-ERR this connection cannot be recorded, and is refused\r\n"
}

// checkGuards asks all servers, and returns an error if one is open.
func (s *Server) checkGuards(ctx context.Context) error {
	errs := make([]error, len(s.endpoints))
	fanout.Do(len(s.endpoints), len(s.endpoints), func(i int) {
		g := s.endpoints[i].guard
		if g == nil {
			return
		}
		switch state, err := g.ask(ctx); {
		case err != nil:
			s.c.Logger.Warn("the Redis server could not be asked whether it wants a password; clients of other hosts are refused until it answers",
				"listener", g.listener, "server", g.upstream.Address, "error", err)
		case state == openToAll:
			errs[i] = g.refusal()
		}
	})
	return errors.Join(errs...)
}

// watch asks again and again, until ctx is done.
func (s *Server) watch(ctx context.Context, g *guard) {
	last := g.state.Load()
	for {
		interval := guardInterval
		if last == unasked {
			interval = unaskedInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
		state, err := g.ask(ctx)
		if err != nil || state == last {
			continue
		}
		last = state
		if state == openToAll {
			s.c.Logger.Error("clients of other hosts are refused", "error", g.refusal())
			continue
		}
		s.c.Logger.Info("the Redis server wants a password; clients of other hosts are let through", "listener", g.listener, "server", g.upstream.Address)
	}
}

// isLocalListener reports whether only this host reaches an address.
func isLocalListener(a net.Addr) bool {
	if a.Network() == "unix" {
		return true
	}
	addr, err := netip.ParseAddrPort(a.String())
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

// isLocalServer reports whether a server is on this host: on a Unix socket, or at one
// of the host's addresses.
func isLocalServer(ctx context.Context, u relay.Upstream) (bool, error) {
	if u.Network == "unix" {
		return true, nil
	}
	host, _, err := net.SplitHostPort(u.Address)
	if err != nil {
		return false, fmt.Errorf("read the address of the Redis server: %w", err)
	}
	if host == "" {
		return true, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false, fmt.Errorf("look up the Redis server: %w", err)
	}
	own, err := ownAddrs()
	if err != nil {
		return false, err
	}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		if a.IsLoopback() || a.IsUnspecified() || own[a] {
			return true, nil
		}
	}
	return false, nil
}

// ownAddrs are the addresses of this host.
func ownAddrs() (map[netip.Addr]bool, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the addresses of this host: %w", err)
	}
	own := make(map[netip.Addr]bool, len(addrs))
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own[p.Addr().Unmap()] = true
		}
	}
	return own, nil
}
