package interop

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"reslog/internal/freeport"
)

// redisPassword is that of the user "default" of servers that have one.
const redisPassword = "correct horse"

// redisServer is a redis-server, a process of its own, and a client of it that does
// not go through a node.
type redisServer struct {
	addr, socket string
	*redis.Client
	asked int64 // how often it was asked what it counted
}

// mustHave ends a test of a machine that lacks one of these programs.
func mustHave(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("the Redis front end is tested with %s (packages redis-server, redis-tools and haproxy of Debian): %v", p, err)
		}
	}
}

// startRedis starts a server that keeps nothing, and ends it with the test. More
// arguments are those of redis-server.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	mustHave(t, "redis-server", "redis-cli", "redis-benchmark")
	dir := t.TempDir()
	s := &redisServer{addr: freeAddr(t, "127.0.0.1"), socket: filepath.Join(dir, "redis.sock")}
	_, port, err := net.SplitHostPort(s.addr)
	check(t, err)
	s.start(t, dir, append([]string{"--port", port, "--bind", "127.0.0.1", "--unixsocket", s.socket}, args...)...)
	return s
}

// start starts the process, and waits until it answers.
func (s *redisServer) start(t *testing.T, dir string, args ...string) {
	t.Helper()
	run(t, dir, "redis-server", append([]string{"--save", "", "--appendonly", "no", "--dir", dir, "--maxclients", "5000"}, args...)...)
	password := ""
	for i, arg := range args {
		if arg == "--requirepass" {
			password = args[i+1]
		}
	}
	// One connection, so that it knows how many are its own.
	s.Client = redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket, Password: password, PoolSize: 1, MaxRetries: -1, Protocol: 2, DisableIdentity: true, ReadTimeout: patience})
	t.Cleanup(func() { _ = s.Close() })
	eventually(t, "redis-server does not answer", func() bool { return s.Ping(t.Context()).Err() == nil })
}

// run starts a program that is ended with the test. What it prints is shown when the
// test fails.
func run(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	out, err := os.CreateTemp(dir, filepath.Base(name)+"-*.out")
	check(t, err)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
		if b, err := os.ReadFile(out.Name()); err == nil && t.Failed() {
			t.Logf("%s printed:\n%s", name, b[max(0, len(b)-4000):])
		}
		_ = out.Close()
	})
	return cmd
}

// freeAddr is one of an address of this machine that nobody listens on.
func freeAddr(t *testing.T, host string) string {
	t.Helper()
	addr, err := freeport.Addr(host)
	check(t, err)
	return addr
}

// received is how many connections the server has taken until now, but for those
// over which a node asked it for INFO and CLIENT LIST: it makes one each time. That one
// may be between its connection and its question is why it is counted until two
// counts are the same.
func (s *redisServer) received(t *testing.T) int64 {
	t.Helper()
	for last := int64(-1); ; time.Sleep(20 * time.Millisecond) {
		n := s.count(t)
		if n == last {
			return n
		}
		last = n
	}
}

func (s *redisServer) count(t *testing.T) int64 {
	t.Helper()
	text, err := s.Do(t.Context(), "INFO", "stats", "commandstats").Text()
	check(t, err)
	// Who may not ask is rejected, and has connected all the same.
	n := infoNumber(t, text, "total_connections_received:", "") - infoNumber(t, text, "cmdstat_info:", "calls=") - infoNumber(t, text, "cmdstat_info:", "rejected_calls=") -
		infoNumber(t, text, "cmdstat_client|list:", "calls=") - infoNumber(t, text, "cmdstat_client|list:", "rejected_calls=") + s.asked
	s.asked++
	return n
}

// infoNumber is a figure of a line of INFO, behind a name within it; 0 when there is
// no such line.
func infoNumber(t *testing.T, info, line, name string) int64 {
	t.Helper()
	_, rest, ok := strings.Cut(info, "\n"+line)
	if !ok {
		return 0
	}
	rest, _, _ = strings.Cut(rest, "\r\n")
	if name != "" {
		if _, rest, ok = strings.Cut(","+rest, ","+name); !ok {
			return 0
		}
		rest, _, _ = strings.Cut(rest, ",")
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	check(t, err)
	return n
}

// refusals are how often a login was refused, by the user it named, as ACL LOG has
// it.
func (s *redisServer) refusals(t *testing.T) map[string]int {
	t.Helper()
	entries, err := s.ACLLog(t.Context(), 128).Result()
	check(t, err)
	by := map[string]int{}
	for _, e := range entries {
		if e.Reason == "auth" {
			by[e.Username] += int(e.Count)
		}
	}
	return by
}

// people adds users to the server: alice, who may everything; reader, who may get
// alone; carol, who is disabled; and one without a password.
func (s *redisServer) people(t *testing.T) {
	t.Helper()
	for _, rules := range [][]any{
		{"alice", "on", ">wonder", "~*", "&*", "+@all"},
		{"reader", "on", ">books", "~*", "-@all", "+get", "+ping", "+client", "+hello"},
		{"carol", "off", ">left", "~*", "+@all"},
		{"open", "on", "nopass", "~*", "+@all"},
	} {
		check(t, s.Do(t.Context(), append([]any{"ACL", "SETUSER"}, rules...)...).Err())
	}
}

// output runs a program that must succeed, and returns what it prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// proxyOf is an HAProxy before a server, whose option is send-proxy or another of a
// server; it returns where it listens.
func proxyOf(t *testing.T, host, upstream, option string) string {
	t.Helper()
	mustHave(t, "haproxy")
	dir, addr := t.TempDir(), freeAddr(t, host)
	file := filepath.Join(dir, "haproxy.cfg")
	check(t, os.WriteFile(file, fmt.Appendf(nil, `global
	log stdout format raw local0
defaults
	mode tcp
	log global
	option tcplog
	timeout connect 10s
	timeout client 1m
	timeout server 1m
listen redis
	bind %s
	server node %s %s
`, addr, upstream, option), 0o600))
	run(t, dir, "haproxy", "-db", "-f", file)
	listening(t, addr)
	return addr
}

// listening waits until somebody listens, without being served.
func listening(t *testing.T, addr string) {
	t.Helper()
	eventually(t, "nobody listens at "+addr, func() bool {
		b, err := os.ReadFile("/proc/net/tcp")
		if err != nil { // elsewhere than on Linux
			time.Sleep(time.Second)
			return true
		}
		_, port, err := net.SplitHostPort(addr)
		check(t, err)
		n, err := strconv.Atoi(port)
		check(t, err)
		six, _ := os.ReadFile("/proc/net/tcp6") // not everywhere
		for line := range strings.Lines(string(b) + string(six)) {
			if f := strings.Fields(line); len(f) > 3 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) {
				return true
			}
		}
		return false
	})
}
