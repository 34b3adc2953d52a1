package faulttest

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"reslog/bus"
	"reslog/server"
)

// The environment that makes this program a node.
const (
	dataVariable       = "RESLOG_FAULTTEST_DATA"
	durabilityVariable = "RESLOG_FAULTTEST_DURABILITY"
)

func TestMain(m *testing.M) {
	if data := os.Getenv(dataVariable); data != "" {
		if err := node(config(data, bus.Durability(os.Getenv(durabilityVariable)))); err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// flushInterval is short, so that kills hit the writing of logs as well.
const flushInterval = 100 * time.Millisecond

// config is that of every node on a data folder.
func config(data string, d bus.Durability) server.Config {
	return server.Config{
		Data: data, Durability: d, BlobAddr: "127.0.0.1:0", AdminAddr: server.Off, FlushInterval: flushInterval,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// node runs a node until it is killed, or until standard input ends, so that
// none outlives a test that dies. It prints its address.
func node(cfg server.Config) error {
	n, err := server.New(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		bufio.NewScanner(os.Stdin).Scan()
		cancel()
	}()
	if err := n.Start(ctx); err != nil {
		return err
	}
	fmt.Println(n.BlobURL())
	return n.Wait(ctx)
}

// victim is a node in a process of its own.
type victim struct {
	url string
	cmd *exec.Cmd
}

// start starts a node on data and waits until it serves.
func start(t *testing.T, data string, d bus.Durability) *victim {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{cmd: exec.CommandContext(t.Context(), self)}
	v.cmd.Env = append(os.Environ(), dataVariable+"="+data, durabilityVariable+"="+string(d))
	v.cmd.Stderr = os.Stderr
	if _, err := v.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the node did not start: %v, %v", err, v.cmd.Wait())
	}
	v.url = strings.TrimSpace(line)
	return v
}

// kill ends the node with SIGKILL and returns the moment before it did.
func (v *victim) kill(t *testing.T) time.Time {
	t.Helper()
	at := time.Now()
	if err := v.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = v.cmd.Wait() // says "signal: killed"
	return at
}
