package session

import "reslog/service/redis/event"

const defaultUser = "default"

// authReply takes the reply to AUTH, with only a password if noUser.
func (s *Session) authReply(r reply, f flags, user []byte) {
	if f&noUser != 0 {
		user = []byte(defaultUser)
	}
	switch {
	case !r.failed():
		if f&noUser != 0 {
			s.counts.server.setClosed(true)
		}
		s.succeeded(event.OK, user, f)
	case r.starts("ERR AUTH <password> called without any"), r.starts("ERR Client sent AUTH, but no password"):
		if s.who == nobody || s.who == somebody && s.status == event.NotRequired {
			s.notRequired()
		} // else who it is does not change
	case notTried(r):
	default:
		if f&noUser != 0 {
			s.counts.server.setClosed(true)
		}
		s.refused(user)
	}
}

// notTried reports whether an error says that user and password were not looked at.
func notTried(r reply) bool {
	for _, start := range [...]string{
		"ERR wrong number of arguments", "ERR syntax error", "ERR unknown command", "ERR Can't execute",
		"ERR Protocol", "ERR max number of clients", "ERR Command not allowed", "NOPROTO", "NOAUTH", "NOPERM",
		"DENIED", "LOADING", "BUSY", "MASTERDOWN",
	} {
		if r.starts(start) {
			return true
		}
	}
	return false
}

// wrongPassword reports whether an error says that a user or password is wrong.
func wrongPassword(r reply) bool {
	return r.failed() && (r.starts("WRONGPASS") || r.starts("ERR invalid password"))
}

// prove takes the reply to a command that needs a login: where nobody is logged in,
// it shows whether that is so.
func (s *Session) prove(r reply) {
	if s.who != nobody {
		return
	}
	if r.failed() {
		switch {
		case r.starts("NOAUTH"):
			s.counts.server.setClosed(true)
			if s.rare != nil {
				s.rare.maybe = nil
			}
			return
		case r.starts("ERR"), r.starts("DENIED"), r.starts("WRONGPASS"), r.starts("NOPROTO"), r.starts("EXECABORT"):
			return // it may not have come so far
		}
	}
	switch {
	case s.rare == nil || s.rare.maybe == nil:
		s.counts.server.setClosed(false)
		s.notRequired()
	case s.counts.server.closed.Load():
		s.succeeded(event.OK, s.rare.maybe, 0)
	default:
		s.setNobody(unknown) // that one, or the default user
	}
}

// helloReply takes the reply to HELLO.
func (s *Session) helloReply(r reply, it item, first, last []byte) {
	switch {
	case !r.failed():
		switch r.typ {
		case '%':
			s.proto = 3
		case '*':
			s.proto = 2
		}
		s.watchSubscriptions()
		if it.auths > 0 {
			s.succeeded(event.OK, last, it.flags)
		} else {
			s.prove(r)
		}
	case it.auths == 0, r.starts("NOAUTH"):
		s.prove(r)
	case notTried(r):
	case it.flags&badHello != 0 && !wrongPassword(r):
		s.helloRefused(it, last)
	default:
		s.helloFailed(it, first, last)
	}
}

// parsesFirst is the version whose HELLO looks at user and password after all of its
// options; those before look at each where it stands, and stop at what is wrong.
const parsesFirst = 702

// helloRefused takes the refusal of a HELLO with AUTH for a bad option behind it.
func (s *Session) helloRefused(it item, last []byte) {
	v := s.counts.server.version.Load()
	switch {
	case v >= parsesFirst:
	case it.auths > 2:
		s.setNobody(unknown)
	case v > 0:
		s.succeeded(event.OK, last, it.flags)
	default:
		s.perhaps(it, last)
	}
}

// helloFailed takes the failure of a HELLO with AUTH.
func (s *Session) helloFailed(it item, first, last []byte) {
	if it.auths == 1 || s.counts.server.version.Load() >= parsesFirst {
		s.refused(last)
		return
	}
	if string(first) == string(last) {
		s.refused(last)
	} else {
		s.refused(nil) // one of them
	}
	if it.auths == 2 {
		s.perhaps(it, first)
	} else {
		s.setNobody(unknown)
	}
}

// perhaps notes that user is logged in, or that nothing changed.
func (s *Session) perhaps(it item, user []byte) {
	switch {
	case s.who == somebody && s.user == string(user) && s.status == event.OK:
	case s.who == nobody && it.flags&lost == 0:
		s.rarely().maybe = append([]byte{}, user...)
	default:
		s.setNobody(unknown)
	}
}

// learnVersion takes the version that the server says it has.
func (s *Session) learnVersion(text []byte) {
	var part [2]uint32
	i := 0
	for _, c := range text {
		switch {
		case c == '.':
			i++
		case c < '0' || c > '9' || part[i] > 9999:
			return
		default:
			part[i] = part[i]*10 + uint32(c-'0')
		}
		if i == len(part) {
			break
		}
	}
	if v := part[0]*100 + min(part[1], 99); v > 0 {
		s.counts.server.setVersion(v)
	}
}

// notRequired is when the default user needs no login.
func (s *Session) notRequired() { s.succeeded(event.NotRequired, []byte(defaultUser), 0) }

// succeeded is when user is logged in.
func (s *Session) succeeded(status event.Status, user []byte, f flags) {
	if s.who == somebody && s.status == status && s.user == string(user) && !s.owed && f&lost == 0 {
		return
	}
	s.setNobody(somebody)
	s.status = status
	s.user = defaultUser
	if string(user) != defaultUser {
		s.user = string(user)
	}
	s.owed = !s.tell(status, user) || f&lost != 0
}

// refused is when user or password is wrong: it stays who it is.
func (s *Session) refused(user []byte) { s.tell(event.Failed, user) }

// setNobody says how much is known of who it is.
func (s *Session) setNobody(id identity) {
	s.who = id
	s.user = ""
	s.setWatch(watchNobody, id == nobody)
	if s.rare != nil {
		s.rare.maybe = nil
	}
}

// reset is after RESET.
func (s *Session) reset() {
	if s.who != somebody || s.status != event.NotRequired {
		s.setNobody(nobody)
	}
	s.endTransaction()
	s.setWatch(watchMonitor, false)
	s.proto = 2
	s.channels, s.patterns, s.shards = 0, 0, 0
	s.watchSubscriptions()
}

// bound is how many events were told lately.
type bound struct {
	second     uint32 // since 1970
	last       uint32 // hash of the last event
	same, told uint8  // in this second: equal to it, and all
}

// maxSame bounds the events a second that are equal to the one before, maxTold all.
const (
	maxSame = 10
	maxTold = 100
)

// tell tells an event, unless there were too many.
func (s *Session) tell(status event.Status, user []byte) bool {
	b := &s.told
	if now := uint32(s.now().Unix()); now != b.second {
		*b = bound{second: now, last: b.last}
	}
	h := uint32(2166136261) ^ uint32(status) // FNV-1a
	for _, c := range user {
		h = h*16777619 ^ uint32(c)
	}
	if h != b.last {
		b.last = h
		b.same = 0
	}
	if b.same >= maxSame || b.told >= maxTold {
		s.counts.Untold.Add(1)
		return false
	}
	b.same++
	b.told++
	s.login(Login{Status: status, User: user})
	return true
}
