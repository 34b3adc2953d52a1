package main

import (
	"strconv"

	"reslog/server"
)

// redisOptions are the options of the Redis that a node stands before.
func redisOptions() []option {
	return []option{
		{
			"redis-addr", server.DefaultRedisAddr, "`address` that clients of Redis connect to; several for the nodes of a cluster, separated by commas; \"off\" does without",
			text(func(c *server.Config) *string { return &c.RedisAddr }),
		},
		{
			"redis-upstream", "", "`server` behind it: host:port, rediss://host:port or unix:/path; as many as addresses; default one of the node's own, in memory",
			text(func(c *server.Config) *string { return &c.RedisUpstream }),
		},
		{
			"redis-upstream-ca", "", "PEM `file` with the authorities to trust at rediss://; default those of the system",
			text(func(c *server.Config) *string { return &c.RedisUpstreamCAFile }),
		},
		{
			"redis-upstream-cert", "", "PEM `file` with the certificate to show at rediss://",
			text(func(c *server.Config) *string { return &c.RedisUpstreamCertFile }),
		},
		{
			"redis-upstream-key", "", "PEM `file` with the key of that certificate",
			text(func(c *server.Config) *string { return &c.RedisUpstreamKeyFile }),
		},
		{
			"redis-user", "", "`user` as whom the node itself asks for INFO and CLIENT LIST, with the password in $RESLOG_REDIS_PASSWORD; default \"default\"",
			text(func(c *server.Config) *string { return &c.RedisUser }),
		},
		{
			"redis-password", "", "",
			text(func(c *server.Config) *string { return &c.RedisPassword }),
		},
		{
			"redis-tls", "false", "clients of Redis speak TLS, with the certificate of --cert or of the node's own authority",
			func(c *server.Config, v string) (err error) { c.RedisTLS, err = strconv.ParseBool(v); return err },
		},
		{
			"redis-client-ca", "", "PEM `file` with authorities: clients of Redis must show a certificate of one",
			text(func(c *server.Config) *string { return &c.RedisClientCAFile }),
		},
		{
			"redis-proxy-protocol", "", "`addresses`, such as 10.0.0.0/8, whose connections begin with a header of the PROXY protocol, separated by commas",
			func(c *server.Config, v string) error { c.RedisProxyProtocol = commas(v); return nil },
		},
		{
			"redis-details", "false", "add user, ports, server, certificate and reason to the records, which those of Azure do not have",
			func(c *server.Config, v string) (err error) { c.RedisDetails, err = strconv.ParseBool(v); return err },
		},
		{
			"redis-allow-open", "false", "let clients from elsewhere in although the server wants no password: its protected mode does not see them",
			func(c *server.Config, v string) (err error) { c.RedisAllowOpen, err = strconv.ParseBool(v); return err },
		},
		{
			"redis-audit-addr", server.Off, "`address` that takes the audit stream of a Redis Enterprise cluster: host:port or unix:/path",
			text(func(c *server.Config) *string { return &c.RedisAuditAddr }),
		},
	}
}
