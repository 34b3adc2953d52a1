package session

// pushed takes a push of RESP3.
func (s *Session) pushed(r reply) {
	if s.proto != 3 {
		s.proto = 3
		s.watchSubscriptions()
	}
	s.subscription(r)
}

// message takes an array in RESP2 while there are subscriptions, and reports
// whether it is one that nothing asked for.
func (s *Session) message(r reply) bool {
	switch string(r.text) {
	case "message", "pmessage", "smessage":
		return true
	case "sunsubscribe": // its slot moved to another server
		return s.headKind() != sunsubscribe && s.subscription(r)
	}
	return false
}

// subscription takes what may say that a subscription began or ended, and reports
// whether it does.
func (s *Session) subscription(r reply) bool {
	k := classify(r.text)
	if !k.subscribes() || r.count != 3 {
		return false
	}
	before := s.channels
	switch k {
	case psubscribe, punsubscribe:
		before = s.patterns
	case ssubscribe, sunsubscribe:
		before = s.shards
	default:
	}
	s.countSubscriptions(k, r.last)
	if s.headKind() != k {
		return true
	}
	it := &s.q.items[0]
	it.flags |= begun
	if it.n == 0 { // as many as there were, or one that says there was none
		it.n = max(before, 1)
	}
	s.prove(r)
	s.popOne()
	return true
}

// countSubscriptions takes the number in a reply: that of channels and patterns
// together, or that of shard channels.
func (s *Session) countSubscriptions(k kind, n int64) {
	together := int64(s.channels) + int64(s.patterns)
	switch k {
	case subscribe:
		s.channels += oneIf(n > together)
	case psubscribe:
		s.patterns += oneIf(n > together)
	case unsubscribe:
		s.channels -= oneIf(n < together && s.channels > 0)
	case punsubscribe:
		s.patterns -= oneIf(n < together && s.patterns > 0)
	default:
		s.shards = uint32(n)
	}
	s.watchSubscriptions()
}

func oneIf(yes bool) uint32 {
	if yes {
		return 1
	}
	return 0
}

// watchSubscriptions is after a change of subscriptions or of the protocol.
func (s *Session) watchSubscriptions() {
	s.setWatch(watchSubscribed, s.proto != 3 && s.subscriptions() > 0)
}

func (s *Session) subscriptions() uint64 {
	return uint64(s.channels) + uint64(s.patterns) + uint64(s.shards)
}

// subscribeReply takes a reply, no push, to a command of the SUBSCRIBE family.
func (s *Session) subscribeReply(r reply, it *item) {
	switch {
	case r.failed() && it.flags&begun == 0:
		s.prove(r)
		s.pop()
	case r.typ == '*' && s.proto != 3 && classify(r.text) == it.kind && s.subscription(r):
	default:
		s.giveUp()
	}
}
