package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"reslog/metric"
	"reslog/service/redis/relay"
)

// answering is a server that answers whatever it is asked with what is in it.
func answering(t *testing.T, answer *atomic.Value) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 512)
				for {
					if _, err := conn.Read(b); err != nil {
						return
					}
					fmt.Fprint(conn, answer.Load())
				}
			}()
		}
	}()
	return l.Addr().String()
}

const (
	pong   = "+PONG\r\n"
	noauth = "-NOAUTH Authentication required.\r\n"
)

// An endpoint that others can reach does not lead to an open server on this host.
func TestProtectedMode(t *testing.T) {
	var open, closed atomic.Value
	open.Store(pong)
	closed.Store(noauth)
	openServer, closedServer := answering(t, &open), answering(t, &closed)
	_, port, err := net.SplitHostPort(openServer)
	if err != nil {
		t.Fatal(err)
	}
	here := netip.MustParsePrefix("127.0.0.0/8")
	for name, c := range map[string]struct {
		listen, server string
		allow          bool
		trusted        []netip.Prefix
		refused        bool
	}{
		"reachable, open":              {"0.0.0.0:0", openServer, false, nil, true},
		"reachable, open, by name":     {"0.0.0.0:0", "localhost:" + port, false, nil, true},
		"reachable, open, any address": {"[::]:0", ":" + port, false, nil, true},
		"PROXY headers, open":          {"127.0.0.1:0", openServer, false, []netip.Prefix{here}, true},
		"reachable, open, allowed":     {"0.0.0.0:0", openServer, true, nil, false},
		"reachable, with a password":   {"0.0.0.0:0", closedServer, false, nil, false},
		"loopback, open":               {"127.0.0.1:0", openServer, false, nil, false},
		"reachable, not up":            {"0.0.0.0:0", "127.0.0.1:1", false, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", c.listen)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s := new(sink)
			p, err := New(Config{
				Endpoints: []Endpoint{{l, relay.Upstream{Network: "tcp", Address: c.server}}}, Database: sampleDatabase, Dir: t.TempDir(),
				Emitter: s, Stream: s, Recorder: metric.New(metric.Config{Emitter: s}), AllowOpen: c.allow, Trusted: c.trusted,
			})
			if errors.Is(err, ErrOpen) != c.refused || !c.refused && err != nil {
				t.Fatalf("error %v, want one: %v", err, c.refused)
			}
			if c.refused {
				for _, word := range []string{l.Addr().String(), c.server, "requirepass", "--redis-allow-open"} {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("%q does not say %s", err, word)
					}
				}
				return
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoIsLetThrough(t *testing.T) {
	local, remote := netip.MustParseAddr("::ffff:127.0.0.1"), netip.MustParseAddr("10.0.0.9")
	var none *guard
	if !none.lets(remote) {
		t.Error("a guard that there is none of refuses")
	}
	answer, failing := false, errors.New("not up yet")
	fails := failing
	g := &guard{upstream: relay.Upstream{Network: "tcp", Address: "127.0.0.1:1"}, open: func(context.Context) (bool, error) { return answer, fails }}
	for i, c := range []struct {
		open bool
		err  error
		lets bool
	}{
		{false, failing, false}, // nobody knows
		{false, nil, true},      // a password is wanted
		{false, failing, true},  // it was a moment ago
		{true, nil, false},      // no more
		{true, failing, false},
		{false, nil, true},
	} {
		answer, fails = c.open, c.err
		if _, err := g.ask(t.Context()); !errors.Is(err, c.err) {
			t.Errorf("step %d: error %v", i, err)
		}
		if g.lets(remote) != c.lets || !g.lets(local) {
			t.Errorf("step %d: others are let through: %v, want %v; this host: %v", i, g.lets(remote), c.lets, g.lets(local))
		}
	}
	// A server elsewhere protects itself: it sees the node's address.
	g = &guard{upstream: relay.Upstream{Network: "tcp", Address: "192.0.2.1:6379"}}
	if _, err := g.ask(t.Context()); err != nil || !g.lets(remote) {
		t.Errorf("a server elsewhere: error %v, lets through %v", err, g.lets(remote))
	}
}

// The password is taken away, and set again, while clients come.
func TestPasswordIsTakenAway(t *testing.T) {
	own := ownAddr(t)
	var answer atomic.Value
	answer.Store(noauth)
	server := answering(t, &answer)
	s := new(sink)
	l, err := net.Listen("tcp", net.JoinHostPort(own, "0"))
	if err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, relay.Upstream{}, s, func(c *Config) {
		c.Endpoints = []Endpoint{{l, relay.Upstream{Network: "tcp", Address: server}}}
	})
	g := p.endpoints[0].guard
	if reply := dial(t, l.Addr().String()).do("PING"); reply != "-NOAUTH Authentication required." {
		t.Errorf("it is answered with %q", reply)
	}
	answer.Store(pong)
	if _, err := g.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reply, err := dial(t, l.Addr().String()).read(); err != nil || !strings.HasPrefix(reply, "-DENIED ") {
		t.Errorf("it is told %q, error %v", reply, err)
	}
	if got := s.ended(t, 1); got[len(got)-1] != "new_conn, close_conn refused" {
		t.Errorf("it is told as %q", got)
	}
	answer.Store(noauth)
	if _, err := g.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reply := dial(t, l.Addr().String()).do("PING"); reply != "-NOAUTH Authentication required." {
		t.Errorf("it is answered with %q", reply)
	}
}

// ownAddr is an address of this host that is not loopback, 127.0.0.1 if it has none:
// such a host has nobody who could come from elsewhere.
func ownAddr(t *testing.T) string {
	t.Helper()
	addrs, err := ownAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for a := range addrs {
		if a.Is4() && !a.IsLoopback() {
			return a.String()
		}
	}
	t.Fatal("this test needs an address that is not loopback")
	return ""
}

// A server that was not up is asked again until it is.
func TestServerComesUpLater(t *testing.T) {
	l, err := net.Listen("tcp", net.JoinHostPort(ownAddr(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	var up atomic.Bool
	s := &Server{c: Config{Logger: slog.New(slog.DiscardHandler)}}
	g := newGuard(&s.c, Endpoint{l, relay.Upstream{Network: "unix", Address: "/x"}}, func(context.Context) (bool, error) {
		if !up.Load() {
			return false, errors.New("not up yet")
		}
		return false, nil
	})
	_ = l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		s.watch(ctx, g)
		close(done)
	}()
	if g.lets(netip.MustParseAddr("10.0.0.9")) {
		t.Error("others are let through before anybody knows")
	}
	up.Store(true)
	eventually(t, "others are not let through", func() bool { return g.lets(netip.MustParseAddr("10.0.0.9")) })
	cancel()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Error("it does not end with its context")
	}
}
