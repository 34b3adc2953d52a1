package redis

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"reslog/internal/fanout"
	"reslog/service/redis/connections"
	"reslog/service/redis/upstream"
)

// Clients are who is connected now.
type Clients struct {
	// Clients are the connections, the oldest first. What a client or a server chose in
	// them is escaped, see Escape.
	Clients []Client `json:"clients"`
	// Servers are those behind the endpoints, and whether CLIENT LIST of them could be
	// compared.
	Servers []Asked `json:"servers"`
}

// Where a Client was seen.
const (
	// SeenBoth is a connection of the book that its server has too.
	SeenBoth = "both"
	// SeenEvents is one that its server does not have: it is being made or ended, or
	// something between the node and the server changes addresses.
	SeenEvents = "events"
	// SeenServer is a client of a server that did not come through the node.
	SeenServer = "server"
)

// Client is a connection.
type Client struct {
	// ID, Source and Database are those of its events; 0 and "" for SeenServer.
	ID       int64  `json:"id"`
	Source   string `json:"source"`
	Database string `json:"database"`
	// Client is where it comes from, Server where it went to.
	Client netip.AddrPort `json:"client"`
	Server netip.AddrPort `json:"server"`
	// User is who logged in, "" for nobody yet.
	User          string    `json:"user"`
	Opened        time.Time `json:"opened,omitzero"`
	Authenticated time.Time `json:"authenticated,omitzero"`
	Failures      int       `json:"failures"`
	// Seen is one of the Seen constants, "" when there was no list to compare with.
	Seen string `json:"seen"`

	// These are what CLIENT LIST adds. ServerID is the server's own number of the
	// connection, ServerUser who it is for the server.
	ServerID       int64  `json:"serverId,omitempty"`
	ServerUser     string `json:"serverUser,omitempty"`
	Name           string `json:"name,omitempty"`
	Command        string `json:"command,omitempty"`
	Flags          string `json:"flags,omitempty"`
	LibName        string `json:"libName,omitempty"`
	LibVersion     string `json:"libVersion,omitempty"`
	IdleSeconds    int64  `json:"idleSeconds,omitempty"`
	ServerDatabase int    `json:"serverDatabase,omitempty"`
}

// Asked is a server and what became of asking it.
type Asked struct {
	Address string `json:"address"`
	// Problem says why its list could not be compared, and what to do; "" when it was.
	Problem string `json:"problem,omitempty"`

	clients map[netip.AddrPort]upstream.ClientInfo
	others  []upstream.ClientInfo // without an address: over a Unix socket
}

// way is how a connection went on: to which server, and from which address.
type way struct {
	to    *origin
	local netip.AddrPort
}

// ways are those of the connections that are open.
func (s *Server) ways() map[int64]way {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[int64]way, len(s.live))
	for id, t := range s.live {
		all[id] = way{t.endpoint.origin, t.local}
	}
	return all
}

// Clients returns who is connected: the connections of the book, compared with what
// the servers say. Connections that begin or end meanwhile may be there or not.
func (s *Server) Clients(ctx context.Context) (Clients, error) {
	before := s.ways()
	asked := s.askClients(ctx)
	if err := ctx.Err(); err != nil {
		return Clients{}, err
	}
	open := s.book.Connections("")
	after := s.ways()
	list := Clients{Clients: make([]Client, 0, len(open))}
	for i := range open {
		c := newClient(&open[i])
		if c.Source == proxySource {
			w, old := before[c.ID]
			if !old {
				w = after[c.ID]
			}
			c.compare(asked[w.to], w.local, old)
		}
		list.Clients = append(list.Clients, c)
	}
	for _, ways := range []map[int64]way{before, after} {
		for _, w := range ways {
			if a := asked[w.to]; a != nil {
				delete(a.clients, w.local)
			}
		}
	}
	for _, o := range s.origins {
		a := asked[o]
		list.Servers = append(list.Servers, *a)
		for _, info := range slices.AppendSeq(a.others, maps.Values(a.clients)) {
			c := Client{Client: info.Addr, User: Escape(info.User), Opened: s.c.Now().Add(-info.Age).UTC(), Seen: SeenServer}
			c.add(&info)
			list.Clients = append(list.Clients, c)
		}
	}
	slices.SortFunc(list.Clients, func(a, b Client) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID), cmp.Compare(a.ServerID, b.ServerID))
	})
	return list, nil
}

func newClient(c *connections.Connection) Client {
	return Client{
		ID:            c.ID,
		Source:        c.Source,
		Database:      Escape(c.Database),
		Client:        c.Client,
		Server:        c.Server,
		User:          Escape(c.User),
		Opened:        c.Opened.UTC(),
		Authenticated: c.Authenticated.UTC(),
		Failures:      c.Failures,
	}
}

// compare looks a connection up in the list of its server by where the server sees it
// come from; old says that it was there before the server was asked.
func (c *Client) compare(a *Asked, local netip.AddrPort, old bool) {
	if a == nil || a.Problem != "" || !local.IsValid() {
		return
	}
	if info, ok := a.clients[local]; ok {
		c.Seen = SeenBoth
		c.add(&info)
	} else if old {
		c.Seen = SeenEvents
	}
}

// add takes over what CLIENT LIST knows.
func (c *Client) add(info *upstream.ClientInfo) {
	c.ServerID = info.ID
	c.ServerUser = Escape(info.User)
	c.Name = Escape(info.Name)
	c.Command = Escape(info.Command)
	c.Flags = Escape(info.Flags)
	c.LibName = Escape(info.Library)
	c.LibVersion = Escape(info.LibraryVersion)
	c.IdleSeconds = int64(info.Idle / time.Second)
	c.ServerDatabase = info.Database
}

// askClients asks each server once.
func (s *Server) askClients(ctx context.Context) map[*origin]*Asked {
	all := make(map[*origin]*Asked, len(s.origins))
	for _, o := range s.origins {
		all[o] = &Asked{Address: o.Address}
	}
	fanout.Do(8, len(s.origins), func(i int) {
		o := s.origins[i]
		a := all[o]
		infos, err := o.asks.Clients(ctx)
		switch {
		case err != nil:
			a.Problem = problem(err)
		case o.Network == "unix":
			a.Problem = "connections over a Unix socket have no address to tell them apart by in CLIENT LIST"
		default:
			a.clients = make(map[netip.AddrPort]upstream.ClientInfo, len(infos))
			for _, info := range infos {
				if info.Addr.IsValid() {
					a.clients[info.Addr] = info
				} else {
					a.others = append(a.others, info)
				}
			}
		}
	})
	return all
}

// problem says why CLIENT LIST could not be asked.
func problem(err error) string {
	var refusal *upstream.Error
	if errors.As(err, &refusal) {
		switch {
		case refusal.Code == "NOAUTH":
			return "it wants a password for CLIENT LIST: set RESLOG_REDIS_PASSWORD, and --redis-user for a user of its own"
		case refusal.Code == "NOPERM":
			return "the user of the node may not run CLIENT LIST: allow it with ACL SETUSER … +client|list"
		case strings.HasPrefix(refusal.Text, "unknown "):
			return "it does not know CLIENT LIST"
		}
	}
	return Escape(err.Error())
}
