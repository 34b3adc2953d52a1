package server

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"reslog/service/redis/relay"
)

// maxRedisAddrs bounds the nodes of a cluster that one node stands before.
const maxRedisAddrs = 64

// fileRedis are the keys of the bootstrap file that are about Redis.
type fileRedis struct {
	RedisAddr          *string  `yaml:"redis-addr"`
	RedisUpstream      *string  `yaml:"redis-upstream"`
	RedisUpstreamCA    *string  `yaml:"redis-upstream-ca"`
	RedisUpstreamCert  *string  `yaml:"redis-upstream-cert"`
	RedisUpstreamKey   *string  `yaml:"redis-upstream-key"`
	RedisUser          *string  `yaml:"redis-user"`
	RedisPassword      *string  `yaml:"redis-password"`
	RedisTLS           *bool    `yaml:"redis-tls"`
	RedisClientCA      *string  `yaml:"redis-client-ca"`
	RedisProxyProtocol []string `yaml:"redis-proxy-protocol"`
	RedisDetails       *bool    `yaml:"redis-details"`
	RedisAllowOpen     *bool    `yaml:"redis-allow-open"`
	RedisAuditAddr     *string  `yaml:"redis-audit-addr"`
}

func (y *fileRedis) apply(c *Config) {
	set(&c.RedisAddr, y.RedisAddr)
	set(&c.RedisUpstream, y.RedisUpstream)
	set(&c.RedisUpstreamCAFile, y.RedisUpstreamCA)
	set(&c.RedisUpstreamCertFile, y.RedisUpstreamCert)
	set(&c.RedisUpstreamKeyFile, y.RedisUpstreamKey)
	set(&c.RedisUser, y.RedisUser)
	set(&c.RedisPassword, y.RedisPassword)
	set(&c.RedisTLS, y.RedisTLS)
	set(&c.RedisClientCAFile, y.RedisClientCA)
	set(&c.RedisDetails, y.RedisDetails)
	set(&c.RedisAllowOpen, y.RedisAllowOpen)
	set(&c.RedisAuditAddr, y.RedisAuditAddr)
	if y.RedisProxyProtocol != nil {
		c.RedisProxyProtocol = y.RedisProxyProtocol
	}
}

// validateRedis reports what is wrong with the part of c that is about Redis.
func (c *Config) validateRedis() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	addrs, upstreams := c.redisAddrs(), redisList(c.RedisUpstream)
	for _, addr := range addrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			bad("redis address %q: want host:port or %q", addr, Off)
		}
	}
	for _, u := range upstreams {
		if _, err := parseUpstream(u); err != nil {
			errs = append(errs, err)
		}
	}
	switch {
	case len(addrs) > maxRedisAddrs:
		bad("%d redis addresses: want at most %d", len(addrs), maxRedisAddrs)
	case len(addrs) == 0 && len(upstreams) > 0:
		bad("a redis upstream needs a redis address to lead to it: give one, or no upstream")
	case len(addrs) > 1 && len(addrs) != len(upstreams), len(upstreams) > 1 && len(addrs) != len(upstreams):
		bad("%d redis addresses and %d upstreams: want an address for each node of the cluster, in the same order", len(addrs), len(upstreams))
	}
	if (c.RedisUpstreamCertFile == "") != (c.RedisUpstreamKeyFile == "") {
		bad("a certificate for the redis upstream needs its key, and a key its certificate: give both or neither")
	}
	if c.RedisClientCAFile != "" && !c.RedisTLS {
		bad("authorities of redis clients say nothing without TLS: give redis-tls too")
	}
	if _, err := redisTrusted(c.RedisProxyProtocol); err != nil {
		errs = append(errs, err)
	}
	if addr := c.RedisAuditAddr; addr != Off {
		if _, _, err := auditAddress(addr); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// redisAddrs are the addresses that clients connect to; none when it is Off.
func (c *Config) redisAddrs() []string {
	if c.RedisAddr == Off {
		return nil
	}
	return redisList(c.RedisAddr)
}

// redisList splits at commas.
func redisList(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// upstreamAddr is where a server is.
type upstreamAddr struct {
	network, address string
	tls              bool
}

// parseUpstream reads one of Config.RedisUpstream. Its errors do not quote what may
// hold a password.
func parseUpstream(s string) (upstreamAddr, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		if !filepath.IsAbs(path) {
			return upstreamAddr{}, fmt.Errorf("redis upstream %q: want unix:/path", s)
		}
		return upstreamAddr{network: "unix", address: path}, nil
	}
	u := upstreamAddr{network: "tcp", address: s}
	if strings.Contains(s, "://") {
		parsed, err := url.Parse(s)
		switch {
		case err != nil:
			return u, errors.New("redis upstream: it is not a URL: want host:port, rediss://host:port or unix:/path")
		case parsed.User != nil:
			return u, fmt.Errorf("redis upstream %s://…@%s: leave user and password out; clients bring their own, and those of the node are redis-user and redis-password", parsed.Scheme, parsed.Host)
		case parsed.Scheme != "redis" && parsed.Scheme != "rediss", strings.Trim(parsed.Path, "/") != "", parsed.RawQuery != "", parsed.Fragment != "":
			return u, fmt.Errorf("redis upstream %s://%s: want host:port, rediss://host:port or unix:/path, and nothing more", parsed.Scheme, parsed.Host)
		}
		u.address, u.tls = parsed.Host, parsed.Scheme == "rediss"
	}
	host, port, err := net.SplitHostPort(u.address)
	if err != nil || host == "" || port == "" || strings.Contains(u.address, "@") {
		return u, errors.New("redis upstream: want host:port, rediss://host:port or unix:/path")
	}
	return u, nil
}

// auditAddress returns the network and address of an audit stream.
func auditAddress(s string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		if !filepath.IsAbs(path) {
			return "", "", fmt.Errorf("redis audit address %q: want host:port, unix:/path or %q", s, Off)
		}
		return "unix", path, nil
	}
	if _, _, err := net.SplitHostPort(s); err != nil {
		return "", "", fmt.Errorf("redis audit address %q: want host:port, unix:/path or %q", s, Off)
	}
	return "tcp", s, nil
}

// redisTrusted reads prefixes, "10.0.0.0/8", and addresses.
func redisTrusted(list []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, s := range list {
		if ip, err := netip.ParseAddr(s); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("redis-proxy-protocol %q: want an address or a prefix, such as 10.0.0.0/8", s)
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}

// upstreams are the servers that the addresses lead to, in their order; none for
// the one in the node's process.
func (c *Config) upstreams() ([]relay.Upstream, error) {
	var list []relay.Upstream
	for _, s := range redisList(c.RedisUpstream) {
		u, err := parseUpstream(s)
		if err != nil {
			return nil, err
		}
		up := relay.Upstream{Network: u.network, Address: u.address}
		if u.tls {
			if up.TLS, err = c.upstreamTLS(u.address); err != nil {
				return nil, err
			}
		}
		list = append(list, up)
	}
	return list, nil
}

// upstreamTLS is what a connection to a server with TLS needs.
func (c *Config) upstreamTLS(address string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.RedisUpstreamCAFile != "" {
		if t.RootCAs, err = loadPool(c.RedisUpstreamCAFile); err != nil {
			return nil, fmt.Errorf("load the authorities of the redis upstream: %w", err)
		}
	}
	if c.RedisUpstreamCertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.RedisUpstreamCertFile, c.RedisUpstreamKeyFile)
		if err != nil {
			return nil, fmt.Errorf("load the certificate for the redis upstream: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

func loadPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", file)
	}
	return pool, nil
}

// redisTLS is what clients must speak; nil is plain.
func (n *Node) redisTLS() (*tls.Config, error) {
	if !n.cfg.RedisTLS {
		return nil, nil //nolint:nilnil // no TLS is not an error
	}
	t := n.ownTLS()
	if n.cfg.CertFile != "" {
		var err error
		if t, err = loadTLS(n.cfg.CertFile, n.cfg.KeyFile); err != nil {
			return nil, err
		}
	}
	t.NextProtos = nil // it is not HTTP
	if n.cfg.RedisClientCAFile != "" {
		pool, err := loadPool(n.cfg.RedisClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("load the authorities of redis clients: %w", err)
		}
		t.ClientCAs, t.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return t, nil
}

// redisUser is who logs in to the server in the node's process.
func (c *Config) redisUser() string { return cmp.Or(c.RedisUser, "default") }
