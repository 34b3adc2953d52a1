package signalr

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"reslog/resource"
)

// Connection is a client connection that is open.
type Connection struct {
	Service resource.ID `json:"service"`
	ID      string      `json:"id"`
	Hub     string      `json:"hub"`
	// User is "" for an anonymous client.
	User      string     `json:"user"`
	Transport string     `json:"transport"`
	Caller    netip.Addr `json:"caller"`
	Since     time.Time  `json:"since"`
	// Mode is how its hub is run, "" until its handshake is read. ServerConnection is
	// the connection of an application server that it is bound to, in Default mode.
	Mode             Mode   `json:"mode"`
	ServerConnection string `json:"serverConnection,omitempty"`
	// Protocol is how its messages are encoded, "" until its handshake is read.
	Protocol string `json:"protocol,omitempty"`
	// Seen is when something came from it last.
	Seen time.Time `json:"seen"`
}

// Connections returns the client connections that are open, the oldest first.
func (s *Server) Connections() []Connection {
	list := []Connection{}
	for _, v := range s.all() {
		for _, c := range v.list() {
			list = append(list, c.describe())
		}
	}
	slices.SortFunc(list, func(a, b Connection) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func (c *client) describe() Connection {
	d := Connection{
		Service:   c.v.id,
		ID:        c.id,
		Hub:       c.pass.hub,
		User:      c.User(),
		Transport: string(c.conn.Kind()),
		Caller:    c.conn.Caller(),
		Since:     c.since.UTC(),
		Seen:      time.Unix(0, c.seen.Load()).UTC(),
	}
	c.mu.Lock()
	binding := c.binding
	c.mu.Unlock()
	if phase(c.phase.Load()) == open {
		d.Mode, d.Protocol = c.mode, string(c.protocol)
	}
	if binding != nil {
		d.ServerConnection = binding.ServerConnection()
	}
	return d
}

// Stats are figures of all services of a Server; those that are not of the moment count
// since it began, or since a service was made.
type Stats struct {
	// Clients and Servers are the connections of the moment.
	Clients, Servers int64
	// Opened and Closed are connections, of clients and of application servers. Reasons
	// are the ends of clients, by one of event's reasons.
	Opened, Closed int64
	Reasons        map[string]int64
	// Received are messages of clients, Messages the units of 2 KiB that went to clients
	// and application servers. The bytes are those of clients, and to application servers.
	Received, Messages          int64
	InboundBytes, OutboundBytes int64
	// Calls are those of upstreams. UserErrors and SystemErrors are what failed.
	Calls, UserErrors, SystemErrors int64
	// Throttled and Unauthorized are events that were logged of limits and of tokens.
	Throttled, Unauthorized int64
	// Lost are events for which there was no room, Unkept those that the Emitter refused.
	Lost, Unkept int64
}

// Stats returns the figures of the moment.
func (s *Server) Stats() Stats {
	st := Stats{Reasons: map[string]int64{}, Lost: s.logs.lost.Load(), Unkept: s.logs.failed.Load()}
	for _, v := range s.all() {
		f := &v.figures
		clients, servers, _ := v.limits.counts()
		st.Clients += int64(clients)
		st.Servers += int64(servers)
		st.Opened += f.opened.Load()
		st.Closed += f.closed.Load()
		st.Received += f.received.Load()
		st.Messages += f.messages.Load()
		st.InboundBytes += f.inbound.Load()
		st.OutboundBytes += f.outbound.Load()
		st.Calls += f.calls.Load()
		st.UserErrors += f.userErrors.Load()
		st.SystemErrors += f.systemErrors.Load()
		st.Throttled += f.throttled.Load()
		st.Unauthorized += f.unauthorized.Load()
		f.mu.Lock()
		reasons := maps.Clone(f.reasons)
		f.mu.Unlock()
		for reason, n := range reasons {
			st.Reasons[reason] += n
		}
	}
	return st
}
