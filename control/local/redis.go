package local

import (
	"context"
	"net/http"
	"time"
)

// Redis is the database that the node stands before.
type Redis interface {
	// Clients returns who is connected now, the oldest first.
	Clients(ctx context.Context) (RedisClients, error)
}

// RedisClients are the connections that are open, and the servers that were asked for
// their list of clients.
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
	// ID is that of its events; 0 for one that the node has not seen.
	ID int64 `json:"id"`
	// Source is who saw it: "proxy", or "audit" for the audit stream of a cluster.
	Source   string `json:"source,omitempty"`
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

func (s *server) redisClients(r *http.Request) (any, error) {
	c, err := s.cfg.Redis.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	if c.Value == nil {
		c.Value = []RedisClient{}
	}
	if c.Servers == nil {
		c.Servers = []RedisServer{}
	}
	return c, nil
}
