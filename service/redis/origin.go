package redis

import (
	"reslog/service/redis/relay"
	"reslog/service/redis/session"
	"reslog/service/redis/upstream"
)

// origin is a server that endpoints lead to.
type origin struct {
	relay.Upstream
	asks *upstream.Client
	// counts are those of its sessions, which learn from each other what it is like.
	counts session.Counts
}

// origin returns the server of an endpoint: that of another one, if both lead there.
func (s *Server) origin(u relay.Upstream) *origin {
	for _, o := range s.origins {
		if o.Network == u.Network && o.Address == u.Address {
			return o
		}
	}
	o := &origin{Upstream: u, asks: upstream.New(upstream.Config{
		Network:  u.Network,
		Address:  u.Address,
		TLS:      u.TLS,
		User:     s.c.User,
		Password: s.c.Password,
		Timeout:  s.c.ConnectTimeout,
	})}
	s.origins = append(s.origins, o)
	return o
}

// traffic is what sessions counted.
type traffic struct {
	commands, gets, sets, errors int64
	requestBytes, replyBytes     int64
	untold, unknown, blinded     int64
}

// traffic adds up what the sessions of all servers counted.
func (s *Server) traffic() (t traffic) {
	for _, o := range s.origins {
		c := &o.counts
		t.commands += c.Commands.Load()
		t.gets += c.Gets.Load()
		t.sets += c.Sets.Load()
		t.errors += c.Errors.Load()
		t.requestBytes += c.RequestBytes.Load()
		t.replyBytes += c.ReplyBytes.Load()
		t.untold += c.Untold.Load()
		t.unknown += c.Unknown.Load()
		t.blinded += c.Blinded.Load()
	}
	return t
}
