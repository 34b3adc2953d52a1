package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// The servers.
const (
	bare = "bare"
	ours = "reslog"
)

var names = []string{bare, ours}

// serveCommand is the argument that makes this program a server, until its standard
// input ends. It prints where it listens.
const serveCommand = "-serve-as"

func serve(ctx context.Context, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var handler http.Handler
	switch name {
	case bare:
		handler = newBare()
	case ours:
		s, err := newService(ctx)
		if err != nil {
			return err
		}
		handler = s
	default:
		return fmt.Errorf("no server is called %s", name)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what counts
		_ = web.Close()
	}()
	if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// server is a process that serves.
type server struct {
	name, addr string
	cmd        *exec.Cmd
	stdin      io.Closer
}

// startServer starts this program as a server.
func startServer(ctx context.Context, name string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, serveCommand, name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{name: name, cmd: cmd, stdin: stdin}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s.addr = strings.TrimSpace(addr)
	return s, nil
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the process, and waits for its end.
func (s *server) stop() {
	_ = s.stdin.Close() // it ends with this
	kill := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Signal(syscall.SIGKILL) })
	defer kill.Stop()
	_ = s.cmd.Wait() // how it ends does not matter any more
}
