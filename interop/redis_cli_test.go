package interop

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// TestRedisTools runs redis-cli and redis-benchmark against a node.
func TestRedisTools(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	s.people(t)
	n := before(t, s)
	host, port, err := net.SplitHostPort(n.addr)
	check(t, err)
	cli := func(args ...string) string {
		return output(t, "redis-cli", append([]string{"-h", host, "-p", port, "--no-auth-warning"}, args...)...)
	}
	as := func(user, password string, args ...string) string {
		return cli(append([]string{"--user", user, "--pass", password}, args...)...)
	}
	want(t, "alice", as("alice", "wonder", "ACL", "WHOAMI"), "alice\n")
	want(t, "alice, RESP3", as("alice", "wonder", "-3", "ACL", "WHOAMI"), "alice\n")
	want(t, "with a password alone", cli("-a", redisPassword, "PING"), "PONG\n")
	want(t, "without one", cli("PING"), "NOAUTH Authentication required.\n\n")
	if got := as("alice", "wrong", "PING"); !strings.Contains(got, "WRONGPASS") || !strings.Contains(got, "NOAUTH") {
		t.Errorf("a wrong password: %q", got)
	}
	if got := as("reader", "books", "SET", "k", "v"); !strings.Contains(got, "NOPERM") {
		t.Errorf("somebody who may not: %q", got)
	}
	// Mass insertion: RESP on standard input.
	const keys = 5000
	pipe := exec.CommandContext(t.Context(), "redis-cli", "-h", host, "-p", port, "--user", "alice", "--pass", "wonder", "--no-auth-warning", "--pipe")
	var commands strings.Builder
	for i := range keys {
		commands.WriteString(array("SET", fmt.Sprint("mass", i), "x"))
	}
	pipe.Stdin = strings.NewReader(commands.String())
	out, err := pipe.CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("errors: 0, replies: %d", keys)) {
		t.Errorf("redis-cli --pipe: %v\n%s", err, out)
	}
	want(t, "keys", strings.TrimSpace(as("alice", "wonder", "DBSIZE")), fmt.Sprint(keys))
	tools := n.closed(t, 8)
	wantStories(t, tools, map[string]int{
		"new, auth 8 alice, close client": 4, "new, auth 8 default, close client": 1, "new, close client": 1, "new, auth 0 alice, close client": 1,
		"new, auth 8 reader, close client": 1,
	})

	const clients = 50 + 50 + 20
	bench := func(args ...string) {
		t.Helper()
		got := output(t, "redis-benchmark", append([]string{"-h", host, "-p", port, "--user", "alice", "-a", "wonder", "-q", "-t", "set,get", "-d", "64"}, args...)...)
		if !strings.Contains(got, "SET: ") || !strings.Contains(got, "GET: ") || strings.Contains(got, "rror") {
			t.Errorf("redis-benchmark %v: %s", args, got)
		}
	}
	bench("-n", "20000", "-c", "50")
	bench("-n", "50000", "-c", "50", "-P", "16")
	bench("-n", "2000", "-c", "20", "-k", "0")
	connections := n.connections(t)
	if connections < 8+4000 {
		t.Errorf("the server has taken %d connections", connections)
	}
	got := n.closed(t, connections)
	// When it has what it wants it leaves, also where it has hardly connected.
	hasty := got["new, close client"] - tools["new, close client"]
	if hasty > 2*clients {
		t.Errorf("%d connections of redis-benchmark have no login", hasty)
	}
	tools["new, close client"] += hasty
	tools["new, auth 8 alice, close client"] += connections - 8 - hasty
	wantStories(t, got, tools)
	t.Logf("%d connections", connections)
}
