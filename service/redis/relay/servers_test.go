package relay

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestLookups(t *testing.T) {
	answers := map[string][]netip.Addr{"redis.test": {netip.MustParseAddr("::ffff:192.0.2.2"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}}
	var failing bool
	s := newServers(Upstream{Network: "tcp", Address: "redis.test:6379"}, time.Second, &calm{})
	s.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if failing {
			return nil, errors.New("no such host")
		}
		return answers[host], nil
	}
	want := func(when string, addresses ...string) {
		t.Helper()
		got, _ := s.all()
		if len(got) != len(addresses) {
			t.Fatalf("%s: %v, want %v", when, got, addresses)
		}
		for i := range got {
			if got[i].String() != addresses[i] {
				t.Errorf("%s: %v, want %v", when, got, addresses)
			}
		}
	}
	want("before")
	s.resolve(t.Context())
	want("first", "192.0.2.1:6379", "192.0.2.2:6379")
	s.worked(1)
	if _, first := s.all(); first != 1 {
		t.Error("the address that worked is not tried first")
	}
	failing = true
	s.resolve(t.Context())
	want("when the look-up fails", "192.0.2.1:6379", "192.0.2.2:6379")
	failing = false
	answers["redis.test"] = answers["redis.test"][1:2]
	s.resolve(t.Context())
	want("when there is one less", "192.0.2.1:6379")
	if _, first := s.all(); first != 0 {
		t.Errorf("first is %d of one", first)
	}
}

// The addresses are tried in turn, and the name is looked up again when none works.
func TestServerMoves(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		_, port, _ := net.SplitHostPort(b.l.Addr().String())
		n.config.Upstream = Upstream{Network: "tcp", Address: "redis.test:" + port}
		var answer atomic.Pointer[[]netip.Addr]
		answer.Store(&[]netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")})
		var asked atomic.Int32
		n.prepare = func(r *Relay) {
			r.servers.lookup = func(context.Context, string) ([]netip.Addr, error) {
				asked.Add(1)
				return *answer.Load(), nil
			}
		}
		n.start()
		if err := ask(n.dial(), "x"); err == nil {
			t.Fatal("there is a server at another address")
		}
		answer.Store(&[]netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1")})
		eventually(t, "the new address", func() bool { return ask(n.dial(), "x") == nil })
		if n := asked.Load(); n < 2 || n > 10 {
			t.Errorf("the name was looked up %d times", n)
		}
	})
}

func TestCalm(t *testing.T) {
	var out bytes.Buffer
	c := &calm{log: slog.New(slog.NewTextHandler(&out, nil))}
	for range 100 {
		c.warn("one thing", "n", 1)
	}
	c.warn("another")
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
	now := time.Now()
	if !c.due("a third", now) || c.due("a third", now.Add(999*time.Millisecond)) || !c.due("a third", now.Add(time.Second)) {
		t.Error("not once a second")
	}
}

func TestNewWithoutOpen(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New does not panic")
		}
	}()
	New(Config{})
}
