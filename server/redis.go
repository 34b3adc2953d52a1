package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"

	"reslog/resource"
	"reslog/service/redis"
	"reslog/service/redis/relay"
)

// redisFront is what a node has of Redis.
type redisFront struct {
	bound    atomic.Pointer[redisBound]
	database resource.Resource            // once openManager has returned
	server   atomic.Pointer[redis.Server] // once it serves
}

// redisBound are the addresses that were taken.
type redisBound struct {
	clients []net.Listener
	audit   net.Listener // nil is none
}

func (r *redisFront) listeners() []net.Listener {
	if b := r.bound.Load(); b != nil {
		return b.clients
	}
	return nil
}

func (r *redisFront) auditListener() net.Listener {
	if b := r.bound.Load(); b != nil {
		return b.audit
	}
	return nil
}

// bindRedis takes the addresses of clients and of the audit stream.
func (n *Node) bindRedis() error {
	b := &redisBound{}
	for _, addr := range n.cfg.redisAddrs() {
		// TLS is the relay's own: it must know the connection below.
		l, err := n.bind("redis", addr, nil)
		if err != nil {
			return err
		}
		b.clients = append(b.clients, l.Listener)
	}
	if n.cfg.RedisAuditAddr != Off {
		var err error
		if b.audit, err = n.bindRedisAudit(n.cfg.RedisAuditAddr); err != nil {
			return fmt.Errorf("listen on the redis audit address: %w", err)
		}
	}
	n.redis.bound.Store(b)
	return nil
}

func (n *Node) bindRedisAudit(addr string) (net.Listener, error) {
	network, address, err := auditAddress(addr)
	if err != nil {
		return nil, err
	}
	var l net.Listener
	if network == "unix" {
		if l, err = listenUnix(address); err == nil {
			// Whoever may write to it may write the log.
			err = os.Chmod(address, 0o660)
		}
	} else {
		l, err = (&net.ListenConfig{}).Listen(context.Background(), network, address)
	}
	if err != nil {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
		return nil, err
	}
	n.onStop("redis audit address", func(context.Context) error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

// serveRedis lets clients of Redis in. It is stopped before what their last records
// need.
func (n *Node) serveRedis(ctx context.Context) error {
	bound := n.redis.bound.Load()
	if len(bound.clients) == 0 && bound.audit == nil {
		return n.bus.DeleteCursor(ctx, redisCursor) // nobody moves it on
	}
	stream, err := openRedisStream(ctx, n.bus)
	if err != nil {
		return err
	}
	dir := filepath.Join(n.cfg.Data, "redis")
	endpoints, err := n.redisEndpoints(bound.clients, dir)
	if err != nil {
		return err
	}
	tlsConfig, err := n.redisTLS()
	if err != nil {
		return err
	}
	trusted, err := redisTrusted(n.cfg.RedisProxyProtocol)
	if err != nil {
		return err
	}
	s, err := redis.New(redis.Config{
		Endpoints:     endpoints,
		AuditListener: bound.audit,
		Database:      n.redis.database.ID,
		Location:      n.redis.database.Location,
		Dir:           dir,
		Emitter:       n.gate,
		Stream:        stream,
		Recorder:      n.recorder,
		Audit:         n.audits(),
		Details:       n.cfg.RedisDetails,
		TLS:           tlsConfig,
		Trusted:       trusted,
		User:          n.cfg.RedisUser,
		Password:      n.cfg.RedisPassword,
		AllowOpen:     n.cfg.RedisAllowOpen,
		Logger:        n.cfg.Logger.With("part", "redis"),
		Now:           n.cfg.Now,
	})
	if err != nil {
		return fmt.Errorf("stand before redis: %w", err)
	}
	n.redis.server.Store(s)
	n.background("redis", s.Serve)
	return nil
}

// redisEndpoints pairs listeners with the servers that they lead to; without any, it
// starts one.
func (n *Node) redisEndpoints(listeners []net.Listener, dir string) ([]redis.Endpoint, error) {
	upstreams, err := n.cfg.upstreams()
	if err != nil {
		return nil, err
	}
	if len(upstreams) == 0 && len(listeners) > 0 {
		e, err := startEmbeddedRedis(dir, n.cfg.redisUser(), n.cfg.RedisPassword, n.cfg.Logger.With("part", "redis server"))
		if err != nil {
			return nil, err
		}
		n.onStop("redis server", e.stop)
		upstreams = []relay.Upstream{e.upstream()}
	}
	var endpoints []redis.Endpoint
	for i, l := range listeners {
		endpoints = append(endpoints, redis.Endpoint{Listener: l, Upstream: upstreams[i]})
	}
	return endpoints, nil
}
