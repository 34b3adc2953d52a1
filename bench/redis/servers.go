package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"reslog/client"
)

// server is a process, and where clients of Redis reach it.
type server struct {
	name string
	addr string // plain
	tls  string // with TLS; "" is not spoken
	cmd  *exec.Cmd
	log  string // the file that has what it prints
}

// proxy reports whether it is one.
func (s *server) proxy() bool { return s.name != direct }

// servers are all that take part.
type servers struct {
	all []*server
	// lean is a node that is only looked at while nothing happens.
	lean    *server
	redis   *observer
	records *archive
	cert    certificate
	// served are the connections that came through our proxies, as the Redis server
	// counted them.
	served int64
}

const direct = "direct"

// startAll starts everything. What it returns is to be stopped even if it fails.
func startAll(ctx context.Context, dir string) (*servers, error) {
	s := &servers{}
	cert, err := makeCertificate(dir)
	if err != nil {
		return s, err
	}
	s.cert = cert
	add := func(name string, start func(ctx context.Context, s *server, dir string) error) error {
		fmt.Fprintf(os.Stderr, "starting %s\n", name)
		one := &server{name: name, log: filepath.Join(dir, name+".log")}
		data := filepath.Join(dir, name)
		if err := os.MkdirAll(data, 0o700); err != nil {
			return err
		}
		if err := start(ctx, one, data); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		if name == oursLean {
			s.lean = one
			return nil
		}
		s.all = append(s.all, one)
		return nil
	}
	if err := add(direct, s.startRedis); err != nil {
		return s, err
	}
	upstream := s.all[0].addr
	if s.redis, err = observe(upstream); err != nil {
		return s, err
	}
	for _, threads := range []int{1, 2} {
		if err := add(fmt.Sprint("haproxy-", threads), func(ctx context.Context, one *server, dir string) error {
			return s.startHAProxy(ctx, one, dir, threads, upstream)
		}); err != nil {
			return s, err
		}
	}
	s.records = &archive{}
	for _, name := range []string{ours, oursTLS, oursLean} {
		binary, err := build(ctx, dir, name == oursLean)
		if err != nil {
			return s, err
		}
		if err := add(name, func(ctx context.Context, one *server, dir string) error {
			return s.startNode(ctx, one, dir, binary, name == oursTLS, upstream)
		}); err != nil {
			return s, err
		}
	}
	return s, nil
}

// The names of our own.
const (
	ours     = "reslog"
	oursTLS  = "reslog-tls"
	oursLean = "reslog-lean"
)

func (s *servers) startRedis(ctx context.Context, one *server, dir string) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	one.addr, one.tls = loopback(ports[0]), loopback(ports[1])
	if err := one.start(
		ctx, "redis-server", "--bind", "127.0.0.1", "--port", ports[0], "--tls-port", ports[1], "--save", "", "--appendonly", "no", "--dir", dir,
		"--maxclients", "19000", "--tcp-backlog", "4096",
		"--tls-cert-file", s.cert.cert, "--tls-key-file", s.cert.key, "--tls-ca-cert-file", s.cert.cert, "--tls-auth-clients", "no",
	); err != nil {
		return err
	}
	return one.listening(ctx)
}

const haproxyConfig = `global
	nbthread %d
	maxconn 9900
	log stdout format raw local0
defaults
	mode tcp
	log global
	option tcplog
	timeout connect 5s
	timeout client 1h
	timeout server 1h
listen plain
	bind %s
	server redis %s
listen tls
	bind %s ssl crt %s
	server redis %[3]s
`

func (s *servers) startHAProxy(ctx context.Context, one *server, dir string, threads int, upstream string) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	one.addr, one.tls = loopback(ports[0]), loopback(ports[1])
	file := filepath.Join(dir, "haproxy.cfg")
	text := fmt.Sprintf(haproxyConfig, threads, one.addr, upstream, one.tls, s.cert.both)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if err := one.start(ctx, "haproxy", "-db", "-f", file); err != nil {
		return err
	}
	return one.listening(ctx)
}

// bootstrap lets a node archive its ConnectionEvents in an account of its own.
const bootstrap = `storage-accounts:
  - name: archive
    keys: [%s]
diagnostic-settings:
  - name: all
    resource: Microsoft.Cache/redisEnterprise/redis/databases/default
    properties:
      storageAccountId: Microsoft.Storage/storageAccounts/archive
      logs: [{category: ConnectionEvents, enabled: true}]
`

func (s *servers) startNode(ctx context.Context, one *server, dir, binary string, tls bool, upstream string) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "reslog.yaml"), fmt.Appendf(nil, bootstrap, client.DevKey), 0o600); err != nil {
		return err
	}
	args := []string{
		"serve", "--data", dir, "--redis-addr", loopback(ports[0]), "--redis-upstream", upstream, "--blob-addr", loopback(ports[1]),
		"--queue-addr", "off", "--table-addr", "off", "--signalr-addr", "off", "--control-addr", "off", "--admin-addr", loopback(ports[2]), "--flush-interval", "1s",
	}
	if tls {
		args = append(args, "--redis-tls")
		one.tls = loopback(ports[0])
	} else {
		one.addr = loopback(ports[0])
	}
	before, err := s.redis.settled()
	if err != nil {
		return err
	}
	if err := one.start(ctx, binary, args...); err != nil {
		return err
	}
	if err := one.listening(ctx); err != nil {
		return err
	}
	after, err := s.redis.settled()
	if err != nil {
		return err
	}
	s.served += after - before
	return s.records.add("http://"+loopback(ports[1]), "http://"+loopback(ports[2]))
}

// build builds the node as it is, or without cgo and so without workspaces, and returns
// its path.
func build(ctx context.Context, dir string, lean bool) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	fmt.Fprintln(os.Stderr, "building reslog")
	binary, cgo := filepath.Join(dir, "reslog-binary"), "CGO_ENABLED=1"
	if lean {
		binary, cgo = binary+"-lean", "CGO_ENABLED=0"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/reslog")
	cmd.Env = append(os.Environ(), cgo)
	cmd.Dir = string(bytes.TrimSpace(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build reslog: %w\n%s", err, out)
	}
	return binary, nil
}

// start starts the process; what it prints goes to its log.
func (s *server) start(ctx context.Context, name string, args ...string) error {
	f, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer f.Close()
	s.cmd = exec.CommandContext(ctx, name, args...)
	s.cmd.Stdout, s.cmd.Stderr = f, f
	return s.cmd.Start()
}

// listening waits until somebody takes connections where the server should.
func (s *server) listening(ctx context.Context) error {
	for range 400 {
		if c, err := s.dial(ctx); err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	printed, err := os.ReadFile(s.log)
	s.end()
	return errors.Join(fmt.Errorf("it does not listen after 20 seconds: %s", tail(printed)), err)
}

// tail is the end of what was printed.
func tail(b []byte) string { return strings.TrimSpace(string(b[max(0, len(b)-2000):])) }

// end ends the process and waits for its end.
func (s *server) end() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.cmd.Wait() // how it ends does not matter any more
}

func (s *servers) stop() {
	if s.redis != nil {
		s.redis.close()
	}
	if s.lean != nil {
		s.lean.end()
	}
	for i := len(s.all) - 1; i >= 0; i-- {
		s.all[i].end()
	}
}

// freePorts returns ports of 127.0.0.1 that nobody has.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // when all are found
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}

func loopback(port string) string { return net.JoinHostPort("127.0.0.1", port) }
