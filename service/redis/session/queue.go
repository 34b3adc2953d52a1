package session

import "math"

// maxItems is how many special commands may wait, or be queued in a transaction,
// before they are lumped together; maxNames how many bytes of names.
const (
	maxItems = 512
	maxNames = 4096
)

// item is a special command that waits for its reply, and the plain ones after it.
// Commands that are equal are one item.
type item struct {
	kind  kind
	flags flags
	auths uint8 // of HELLO: how many AUTH, at most 3
	// first and last are the lengths of its names.
	first, last uint16
	// n is how many commands: of AUTH and lump; of the SUBSCRIBE family how many
	// replies are to come, 0 for as many as there are subscriptions.
	n     uint32
	after uint32 // plain commands that follow
}

type flags uint8

const (
	noUser   flags = 1 << iota // AUTH with a password only
	badHello                   // HELLO with an option that is none
	lost                       // the names could not be kept
	begun                      // a part of its replies came
	hazard                     // of a lump: success of one in it changes what replies mean
)

// queue is in the order of the requests. The zero value is empty.
type queue struct {
	items []item
	names []byte
	// most queues fit in these
	fewItems [4]item
	fewNames [48]byte
}

func newQueue() *queue {
	q := &queue{}
	q.items = q.fewItems[:0]
	q.names = q.fewNames[:0]
	return q
}

// tail is the last item.
func (q *queue) tail() *item { return &q.items[len(q.items)-1] }

// push adds a command. It reports whether its number could be kept.
func (q *queue) push(it item, first, last []byte) bool {
	if len(q.names)+len(first)+len(last) > maxNames {
		first, last = nil, nil
		it.flags |= lost
	}
	if n := len(q.items); n > 0 {
		t := q.tail()
		if it.kind == auth && t.kind == auth && t.flags == it.flags && t.after == 0 && t.n < math.MaxUint32 &&
			string(last) == string(q.names[len(q.names)-int(t.last):]) {
			t.n++
			return true
		}
		if n >= maxItems {
			return q.lump(it)
		}
	}
	it.first, it.last = uint16(len(first)), uint16(len(last))
	q.names = append(append(q.names, first...), last...)
	q.items = append(q.items, it)
	return true
}

// lump adds a command to the lump at the end.
func (q *queue) lump(it item) bool {
	if q.tail().kind != lump {
		q.items = append(q.items, item{kind: lump})
	}
	t := q.tail()
	if t.after >= math.MaxUint32-t.n-1 {
		return false
	}
	t.n += t.after + 1
	t.after = 0
	switch {
	case it.kind == auth, it.kind == reset, it.kind == quit, it.kind == hello && it.auths < 2:
	default:
		t.flags |= hazard
	}
	return true
}

// plain adds a plain command. It reports whether its number could be kept.
func (q *queue) plain() bool {
	t := q.tail()
	if t.after == math.MaxUint32 {
		return false
	}
	t.after++
	return true
}

// head is the first item with its names.
func (q *queue) head() (it *item, first, last []byte) {
	it = &q.items[0]
	end := int(it.first) + int(it.last)
	return it, q.names[:it.first], q.names[it.first:end]
}

// pop takes the first item away.
func (q *queue) pop() item {
	it := q.items[0]
	q.names = q.names[int(it.first)+int(it.last):]
	q.items = q.items[1:]
	return it
}

// expectPlain notes a plain command.
func (s *Session) expectPlain() {
	switch {
	case s.q == nil:
		s.lead++ // counts on when blind, which does no harm
	case !s.q.plain():
		s.giveUp()
	}
}

// commandRead is after the last byte of a command.
func (s *Session) commandRead(t *tally) {
	k, argc, creds := s.in.kind, s.in.arg, s.in.creds
	s.in = requests{}
	t.count(k)
	if s.blind {
		creds.wipe()
		return
	}
	it := item{kind: k, n: 1}
	var first, last []byte
	switch {
	case k == auth:
		switch argc {
		case 2:
			it.flags = noUser
			creds.wipe() // it was the password
		case 3:
			last = creds.last
		default:
			it.kind = plain
			creds.wipe()
		}
	case k == hello:
		creds.finish()
		it.auths, first, last = creds.auths, creds.first, creds.last
		if creds.bad {
			it.flags = badHello
		}
	case k == client, k == replconf, (k == replyOn || k == replyOff || k == replySkip) && argc != 3:
		it.kind = plain
	case k >= unsubscribe && k <= sunsubscribe:
		it.n = argc - 1
	case k.subscribes():
		if it.n = argc - 1; argc == 1 {
			it.kind = plain // an error
		}
	}
	if !it.kind.special() {
		s.expectPlain()
		return
	}
	if s.q == nil {
		s.q = newQueue()
	}
	if !s.q.push(it, first, last) {
		s.giveUp()
	}
}

// finish is after the last argument of HELLO.
func (c *credentials) finish() {
	switch c.next {
	case helloUser, helloPassword: // AUTH without both is an option that is none
		c.bad = true
		if c.auths--; c.auths < 2 {
			c.last, c.first = c.first, nil
		} else {
			c.auths, c.last = 3, nil
		}
	case helloName: // and so is SETNAME without a name
		c.bad = true
	default:
	}
}

// pop takes the first item of q away: the plain commands after it are next.
func (s *Session) pop() {
	s.lead = uint64(s.q.pop().after)
	if len(s.q.items) == 0 {
		s.q = nil
	}
}

// popOne takes one command of the first item away.
func (s *Session) popOne() {
	if it := &s.q.items[0]; it.n > 1 {
		it.n--
		return
	}
	s.pop()
}

// move moves the first command, which was queued, to the transaction.
func (s *Session) move() {
	it, first, last := s.q.head()
	moved := *it
	if moved.kind == auth {
		moved.n = 1
	}
	moved.after = 0
	if s.tx == nil {
		s.tx = newQueue()
		s.txLead = s.queued
	}
	s.queued++
	if !s.tx.push(moved, first, last) {
		s.giveUp()
		return
	}
	if it.kind == auth {
		s.popOne()
	} else {
		s.pop()
	}
}

// queuedPlain notes a plain command of the transaction.
func (s *Session) queuedPlain() {
	if s.queued == math.MaxUint32 || s.tx != nil && !s.tx.plain() {
		s.giveUp()
		return
	}
	s.queued++
}

// endTransaction forgets what was queued.
func (s *Session) endTransaction() {
	s.setWatch(watchMulti, false)
	s.tx = nil
	s.queued, s.txLead = 0, 0
}

// mayHoldMessages reports whether replies in the transaction and messages may look
// alike: its commands run where others would be refused for subscriptions in RESP2.
func (s *Session) mayHoldMessages() bool {
	subscribed := s.subscriptions() > 0
	resp2 := s.proto != 3
	for _, it := range s.tx.items {
		resp2 = resp2 || it.kind == hello
		subscribed = subscribed || it.kind >= subscribe && it.kind <= ssubscribe || it.kind == lump
	}
	return resp2 && subscribed
}

// execute puts what was queued before what waits, without EXEC: the n replies in
// the reply to EXEC are theirs.
func (s *Session) execute(n int64) {
	if n != int64(s.queued) || s.mayHoldMessages() {
		s.giveUp()
		return
	}
	s.pop()
	tx, lead := s.tx, s.txLead
	s.endTransaction()
	t := tx.tail()
	if s.lead > math.MaxUint32-uint64(t.after) {
		s.giveUp()
		return
	}
	t.after += uint32(s.lead)
	if s.q != nil {
		tx.items = append(tx.items, s.q.items...)
		tx.names = append(tx.names, s.q.names...)
	}
	s.q = tx
	s.lead = uint64(lead)
}
