package faulttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
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
	diskVariable       = "RESLOG_FAULTTEST_DISK" // size of a file system of its own for the data
)

func TestMain(m *testing.M) {
	if data := os.Getenv(dataVariable); data != "" {
		if err := smallDisk(data, os.Getenv(diskVariable)); err != nil {
			fmt.Fprintln(os.Stderr, "small disk:", err)
			os.Exit(1)
		}
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
		Data: data, Durability: d, BlobAddr: "127.0.0.1:0", ControlAddr: server.Off, AdminAddr: server.Off, FlushInterval: flushInterval,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// node runs a node until it is killed, or until standard input ends, so that
// none outlives a test that dies. It prints its address. A line of input restarts
// the node in the same process, or makes room on a small disk.
func node(cfg server.Config) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	for more := true; more; {
		n, err := server.New(cfg)
		if err != nil {
			return err
		}
		if err := n.Start(context.Background()); err != nil {
			return err
		}
		fmt.Println(n.BlobURL())
		var line string
		for line, more = <-lines; line == makeRoom; line, more = <-lines {
			fmt.Println(os.Remove(ballast(cfg.Data)))
		}
		if err := n.Stop(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom is the line that removes the ballast.
const makeRoom = "room"

// ballast is a file that takes up room on a small disk until it is removed.
func ballast(data string) string { return filepath.Join(data, "ballast") }

// victim is a node in a process of its own.
type victim struct {
	url string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start starts a node on data and waits until it serves.
func start(t *testing.T, data string, d bus.Durability, options ...func(*exec.Cmd)) *victim {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{cmd: exec.CommandContext(t.Context(), self)}
	v.cmd.Env = append(os.Environ(), dataVariable+"="+data, durabilityVariable+"="+string(d))
	v.cmd.Stderr = os.Stderr
	for _, option := range options {
		option(v.cmd)
	}
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.out = bufio.NewReader(out)
	v.readURL(t)
	return v
}

// readURL waits until the node serves.
func (v *victim) readURL(t *testing.T) {
	t.Helper()
	line, err := v.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the node did not start: %v, %v", err, v.cmd.Wait())
	}
	v.url = strings.TrimSpace(line)
}

// room removes the ballast from the small disk.
func (v *victim) room(t *testing.T) {
	t.Helper()
	if _, err := fmt.Fprintln(v.in, makeRoom); err != nil {
		t.Fatal(err)
	}
	if line, err := v.out.ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Fatalf("make room: %q, %v", line, err)
	}
}

// restart stops the node and starts it again in its process.
func (v *victim) restart(t *testing.T) {
	t.Helper()
	if _, err := fmt.Fprintln(v.in, "restart"); err != nil {
		t.Fatal(err)
	}
	v.readURL(t)
}

// stop ends the node in an orderly way.
func (v *victim) stop(t *testing.T) {
	t.Helper()
	if err := errors.Join(v.in.Close(), v.cmd.Wait()); err != nil {
		t.Errorf("stop the node: %v", err)
	}
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
