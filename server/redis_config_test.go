package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateRedis(t *testing.T) {
	for _, c := range []Config{
		{RedisAddr: Off},
		{RedisAddr: Off, RedisAuditAddr: "unix:/run/audit.sock"},
		{RedisUpstream: "10.0.0.5:6379"},
		{RedisUpstream: "redis://cache.example:6379/"},
		{RedisUpstream: "rediss://[::1]:6380"},
		{RedisUpstream: "unix:/run/redis.sock"},
		{RedisUpstream: "unix:///run/redis.sock"},
		{RedisAddr: ":7001, :7002,:7003", RedisUpstream: "a:7001,b:7002,c:7003"},
		{RedisTLS: true, RedisClientCAFile: "ca.pem"},
		{RedisProxyProtocol: []string{"10.0.0.0/8", "::1", "192.0.2.7"}, RedisAuditAddr: "0.0.0.0:10514"},
	} {
		c.Data = "x"
		if err := c.Validate(); err != nil {
			t.Errorf("%s to %q is refused: %v", c.RedisAddr, c.RedisUpstream, err)
		}
	}
	const secret = "top-secret"
	for _, c := range []struct {
		want string
		Config
	}{
		{"redis address", Config{RedisAddr: "6380"}},
		{"redis upstream", Config{RedisUpstream: "localhost"}},
		{"redis upstream", Config{RedisUpstream: ":6379"}},
		{"redis upstream", Config{RedisUpstream: "http://localhost:6379"}},
		{"redis upstream", Config{RedisUpstream: "redis://localhost:6379/3"}},
		{"unix:/path", Config{RedisUpstream: "unix:relative.sock"}},
		{"leave user and password out", Config{RedisUpstream: "redis://app:" + secret + "@localhost:6379"}},
		{"redis upstream", Config{RedisUpstream: "app:" + secret + "@localhost:6379"}},
		{"redis upstream", Config{RedisUpstream: "redis://app:" + secret + "%@localhost:6379"}},
		{"2 redis addresses and 1 upstreams", Config{RedisAddr: ":1,:2", RedisUpstream: "a:1"}},
		{"2 redis addresses and 0 upstreams", Config{RedisAddr: ":1,:2"}},
		{"1 redis addresses and 2 upstreams", Config{RedisUpstream: "a:1,b:1"}},
		{"needs a redis address", Config{RedisAddr: Off, RedisUpstream: "a:1"}},
		{"want at most 64", Config{RedisAddr: strings.Repeat(":1,", 65), RedisUpstream: strings.Repeat("a:1,", 65)}},
		{"needs its key", Config{RedisUpstreamCertFile: "c.pem"}},
		{"without TLS", Config{RedisClientCAFile: "ca.pem"}},
		{"redis-proxy-protocol", Config{RedisProxyProtocol: []string{"everybody"}}},
		{"redis audit address", Config{RedisAuditAddr: "10514"}},
		{"redis audit address", Config{RedisAuditAddr: "unix:audit.sock"}},
	} {
		c.Data = "x"
		err := c.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %.40q: error is %v, want one about %q", c.RedisAddr, c.RedisUpstream, err, c.want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes a password: %v", err)
		}
	}
}

func TestReadFileOfRedis(t *testing.T) {
	path := writeTestFile(t, `redis-addr: 0.0.0.0:6380
redis-upstream: rediss://10.0.0.5:6379
redis-upstream-ca: ca.pem
redis-user: monitor
redis-password: secret
redis-tls: true
redis-client-ca: clients.pem
redis-proxy-protocol: [10.0.0.0/8]
redis-details: true
redis-allow-open: true
redis-audit-addr: 0.0.0.0:10514
`)
	var c Config
	if err := c.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	want := Config{
		RedisAddr: "0.0.0.0:6380", RedisUpstream: "rediss://10.0.0.5:6379", RedisUpstreamCAFile: "ca.pem",
		RedisUser: "monitor", RedisPassword: "secret", RedisTLS: true, RedisClientCAFile: "clients.pem",
		RedisProxyProtocol: []string{"10.0.0.0/8"}, RedisDetails: true, RedisAllowOpen: true, RedisAuditAddr: "0.0.0.0:10514",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if err := c.ReadFile(writeTestFile(t, "redis-adr: a:1\n")); err == nil || !strings.Contains(err.Error(), "[1:") {
		t.Errorf("a key that is not known: %v", err)
	}
}
