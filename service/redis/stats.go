package redis

import (
	"reslog/service/redis/audit"
	"reslog/service/redis/connections"
	"reslog/service/redis/event"
)

// Stats are figures of a Server, most of them since it began.
type Stats struct {
	// Open is how many connections of the proxy are open now.
	Open int64
	// Accepted are those that were ever accepted, Refused those of them that were not
	// let through: by TLS, a PROXY header, a limit, see protected.go, and in audit mode
	// those without a record.
	Accepted, Refused int64
	// Logins are the authentications that were recorded, by outcome; what is not one of
	// event's statuses is at -1. Those of the audit stream are among them.
	Logins map[event.Status]int64
	// Blind are connections in which requests and replies could no longer be paired:
	// later logins on them were not seen. Untold are logins that were not recorded
	// because there were too many of them, Unknown those whose outcome the server did
	// not say.
	Blind, Untold, Unknown int64
	// Unkept are events of which the Emitter did not say in time that it keeps them, in
	// audit mode; the book hands them over again.
	Unkept int64
	// Book tells what became of the events.
	Book connections.Stats
	// Commands, Errors and bytes are what passed.
	Commands, Errors         int64
	RequestBytes, ReplyBytes int64
	// Audit is about the audit stream, nil without one.
	Audit *audit.Stats
}

// Stats returns the figures of the moment.
func (s *Server) Stats() Stats {
	t := s.traffic()
	st := Stats{
		Open:         s.open(),
		Accepted:     s.accepted.Load(),
		Refused:      s.refused.Load(),
		Logins:       make(map[event.Status]int64, len(s.logins)),
		Blind:        t.blinded,
		Untold:       t.untold,
		Unknown:      t.unknown,
		Unkept:       s.unkept.Load(),
		Book:         s.book.Stats(),
		Commands:     t.commands,
		Errors:       t.errors,
		RequestBytes: t.requestBytes,
		ReplyBytes:   t.replyBytes,
	}
	for i := range s.logins {
		st.Logins[event.Status(i)-1] = s.logins[i].Load()
	}
	if s.audit != nil {
		a := s.audit.Stats()
		st.Audit = &a
	}
	return st
}

// open is how many connections of the proxy there are.
func (s *Server) open() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.live))
}

// statuses is how many kinds of outcomes are counted: one that is unknown, and those
// of event.
const statuses = int(event.CertPending) + 2

// loginOf is where an outcome is counted.
func loginOf(st event.Status) int {
	if st < event.Failed || st > event.CertPending {
		return 0
	}
	return int(st) + 1
}
