package client

import (
	"context"
	"net/http"
	"time"
)

// RedisClients are the connections to the Redis that a node stands before, and the
// servers that were asked for their list of clients.
type RedisClients struct {
	Value   []RedisClient `json:"value"`
	Servers []RedisServer `json:"servers"`
}

// RedisServer is a server and what became of asking it for CLIENT LIST.
type RedisServer struct {
	Address string `json:"address"`
	// Problem says why its list could not be compared, and what to do; "" when it was.
	Problem string `json:"problem,omitempty"`
}

// RedisClient is a connection. What clients and servers chose is escaped: it prints.
type RedisClient struct {
	ID       int64  `json:"id"`               // that of its events; 0 for one that the node has not seen
	Source   string `json:"source,omitempty"` // who saw it: "proxy", or "audit" for a cluster's audit stream
	Database string `json:"database,omitempty"`
	Client   string `json:"client"` // where it comes from
	Server   string `json:"server,omitempty"`
	User     string `json:"user,omitempty"`

	Opened        time.Time `json:"opened"`
	Authenticated time.Time `json:"authenticated,omitzero"`
	Failures      int       `json:"failures"` // failed authentications on it

	// Seen is where it was found: "both" in the events and in CLIENT LIST, "events" or
	// "server" in one of them only, "" when there was no list to compare with.
	Seen string `json:"seen,omitempty"`

	// What follows is of CLIENT LIST.
	ServerID    int64  `json:"serverId,omitempty"`
	ServerUser  string `json:"serverUser,omitempty"`
	Name        string `json:"name,omitempty"`
	Command     string `json:"command,omitempty"` // the last one
	Flags       string `json:"flags,omitempty"`
	LibName     string `json:"libName,omitempty"`
	LibVersion  string `json:"libVersion,omitempty"`
	IdleSeconds int64  `json:"idleSeconds,omitempty"`
}

// RedisClients returns who is connected to Redis now, the oldest first.
func (n *Node) RedisClients(ctx context.Context) (RedisClients, error) {
	var c RedisClients
	err := n.call(ctx, http.MethodGet, "redis/clients", nil, &c)
	return c, err
}
