package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	respserver "github.com/alicebob/miniredis/v2/server"
)

func startEmbedded(t *testing.T, dir, password string) *embeddedRedis {
	t.Helper()
	e, err := startEmbeddedRedis(dir, "app", password, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := e.stop(ctx); err != nil {
			t.Error(err)
		}
		if up := e.upstream(); up.Network != "unix" {
			t.Errorf("it listened on %s", up.Network)
		} else if _, err := os.Stat(up.Address); err == nil {
			t.Errorf("%s is left behind", up.Address)
		}
	})
	return e
}

func TestEmbeddedRedis(t *testing.T) {
	e := startEmbedded(t, t.TempDir(), "")
	c := dialEmbedded(t, e)
	c.says(t, "SET a 1\r\n", "+OK")
	c.says(t, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "$1", "1")
	c.says(t, "PING\r\n*0\r\nSET b 2 PX 1\r\n", "+PONG", "+OK")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := io.WriteString(c, "EXISTS b\r\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := c.in.ReadString('\n'); err != nil || got == ":0\r\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a key does not expire")
		}
	}
	// A request that is wrong is told, behind the answers to those before it, and
	// ends the connection only.
	c.says(t, "PING\r\n*1\r\n$-5\r\nPING\r\n", "+PONG", "-ERR Protocol error: invalid bulk length")
	if _, err := c.in.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	dialEmbedded(t, e).says(t, "GET a\r\n", "$1", "1")
}

func TestEmbeddedRedisWantsAPassword(t *testing.T) {
	e := startEmbedded(t, t.TempDir(), "secret")
	c := dialEmbedded(t, e)
	c.says(t, "PING\r\n", "-NOAUTH Authentication required.")
	c.says(t, "AUTH app wrong\r\n", "-WRONGPASS invalid username-password pair")
	c.says(t, "AUTH app secret\r\nPING\r\n", "+OK", "+PONG")
}

// A folder whose name is too long for a socket does as well, and a socket that a
// dead process left is no hindrance.
func TestSocketOfTheEmbeddedRedis(t *testing.T) {
	dir := t.TempDir() + "/" + strings.Repeat("long", 30)
	dialEmbedded(t, startEmbedded(t, dir, "")).says(t, "PING\r\n", "+PONG")

	short, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	e := startEmbedded(t, short, "")
	if _, err := listenUnix(e.upstream().Address); err == nil {
		t.Error("a socket that somebody listens on was taken away")
	}
}

// A command that makes the server panic costs what is in it, and not the node.
func TestEmbeddedRedisBeginsAnew(t *testing.T) {
	e := startEmbedded(t, t.TempDir(), "")
	c := dialEmbedded(t, e)
	c.says(t, "SET a 1\r\n", "+OK")
	old := e.store()
	err := old.server.Register("BREAK", func(*respserver.Peer, string, []string) {
		old.mini.Lock() // as all commands that change something do
		panic("broken")
	})
	if err != nil {
		t.Fatal(err)
	}
	c.says(t, "BREAK\r\n")
	if _, err := c.in.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	dialEmbedded(t, e).says(t, "EXISTS a\r\n", ":0")
	old.mini.Unlock() // lets its goroutines end
}

// A script that never ends does not hold up a stop for ever.
func TestStopWithAnEndlessCommand(t *testing.T) {
	s, err := newRedisStore("", "", func(*redisStore, string) {})
	if err != nil {
		t.Fatal(err)
	}
	s.mini.Lock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
	s.mini.Unlock()
}
