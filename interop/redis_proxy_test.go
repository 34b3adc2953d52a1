package interop

import (
	"context"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"reslog/server"
	"reslog/server/servertest"
)

// from is a client that connects from an address of this machine.
func from(t *testing.T, source, addr, password string) *redis.Client {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	c := redis.NewClient(&redis.Options{
		Addr: addr, Password: password, PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true, DialTimeout: patience, ReadTimeout: patience,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return d.DialContext(ctx, network, addr)
		},
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestRedisBehindHAProxy has HAProxy stand before a node, and say who the client is:
// the records name it, with the port that it came from.
func TestRedisBehindHAProxy(t *testing.T) {
	for _, c := range []struct{ option, host, source string }{
		{"send-proxy", "127.0.0.1", "127.0.0.77"},
		{"send-proxy-v2", "127.0.0.1", "127.0.0.78"},
		{"send-proxy-v2 proxy-v2-options crc32c,unique-id", "127.0.0.1", "127.0.0.79"},
		{"send-proxy", "::1", "::1"},
		{"send-proxy-v2", "::1", "::1"},
		{"send-proxy check-send-proxy check inter 100ms", "127.0.0.1", "127.0.0.80"},
	} {
		t.Run(c.option+" "+c.host, func(t *testing.T) {
			s := startRedis(t, "--requirepass", redisPassword)
			n := before(t, s, servertest.WithConfig(func(c *server.Config) { c.RedisProxyProtocol = []string{"127.0.0.1/32"} }))
			addr := proxyOf(t, c.host, n.addr, c.option)
			client := from(t, c.source, addr, redisPassword)
			// The port as the client itself sees it.
			conn := client.Conn()
			check(t, conn.Set(t.Context(), "k", "v", 0).Err())
			check(t, conn.Close())
			check(t, client.Close())
			var ours []conversation
			eventually(t, "there is no closed connection of a client", func() bool {
				n.Settle(t)
				ours = nil
				for _, told := range n.events(t) {
					if told.String() == "new, auth 8 default, close client" {
						ours = append(ours, told)
					}
				}
				return len(ours) > 0
			})
			want(t, "client", ours[0][0].Properties.ClientIP, c.source)
			if ours[0][0].Properties.ClientPort == 0 {
				t.Error("the record has no port of the client")
			}
		})
	}
}

// TestRedisProxyProtocolWithTLS has the header come before the TLS of the client, as
// HAProxy sends it when it passes on what it cannot read.
func TestRedisProxyProtocolWithTLS(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	s.people(t)
	n := before(t, s, servertest.WithConfig(func(c *server.Config) { c.RedisProxyProtocol, c.RedisTLS = []string{"127.0.0.0/8"}, true }))
	n.base = s.received(t) // the node has asked whether the server wants a password
	direct := n.addr
	n.addr = proxyOf(t, "127.0.0.1", direct, "send-proxy-v2")
	c := n.secured(t, trusting(t, n.CAFile()))
	check(t, c.Ping(t.Context()).Err())
	check(t, c.Close())
	served := n.connections(t)
	wantStories(t, n.closed(t, served), map[string]int{"new, auth 8 alice, close client": served})
	// Who is to send a header and does not is not listened to.
	n.addr = direct
	if err := n.secured(t, trusting(t, n.CAFile())).Ping(t.Context()).Err(); err == nil {
		t.Error("a client got through without a header")
	}
	n.refuses(t, served, 1)
}
