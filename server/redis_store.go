package server

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
	respserver "github.com/alicebob/miniredis/v2/server"
)

// redisStore is a Redis server that listens on nothing: it is given connections.
type redisStore struct {
	mini   *miniredis.Miniredis
	server *respserver.Server
	// crashed is told that a command has left the store in no state to go on.
	crashed func(s *redisStore, command string)
	running sync.Map // peers whose command has passed guard

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func newRedisStore(user, password string, crashed func(*redisStore, string)) (*redisStore, error) {
	s := &redisStore{mini: miniredis.NewMiniRedis(), crashed: crashed, conns: map[net.Conn]struct{}{}}
	if password != "" {
		s.mini.RequireUserAuth(user, password)
	}
	s.mini.ClockTTL(true) // keys expire as time goes by
	// A connection makes the server begin. It is the only way to have one that does
	// not listen.
	first, err := s.mini.Dial()
	if err != nil {
		return nil, fmt.Errorf("begin the redis server: %w", err)
	}
	_ = first.Close() // a pipe
	s.server = s.mini.Server()
	s.server.SetPreHook(s.guard)
	return s, s.server.Register(protocolErrorCommand, func(c *respserver.Peer, _ string, args []string) {
		c.WriteError("ERR " + strings.Join(args, " "))
		c.Close()
	})
}

// guard runs a command of a client so that a panic ends with the store and not with
// the node. Each command comes here twice, the second time to be let through.
func (s *redisStore) guard(c *respserver.Peer, cmd string, args ...string) (done bool) {
	if _, passed := s.running.LoadOrStore(c, struct{}{}); passed {
		return false
	}
	done = true // after a panic, too
	defer func() {
		s.running.Delete(c)
		if recover() != nil {
			s.crashed(s, cmd)
		}
	}()
	s.server.Dispatch(c, append([]string{cmd}, args...))
	return done
}

// serve answers a connection until it ends.
func (s *redisStore) serve(conn net.Conn) {
	s.mu.Lock()
	s.conns[conn] = struct{}{}
	s.mu.Unlock()
	s.server.ServeConn(&servedConn{Conn: newRequestGuard(conn), closed: func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}})
}

// servedConn tells that it was closed.
type servedConn struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *servedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// disconnect ends all connections.
func (s *redisStore) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // its reader finds out
	}
}

// close ends the store, once the commands that run have ended.
func (s *redisStore) close(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.mini.Close()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("a command of the redis server still runs: %w", ctx.Err())
	}
}
