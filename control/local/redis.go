package local

import (
	"context"
	"net/http"
	"time"
)

// Redis is the database that the node stands before.
type Redis interface {
	// Clients returns who is connected now, by ID.
	Clients(ctx context.Context) (RedisClients, error)
}

// RedisClients are the connections that are open.
type RedisClients struct {
	Value []RedisClient `json:"value"`
	// Problems say what a server could not be asked for: what only CLIENT LIST knows
	// of its clients is missing then.
	Problems []string `json:"problems,omitempty"`
}

// RedisClient is a connection. What clients chose is escaped: it is printable.
type RedisClient struct {
	ID int64 `json:"id"`
	// Source is who saw it: "proxy", or "audit" for the audit stream of a cluster.
	Source   string `json:"source"`
	Database string `json:"database,omitempty"`
	Client   string `json:"client"` // where it comes from
	Server   string `json:"server"` // where it connected to
	User     string `json:"user,omitempty"`

	Opened        time.Time `json:"opened"`
	Authenticated time.Time `json:"authenticated,omitzero"`
	// Failures are the failed authentications on it.
	Failures int `json:"failures"`

	// Listed says that CLIENT LIST has it, and the fields below are of there.
	Listed      bool   `json:"listed"`
	Name        string `json:"name,omitempty"`
	Command     string `json:"command,omitempty"` // the last one
	IdleSeconds int64  `json:"idleSeconds"`
	Library     string `json:"library,omitempty"`
}

func (s *server) redisClients(r *http.Request) (any, error) {
	c, err := s.cfg.Redis.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	if c.Value == nil {
		c.Value = []RedisClient{}
	}
	return c, nil
}
