package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"reslog/bench/report"
)

// server is a process under measurement.
type server struct {
	name     string
	addrs    map[string]string // of each service
	bare     bool
	logging  bool
	profiles bool

	cmd   *exec.Cmd
	stdin io.WriteCloser // of our own roles: takes commands, its end ends the process
	next  atomic.Int64   // numbers of requests, so that names differ from run to run
}

// start starts the server of that name, with its data below dir, and waits until
// these services listen.
func start(ctx context.Context, name, dir string, services []string) (*server, error) {
	s := &server{name: name, addrs: map[string]string{}}
	data := filepath.Join(dir, name)
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	switch name {
	case "azurite":
		return s, s.startAzurite(ctx, data, services)
	case "bare":
		s.bare = true
	case "reslog":
		s.profiles = true
	case "reslog-log", "reslog-audit":
		s.profiles, s.logging = true, true
	default:
		return nil, fmt.Errorf("unknown server %q", name)
	}
	return s, s.startRole(ctx, data)
}

// startRole starts this program again in a role, see play.
func (s *server) startRole(ctx context.Context, data string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.cmd = exec.CommandContext(ctx, self)
	s.cmd.Env = append(os.Environ(), roleVariable+"="+s.name, dataVariable+"="+data)
	s.cmd.Stderr = os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return fmt.Errorf("it did not say where it listens: %w", err)
	}
	for _, word := range strings.Fields(line) {
		service, addr, _ := strings.Cut(word, "=")
		s.addrs[service] = addr
	}
	return nil
}

// startAzurite starts Azurite on free ports; it is installed when it is not there.
func (s *server) startAzurite(ctx context.Context, data string, services []string) error {
	script, err := azurite(ctx)
	if err != nil {
		return err
	}
	args := []string{script, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", data}
	for _, service := range []string{"blob", "queue", "table"} {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.addrs[service] = net.JoinHostPort("127.0.0.1", port)
		args = append(args, "--"+service+"Port", port)
	}
	s.cmd = exec.CommandContext(ctx, "node", args...)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for _, service := range services {
		if err := s.listening(s.addrs[service]); err != nil {
			s.stop()
			return err
		}
	}
	return nil
}

// listening waits until somebody takes connections.
func (s *server) listening(addr string) error {
	for range 200 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("it does not listen after ten seconds")
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// command tells one of our own roles to do something.
func (s *server) command(line string) {
	if s.stdin != nil {
		fmt.Fprintln(s.stdin, line)
	}
}

// stop ends the process and waits for its end.
func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	if s.stdin != nil {
		s.stdin.Close()
	} else {
		_ = s.cmd.Process.Signal(os.Interrupt)
	}
	kill := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.cmd.Wait() // how it ends does not matter any more
}

// usage is what the process has taken until now.
func (s *server) usage() report.Usage { return report.UsageOf(s.cmd.Process.Pid) }

// rest waits until the server has nothing left to do.
func (s *server) rest(ctx context.Context) { report.Rest(ctx, s.cmd.Process.Pid) }
