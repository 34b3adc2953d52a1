package appserver

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/service/signalr/serviceprotocol"
)

// ping answers what a server asks along with its pings.
func (c *conn) ping(m *serviceprotocol.Ping) {
	for _, p := range m.Pairs {
		switch p.Key {
		case serviceprotocol.PingEcho:
			c.send(m)
			return
		case serviceprotocol.PingStatus:
			c.send(&serviceprotocol.Ping{Pairs: c.s.status(c.hub)})
		case serviceprotocol.PingServers:
			c.send(&serviceprotocol.Ping{Pairs: []serviceprotocol.Pair{{Key: p.Key, Value: c.s.servers(c.hub)}}})
		case serviceprotocol.PingShutdown:
			c.shutdown(p.Value)
		}
	}
}

// status tells of a hub whether it has clients, how many of them and of server
// connections, and how many there may be.
func (s *Servers) status(hub string) []serviceprotocol.Pair {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hubs[hub]
	if h == nil { // asked by a connection that has just ended
		h = &hubState{}
	}
	active := "0"
	if len(h.clients) > 0 {
		active = "1"
	}
	pairs := []serviceprotocol.Pair{
		{Key: serviceprotocol.PingStatus, Value: active},
		{Key: serviceprotocol.PingClientCount, Value: strconv.Itoa(len(h.clients))},
		{Key: serviceprotocol.PingServerCount, Value: strconv.Itoa(len(h.conns))},
	}
	if n := s.config.Capacity(); n > 0 {
		pairs = append(pairs, serviceprotocol.Pair{Key: serviceprotocol.PingCapacity, Value: strconv.Itoa(n)})
	}
	return pairs
}

// servers lists the servers of a hub behind the time of their last change, in ticks of
// .NET: "638000000000000000:a;b".
func (s *Servers) servers(hub string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	var changed time.Time
	if h := s.hubs[hub]; h != nil {
		changed = h.changed
		for _, c := range h.conns {
			ids = append(ids, c.server)
		}
	}
	slices.Sort(ids)
	return strconv.FormatInt(ticks(changed), 10) + ":" + strings.Join(slices.Compact(ids), ";")
}

// ticks are the steps of 100 ns since the year 1.
func ticks(t time.Time) int64 {
	const unix = 621_355_968_000_000_000
	return unix + t.Unix()*10_000_000 + int64(t.Nanosecond())/100
}

// shutdown takes note that the server stops: it gets no clients any more. Those that it
// has stay until they or it go, or are moved to other servers if it lets them.
func (c *conn) shutdown(how string) {
	switch how {
	case serviceprotocol.Fin, serviceprotocol.FinMigrate, serviceprotocol.FinWait:
	default:
		return
	}
	c.s.mu.Lock()
	c.leaving = true
	var list []*binding
	if how == serviceprotocol.FinMigrate && c.migration != serviceprotocol.MigrationOff {
		for _, b := range c.clients {
			list = append(list, b)
		}
	}
	c.s.mu.Unlock()
	c.send(&serviceprotocol.Ping{Pairs: []serviceprotocol.Pair{{Key: serviceprotocol.PingShutdown, Value: serviceprotocol.FinAck}}})
	if len(list) == 0 {
		return
	}
	// Moving waits for what clients are just sending, perhaps to this server.
	c.work.Go(func() {
		for _, b := range list {
			c.s.move(b, c)
		}
	})
}
