package redis

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"reslog/metric"
	"reslog/service/redis/relay"
)

// childVariable makes the test binary a proxy, for tests that kill one: it holds the
// server's address and the folder.
const childVariable = "RESLOG_TEST_REDIS_CHILD"

func TestMain(m *testing.M) {
	if args := os.Getenv(childVariable); args != "" {
		fmt.Fprintln(os.Stderr, serveChild(args))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// serveChild serves until it is killed. It prints where.
func serveChild(args string) error {
	server, dir, _ := strings.Cut(args, " ")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &sink{path: filepath.Join(dir, "records")}
	p, err := New(killedConfig(l, server, dir, s))
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return p.Serve(context.Background())
}

func killedConfig(l net.Listener, server, dir string, s *sink) Config {
	return Config{
		Endpoints: []Endpoint{{l, relay.Upstream{Network: "tcp", Address: server}}}, Database: sampleDatabase, Location: "local", Dir: dir,
		Emitter: s, Stream: s, Recorder: metric.New(metric.Config{Emitter: s}), Details: true,
	}
}

// startChild starts a proxy in a process of its own, and returns its address.
func startChild(t *testing.T, server, dir string) (cmd *exec.Cmd, addr string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childVariable+"="+server+" "+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// A proxy that is killed at any moment: each connection has one new_conn and one
// close_conn, the logins are there, each once, and IDs are not used again.
func TestProxyIsKilled(t *testing.T) {
	r := startRedis(t, "--user", "alice", "on", ">wonder", "~*", "+@all")
	dir := t.TempDir()
	stories := map[int64]string{}
	for round, n := range []int{40, 7, 0, 25} {
		cmd, addr := startChild(t, r.Address, dir)
		for i := range n {
			c := dial(t, addr)
			switch i % 4 {
			case 0:
				c.do("AUTH", "alice", "nonsense")
			case 1:
				c.do("HELLO", "3", "AUTH", "alice", "wonder")
			case 2:
				c.do("PING")
				_ = c.Close()
			case 3:
				c.do("QUIT")
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
		s := reopenSink(t, filepath.Join(dir, "records"))
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(killedConfig(l, r.Address, dir, s))
		if err != nil {
			t.Fatal(err)
		}
		if list, err := p.Clients(t.Context()); err != nil || slices.ContainsFunc(list.Clients, func(c Client) bool { return c.Source != "" }) {
			t.Errorf("round %d: %+v are open, error %v", round, list.Clients, err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		ids := map[string]bool{}
		for _, rec := range s.records {
			if ids[rec.ID] {
				t.Errorf("round %d: a record is there twice: %s", round, rec.Line)
			}
			ids[rec.ID] = true
		}
		now := s.stories(t)
		for id, story := range stories {
			if now[id] != story {
				t.Errorf("round %d: connection %d of a round before is told as %q, was %q", round, id, now[id], story)
			}
		}
		if len(now) != len(stories)+n {
			t.Errorf("round %d: %d connections, want %d", round, len(now), len(stories)+n)
		}
		for id, story := range now {
			wantStory(t, story)
			stories[id] = story
		}
	}
}

// wantStory checks the story of a connection of TestProxyIsKilled. Those that ended
// when the process was killed may have ended before or by it.
func wantStory(t *testing.T, story string) {
	t.Helper()
	for _, events := range []string{"new_conn, auth 0 alice, ", "new_conn, auth 8 alice, ", "new_conn, auth 2 default, ", "new_conn, "} {
		for _, reason := range []string{"restarted", "client", "server"} {
			if story == events+"close_conn "+reason {
				return
			}
		}
	}
	t.Errorf("it is told as %q", story)
}
