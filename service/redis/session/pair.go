package session

// answer takes a reply that was read.
func (s *Session) answer(r reply) {
	if s.unasked(r) {
		return
	}
	for !s.blind && !s.pair(r) {
	}
}

// unasked takes a reply that is to no request: a push, a message to a subscriber in
// RESP2, a line of MONITOR. It reports whether it is one.
func (s *Session) unasked(r reply) bool {
	switch {
	case r.typ == '>':
		s.pushed(r)
		return true
	case s.watch&watchSubscribed != 0 && r.typ == '*' && s.message(r):
		return true
	case s.watch&watchMonitor != 0 && r.typ == '+' && len(r.text) > 0 && r.text[0] >= '0' && r.text[0] <= '9':
		return true
	}
	return false
}

// pair takes the reply to the request that waits longest, and reports whether it is
// to it: it is not if that request has no reply, and is then taken away.
func (s *Session) pair(r reply) bool {
	if s.lead > 0 {
		s.lead--
		s.plainReply(r)
		return true
	}
	if s.q == nil {
		s.goodbye(r)
		return true
	}
	it, first, last := s.q.head()
	if s.watch&watchMulti != 0 && r.is("QUEUED") {
		switch it.kind {
		case quit, exec, discard, multi, reset, lump:
			s.giveUp() // they are never queued, or it cannot be said which is
		default:
			s.move()
		}
		return true
	}
	switch it.kind {
	case auth:
		s.authReply(r, it.flags, last)
		s.popOne()
	case hello:
		s.helloReply(r, *it, first, last)
		s.pop()
	case reset:
		if r.is("RESET") {
			s.reset()
		}
		s.pop()
	case multi:
		if r.is("OK") {
			s.endTransaction()
			s.setWatch(watchMulti, true)
		}
		s.prove(r)
		s.pop()
	case exec:
		if r.typ == '*' && r.count >= 0 && (s.watch&watchMulti == 0 || s.tx != nil) {
			s.giveUp() // of a transaction that is not known, or not counted out
			return true
		}
		s.endTransaction()
		s.pop()
	case discard:
		if !r.failed() {
			s.endTransaction()
		}
		s.pop()
	case monitor:
		if s.watch&watchMonitor != 0 { // it says nothing the second time
			return s.skipReply(r)
		}
		if !r.failed() {
			s.setWatch(watchMonitor, true)
		}
		s.prove(r)
		s.pop()
	case replicate:
		if !r.failed() {
			s.giveUp()
			return true
		}
		s.pop()
	case subscribe, psubscribe, ssubscribe, unsubscribe, punsubscribe, sunsubscribe:
		s.subscribeReply(r, it)
	case replyOff:
		return s.offReply(r)
	case replySkip, ack:
		return s.skipReply(r)
	case lump:
		if s.lumpReply(r, it.flags&hazard != 0); !s.blind {
			s.popOne()
		}
	case replyOn:
		s.prove(r)
		s.pop()
	default: // QUIT
		s.pop()
	}
	return true
}

// plainReply takes the reply to a plain command.
func (s *Session) plainReply(r reply) {
	if s.watch&watchMulti != 0 && r.is("QUEUED") {
		s.queuedPlain()
		return
	}
	s.prove(r)
}

// goodbye takes a reply that nothing waits for: the server says why it closes the
// connection.
func (s *Session) goodbye(r reply) {
	if r.typ != '-' || !r.starts("ERR Protocol error") && !r.starts("ERR max number of clients") && !r.starts("DENIED ") {
		s.giveUp()
	}
}

// lumpReply takes a reply to one of many commands that are not told apart.
func (s *Session) lumpReply(r reply, hazard bool) {
	switch {
	case r.starts("NOAUTH") && r.failed():
	case wrongPassword(r):
		s.refused(nil)
	case r.is("RESET"):
		s.reset()
	case r.failed():
		s.setNobody(unknown) // of HELLO perhaps
	case hazard:
		s.giveUp()
	default:
		s.setNobody(unknown)
	}
}
