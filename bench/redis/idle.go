package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"reslog/bench/report"
)

// idle is what connections that do nothing take from a proxy.
type idle struct {
	server        string
	connections   int
	before, after report.Usage
}

// reserve is how many files a proxy may have open beside its connections, of which
// each is two.
const reserve = 200

// measureIdle opens connections through each proxy, asks one thing over each, and
// leaves them alone.
func measureIdle(ctx context.Context, cfg config, s *servers) ([]idle, error) {
	n := min(cfg.idle, (report.Files()-reserve)/2)
	var all []idle
	for _, one := range append(s.all[:len(s.all):len(s.all)], s.lean) {
		if !one.proxy() {
			continue
		}
		got := idle{server: one.name, connections: n, before: report.UsageOf(one.cmd.Process.Pid)}
		conns, err := s.open(ctx, one, n)
		if err == nil {
			report.Rest(ctx, one.cmd.Process.Pid)
			got.after = report.UsageOf(one.cmd.Process.Pid)
		}
		for _, c := range conns {
			c.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("idle connections to %s: %w", one.name, err)
		}
		report.Rest(ctx, one.cmd.Process.Pid)
		fmt.Fprintf(os.Stderr, "%d idle connections  %-10s %d MiB, %d MiB before\n", n, one.name, got.after.RSS>>20, got.before.RSS>>20)
		all = append(all, got)
	}
	return all, nil
}

// open opens connections to a server; it returns those that it opened also when it
// fails.
func (s *servers) open(ctx context.Context, one *server, n int) ([]net.Conn, error) {
	before, err := s.redis.settled()
	if err != nil {
		return nil, err
	}
	conns := make([]net.Conn, 0, n)
	for range n {
		c, err := one.dial(ctx)
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
		if err := ping(c); err != nil {
			return conns, err
		}
	}
	after, err := s.redis.settled()
	if one.ours() {
		s.served += after - before
	}
	return conns, err
}

// dial connects as a client.
func (s *server) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	if s.addr != "" {
		return d.DialContext(ctx, "tcp", s.addr)
	}
	// Its certificate is that of an authority of its own, which is not what is measured.
	t := tls.Dialer{NetDialer: &d, Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // see above
	return t.DialContext(ctx, "tcp", s.tls)
}

func ping(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return err
	}
	answer := make([]byte, len("+PONG\r\n"))
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if string(answer) != "+PONG\r\n" {
		return errors.New("PING is answered by " + string(answer))
	}
	return nil
}
