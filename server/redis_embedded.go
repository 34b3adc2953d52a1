package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"reslog/service/redis/relay"
)

// embeddedRedis is the server in the node's process, for who wants to see events
// without having a server. It keeps everything in memory, and nothing of it survives
// the process.
//
// It listens on a Unix socket that only the node's user can reach, so that nobody
// gets past the proxy.
type embeddedRedis struct {
	user, password string
	logger         *slog.Logger
	socket         net.Listener
	dir            string // holds the socket, when the data folder has too long a name
	accepting      sync.WaitGroup

	mu      sync.Mutex
	current *redisStore
}

// maxSocketPath is how long the path of a Unix socket may be everywhere.
const maxSocketPath = 100

// startEmbeddedRedis starts the server, whose socket is in the folder dir. With a
// password its clients log in as user.
func startEmbeddedRedis(dir, user, password string, logger *slog.Logger) (*embeddedRedis, error) {
	e := &embeddedRedis{user: user, password: password, logger: logger}
	path := filepath.Join(dir, "server.sock")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the redis server: %w", err)
	}
	if len(path) > maxSocketPath {
		var err error
		if e.dir, err = os.MkdirTemp("", "reslog-"); err != nil {
			return nil, fmt.Errorf("make a folder for the socket of the redis server: %w", err)
		}
		path = filepath.Join(e.dir, "server.sock")
	}
	var err error
	if e.current, err = newRedisStore(user, password, e.crashed); err == nil {
		e.socket, err = listenUnix(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the redis server: %w", err), e.removeDir())
	}
	e.accepting.Go(e.accept)
	return e, nil
}

// accept serves connections until the socket is closed.
func (e *embeddedRedis) accept() {
	for {
		conn, err := e.socket.Accept()
		if err != nil {
			return
		}
		e.store().serve(conn)
	}
}

func (e *embeddedRedis) store() *redisStore {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current
}

// crashed puts an empty store in the place of one that a command made panic, as a
// server that dies and is started again: what it left locked stays so.
func (e *embeddedRedis) crashed(old *redisStore, command string) {
	// What the panic says may be what a client sent.
	e.logger.Error("the redis server in the node's process could not run a command and begins anew, empty", "command", fmt.Sprintf("%.32q", command))
	next, err := newRedisStore(e.user, e.password, e.crashed)
	if err != nil {
		e.logger.Error("the redis server in the node's process cannot be started again", "err", err)
		return
	}
	e.mu.Lock()
	if e.current == old {
		e.current = next
	}
	e.mu.Unlock()
	old.disconnect()
}

// upstream is where the server is.
func (e *embeddedRedis) upstream() relay.Upstream {
	return relay.Upstream{Network: "unix", Address: e.socket.Addr().String()}
}

// stop ends all connections. A script that never ends is left behind.
func (e *embeddedRedis) stop(ctx context.Context) error {
	err := e.socket.Close()
	e.accepting.Wait()
	return errors.Join(err, e.store().close(ctx), e.removeDir())
}

func (e *embeddedRedis) removeDir() error {
	if e.dir == "" {
		return nil
	}
	return os.RemoveAll(e.dir)
}

// listenUnix listens on a Unix socket, in place of one that a dead process left.
func listenUnix(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if conn, err := (&net.Dialer{}).DialContext(context.Background(), "unix", path); err == nil {
			_ = conn.Close() // it only shows that somebody listens
			return nil, fmt.Errorf("listen on %s: another process does", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return (&net.ListenConfig{}).Listen(context.Background(), "unix", path)
}
