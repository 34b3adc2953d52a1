package session

import "bytes"

// A server that was told not to reply by CLIENT REPLY OFF or SKIP, or that got
// REPLCONF ACK or a second MONITOR, says nothing, unless it refuses that command itself. What the next
// reply is to shows which of both it was.

// offReply takes the next reply after CLIENT REPLY OFF. Only CLIENT REPLY ON and
// RESET end the silence.
func (s *Session) offReply(r reply) bool {
	if r.failed() {
		s.prove(r)
		s.pop()
		return true
	}
	end := replyOn
	switch {
	case r.is("OK"):
	case r.is("RESET"):
		end = reset
	default:
		s.giveUp()
		return true
	}
	s.pop()
	changed := false // who it is, and with that what it may
	for s.q != nil {
		s.lead = 0
		it := s.q.items[0]
		if it.kind == end {
			// With another end behind this one it may be that one, if this was refused.
			if changed && s.endsLater() {
				s.giveUp()
				return true
			}
			return false
		}
		changed = changed || it.kind == auth || it.kind == hello
		if s.silent(it, int64(it.n)); s.blind {
			return true
		}
		s.pop()
	}
	s.giveUp() // nothing ended it
	return true
}

// endsLater reports whether another command behind the next can end the silence.
func (s *Session) endsLater() bool {
	for _, it := range s.q.items[1:] {
		if it.kind == replyOn || it.kind == reset || it.kind == lump {
			return true
		}
	}
	return false
}

// skipReply takes the next reply after CLIENT REPLY SKIP, which silences the next
// command too, or after what has no reply and silences none. It reports whether it was
// the reply to that command itself.
func (s *Session) skipReply(r reply) bool {
	it := s.q.items[0]
	if r.failed() {
		switch s.refusedItself(r, it) {
		case yes:
			s.prove(r)
			s.pop()
			return true
		case perhaps:
			s.giveUp()
			return true
		case no:
		}
	}
	s.pop()
	for it.kind == replySkip {
		switch {
		case s.lead > 0:
			s.lead--
			return false
		case s.q == nil:
			s.giveUp()
			return true
		}
		it = s.q.items[0]
		switch it.kind {
		case replyOn, replyOff: // the silence of SKIP ends, or goes on
			if r.failed() {
				s.giveUp() // it was refused, and silenced
			}
			return s.blind
		case replySkip:
		default:
			if s.silent(it, 1); s.blind {
				return true
			}
		}
		s.popOne()
	}
	return false
}

// answerTo is whether a reply is to a certain command.
type answerTo uint8

const (
	no answerTo = iota
	perhaps
	yes
)

// refusedItself says whether an error is the reply to the first item, CLIENT REPLY
// SKIP or one of the others, and not to a later one.
func (s *Session) refusedItself(r reply, it item) answerTo {
	silenced := uint64(0)
	if it.kind == replySkip {
		silenced = 1
	}
	following := uint64(it.after)
	for _, later := range s.q.items[1:] {
		following += uint64(later.after) + 1
		if later.kind == auth || later.kind == lump {
			following += uint64(later.n) - 1
		}
	}
	switch {
	case following <= silenced:
		return yes // nothing else can answer
	case r.starts("NOAUTH") && s.who == nobody:
		return yes
	case r.starts("NOAUTH") && s.who == somebody:
		return no
	case r.starts("ERR unknown command") && !r.names(nameOf(it.kind)),
		r.starts("ERR wrong number of arguments") && !r.names(nameOf(it.kind)):
		return no
	case r.starts("NOAUTH"), r.starts("ERR"), r.starts("NOPERM"), r.starts("BUSY "):
		return perhaps
	}
	return no
}

// nameOf is the command of a kind that has no reply.
func nameOf(k kind) string {
	switch k {
	case ack:
		return "replconf"
	case monitor:
		return "monitor"
	}
	return "client"
}

// names reports whether the first thing in quotes is name, or begins with it.
func (r reply) names(name string) bool {
	i := bytes.IndexAny(r.text, "'`")
	return i < 0 || len(r.text)-i-1 < len(name) || isWord(r.text[i+1:i+1+len(name)], name)
}

// silent is what the first item, n commands of it, did without a reply.
func (s *Session) silent(it item, n int64) {
	switch it.kind {
	case auth:
		s.counts.Unknown.Add(n)
		s.setNobody(unknown)
	case hello:
		if s.subscriptions() > 0 {
			s.giveUp()
			return
		}
		s.proto = 0
		if it.auths > 0 {
			s.counts.Unknown.Add(1)
			s.setNobody(unknown)
		}
	case reset:
		s.reset()
	case quit, replyOn, replyOff, replySkip, ack:
	default:
		s.giveUp()
	}
}
