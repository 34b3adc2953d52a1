package interop

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"reslog/internal/freeport"
	"reslog/server"
	"reslog/server/servertest"
)

// redisCluster are three servers, and a node with a listener for each.
type redisCluster struct {
	*redisNode
	servers []*redisServer
	addrs   []string // of the listeners
}

// How the servers of a cluster name the listeners.
const (
	// byAddress announces the address and the port of each listener: also the servers
	// reach each other there, so it must be that of the servers.
	byAddress = "address"
	// byHostname announces a name: listeners have the ports of the servers, and are
	// elsewhere.
	byHostname = "hostname"
	// byNothing tells a client to stay with the host that it knows.
	byNothing = "unknown-endpoint"
)

// startCluster starts a cluster, and a node before it.
func startCluster(t *testing.T, names string) *redisCluster {
	t.Helper()
	k := &redisCluster{}
	host := "127.0.1.1"
	if names == byAddress {
		host = "127.0.0.1"
	}
	var upstreams, create []string
	free, err := freeport.Addrs(host, 9)
	check(t, err)
	for i := range 3 {
		dir := t.TempDir()
		s := &redisServer{addr: free[3*i], socket: dir + "/redis.sock"}
		_, port, err := net.SplitHostPort(s.addr)
		check(t, err)
		_, bus, err := net.SplitHostPort(free[3*i+1])
		check(t, err)
		s.start(t, dir, "--port", port, "--bind", host, "--bind-source-addr", host, "--unixsocket", s.socket, "--requirepass", redisPassword,
			"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-config-file", dir+"/nodes.conf", "--cluster-node-timeout", "20000")
		s.people(t)
		listener := "127.0.0.1:" + port
		if names == byAddress {
			listener = free[3*i+2]
		}
		k.servers, k.addrs, upstreams = append(k.servers, s), append(k.addrs, listener), append(upstreams, s.addr)
		create = append(create, s.addr+"@"+bus)
	}
	output(t, "redis-cli", append([]string{"-a", redisPassword, "--no-auth-warning", "--cluster-yes", "--cluster", "create"}, create...)...)
	for i, s := range k.servers {
		set := func(name, value string) { check(t, s.ConfigSet(t.Context(), name, value).Err()) }
		switch names {
		case byAddress:
			_, port, err := net.SplitHostPort(k.addrs[i])
			check(t, err)
			set("cluster-announce-ip", host)
			set("cluster-announce-port", port)
		case byHostname:
			set("cluster-announce-hostname", "localhost")
			set("cluster-preferred-endpoint-type", "hostname")
		default:
			set("cluster-preferred-endpoint-type", names)
		}
	}
	for _, s := range k.servers {
		eventually(t, "the cluster is not whole, or does not know the listeners", func() bool {
			info, err := s.ClusterInfo(t.Context()).Result()
			check(t, err)
			nodes, err := s.ClusterNodes(t.Context()).Result()
			check(t, err)
			for _, addr := range k.addrs {
				if names == byAddress && !strings.Contains(nodes, " "+addr+"@") {
					return false
				}
			}
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3") &&
				(names != byHostname || strings.Count(nodes, ",localhost") == 3)
		})
	}
	base := k.receivedAll(t)
	k.redisNode = before(t, k.servers[0], servertest.WithConfig(func(c *server.Config) {
		c.RedisAddr, c.RedisUpstream = strings.Join(k.addrs, ","), strings.Join(upstreams, ",")
	}))
	k.base = base
	return k
}

// receivedAll is received of all servers.
func (k *redisCluster) receivedAll(t *testing.T) (n int64) {
	t.Helper()
	for _, s := range k.servers {
		n += s.received(t)
	}
	return n
}

// TestRedisCluster has go-redis use a cluster whose servers announce the listeners of
// a node: nobody gets past it.
func TestRedisCluster(t *testing.T) {
	for _, names := range []string{byAddress, byHostname} {
		t.Run(names, func(t *testing.T) { redisCommandsOfCluster(t, startCluster(t, names)) })
	}
}

func redisCommandsOfCluster(t *testing.T, k *redisCluster) {
	for _, protocol := range []int{2, 3} {
		c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: slices.Clone(k.addrs[:1]), Protocol: protocol, Username: "alice", Password: "wonder", DisableIdentity: true, DialTimeout: patience, ReadTimeout: patience})
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 250 {
					key := fmt.Sprint(w, ":", i)
					if err := c.Set(t.Context(), key, i, 0).Err(); err != nil {
						t.Errorf("set: %v", err)
						return
					}
					if got, err := c.Get(t.Context(), key).Int(); err != nil || got != i {
						t.Errorf("got %d, want %d: %v", got, i, err)
						return
					}
				}
			})
		}
		wg.Wait()
		_, err := c.Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for i := range 3000 {
				p.Incr(t.Context(), fmt.Sprint("counter", i%100))
			}
			return nil
		})
		check(t, err)
		check(t, c.Close())
	}
	// redis-cli follows redirections.
	host, port, err := net.SplitHostPort(k.addrs[0])
	check(t, err)
	for i := range 5 {
		got := output(t, "redis-cli", "-c", "-h", host, "-p", port, "--user", "alice", "--pass", "wonder", "--no-auth-warning", "SET", fmt.Sprint("cli", i), "x")
		want(t, "redis-cli", got, "OK\n")
	}
	k.wholeCluster(t)
}

// TestRedisClusterUnknownEndpoints has servers that name no host in redirections, for
// clients that stay with the host that they know; neither redis-cli 7.0 nor go-redis
// does.
func TestRedisClusterUnknownEndpoints(t *testing.T) {
	k := startCluster(t, byNothing)
	// What a redirection says, byte by byte.
	moved := 0
	for _, addr := range k.addrs {
		r := dialRaw(t, addr)
		r.ask(array("AUTH", "alice", "wonder"), "+OK\r\n")
		r.say(array("GET", "nothing"))
		if answer := r.line(); strings.HasPrefix(answer, "-MOVED ") {
			moved++
			if f := strings.Fields(answer); len(f) != 3 || !strings.HasPrefix(f[2], ":") {
				t.Errorf("a redirection: %q", answer)
			}
		}
		r.close()
	}
	want(t, "servers that redirect", moved, 2)
	k.wholeCluster(t)
}

// wholeCluster waits until all connections are closed, and checks that each of the
// servers took those that the records say it did, and every one of them logged in.
func (k *redisCluster) wholeCluster(t *testing.T) {
	t.Helper()
	var connections int
	eventually(t, "the archive does not have all connections that the servers took", func() bool {
		k.Settle(t)
		connections = int(k.receivedAll(t) - k.base)
		return connections == len(k.events(t))
	})
	all := k.conversations(t, connections)
	got := storiesOf(all)
	quit := got["new, auth 8 alice, close server"]
	wantStories(t, got, map[string]int{"new, auth 8 alice, close client": connections - quit, "new, auth 8 alice, close server": quit})
	by := map[string]int{}
	for _, c := range all {
		p := c[0].Properties
		by[net.JoinHostPort(p.ServerIP, fmt.Sprint(p.ServerPort))]++
	}
	for _, addr := range k.addrs {
		if by[addr] == 0 {
			t.Errorf("nobody connected to %s: %v", addr, by)
		}
	}
	want(t, "listeners", len(by), len(k.addrs))
	t.Logf("%d connections: %v", connections, by)
}
