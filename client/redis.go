package client

import (
	"context"
	"net/http"
	"time"
)

// RedisClients are the connections to the Redis that a node stands before.
type RedisClients struct {
	Value []RedisClient `json:"value"`
	// Problems say what a server could not be asked for: what only CLIENT LIST knows
	// of its clients is missing then.
	Problems []string `json:"problems,omitempty"`
}

// RedisClient is a connection. What clients chose is escaped: it is printable.
type RedisClient struct {
	ID       int64  `json:"id"`
	Source   string `json:"source"` // who saw it: "proxy", or "audit" for a cluster's audit stream
	Database string `json:"database,omitempty"`
	Client   string `json:"client"` // where it comes from
	Server   string `json:"server"` // where it connected to
	User     string `json:"user,omitempty"`

	Opened        time.Time `json:"opened"`
	Authenticated time.Time `json:"authenticated,omitzero"`
	Failures      int       `json:"failures"` // failed authentications on it

	// Listed says that CLIENT LIST has it, and the fields below are of there.
	Listed      bool   `json:"listed"`
	Name        string `json:"name,omitempty"`
	Command     string `json:"command,omitempty"` // the last one
	IdleSeconds int64  `json:"idleSeconds"`
	Library     string `json:"library,omitempty"`
}

// RedisClients returns who is connected to Redis now, by ID.
func (n *Node) RedisClients(ctx context.Context) (RedisClients, error) {
	var c RedisClients
	err := n.call(ctx, http.MethodGet, "redis/clients", nil, &c)
	return c, err
}
