package interop

import (
	"net"
	"strings"
	"testing"

	"reslog/server"
	"reslog/server/servertest"
)

// TestNodeRedis runs the tests of ioredis and redis in node/, with clients that speak
// TLS and without.
func TestNodeRedis(t *testing.T) {
	install(t)
	for _, secured := range []bool{false, true} {
		for file, stories := range map[string]map[string]int{
			"redis/ioredis.test.js": {"new, auth 8 alice, close client": 4, "new, auth 8 alice, close server": 1, "new, auth 0 alice, close client": 1},
			"redis/redis.test.js":   {"new, auth 8 alice, close client": 10, "new, auth 0 alice, close client": 2},
		} {
			name := file
			if secured {
				name += " with TLS"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := startRedis(t, "--requirepass", redisPassword)
				s.people(t)
				n := before(t, s, servertest.WithConfig(func(c *server.Config) { c.RedisTLS = secured }))
				env := redisEnv(t, n.addr)
				if secured {
					env = append(env, "RESLOG_REDIS_TLS=1", "NODE_EXTRA_CA_CERTS="+n.CAFile())
				}
				runNode(t, file, env...)
				connections := 0
				for _, times := range stories {
					connections += times
				}
				wantStories(t, storiesOf(n.conversations(t, connections)), stories)
				want(t, "logins that the server refused", s.refusals(t)["alice"], connections-stories["new, auth 8 alice, close client"]-stories["new, auth 8 alice, close server"])
			})
		}
	}
}

// TestNodeRedisCluster runs those with a cluster.
func TestNodeRedisCluster(t *testing.T) {
	install(t)
	for _, names := range []string{byAddress, byHostname} {
		t.Run(names, func(t *testing.T) {
			k := startCluster(t, names)
			runNode(t, "redis/cluster.test.js", redisEnv(t, k.addrs...)...)
			k.wholeCluster(t)
		})
	}
}

// redisEnv tells the tests in node/ where listeners are.
func redisEnv(t *testing.T, addrs ...string) []string {
	t.Helper()
	var host string
	var ports []string
	for _, addr := range addrs {
		h, port, err := net.SplitHostPort(addr)
		check(t, err)
		host, ports = h, append(ports, port)
	}
	return []string{"RESLOG_REDIS_HOST=" + host, "RESLOG_REDIS_PORTS=" + strings.Join(ports, ",")}
}
