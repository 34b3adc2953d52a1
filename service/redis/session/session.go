package session

import (
	"time"

	"reslog/service/redis/event"
)

// Login is an outcome of an authentication.
type Login struct {
	Status event.Status
	// User is what the client sent, at most event.MaxUser bytes of it; "default" where
	// it named none; empty where it is not known, see Bounds. It is valid during the
	// call only.
	User []byte
}

// Config is what New needs.
type Config struct {
	// Login is told of each outcome that is an event of its own, during a call of
	// Reply. Required.
	Login func(Login)
	// Counts is added to, and holds what sessions learn about the server. Required;
	// all sessions of one server share one.
	Counts *Counts
	// Now is the clock of the bound on events; nil is time.Now.
	Now func() time.Time
}

// Session follows one connection. New makes one.
type Session struct {
	login  func(Login)
	counts *Counts
	now    func() time.Time

	user string // who it is, if who is somebody
	rare *rare  // what few connections need; nil is the zero value

	// What waits for a reply: lead plain commands, then those of q, which is nil when
	// it is empty.
	lead uint64
	q    *queue
	// What is queued in a transaction that is open: queued commands; if one of them
	// is special, txLead plain ones, then those of tx.
	tx     *queue
	queued uint32
	txLead uint32

	// How many subscriptions it has, as the replies said.
	channels, patterns, shards uint32

	in  requests
	out replies

	told   bound
	who    identity
	status event.Status
	watch  watch
	proto  uint8 // 2 or 3; 0 is not known
	blind  bool
	owed   bool // the last success was not told
}

// rare is what few connections need.
type rare struct {
	// maybe is who is logged in if the server did what it said it did not, see
	// perhaps; nil is nobody.
	maybe []byte
	// outer are the elements to come of the aggregates around the one that is read.
	outer []int64
}

// identity is what is known of who is logged in.
type identity uint8

const (
	nobody   identity = iota
	somebody          // Session.user, by Session.status
	unknown           // who cannot be said
)

// watch are the reasons to look at the replies to plain commands.
type watch uint8

const (
	watchNobody     watch = 1 << iota // whether they need a login
	watchMulti                        // whether they are queued
	watchMonitor                      // whether they are what MONITOR shows
	watchSubscribed                   // whether they are messages, in RESP2
)

// New makes the Session of a new connection. It panics without Login or Counts.
func New(c Config) *Session {
	if c.Login == nil || c.Counts == nil {
		panic("session: Config needs Login and Counts")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Session{login: c.Login, counts: c.Counts, now: c.Now, proto: 2, watch: watchNobody}
}

// User is who is logged in: "default" for who needed no login, "" for nobody or
// when it is not known.
func (s *Session) User() string {
	if s.who == somebody {
		return s.user
	}
	return ""
}

// Blind reports whether replies cannot be assigned to requests any more: no more
// logins are told.
func (s *Session) Blind() bool { return s.blind }

// giveUp makes the session blind.
func (s *Session) giveUp() {
	if s.blind {
		return
	}
	s.blind = true
	s.counts.Blinded.Add(1)
	s.setNobody(unknown)
	s.q, s.tx, s.rare = nil, nil, nil
	s.lead = 0
}

func (s *Session) setWatch(w watch, on bool) {
	if on {
		s.watch |= w
	} else {
		s.watch &^= w
	}
}

// rarely is what few connections need, made if it is not there.
func (s *Session) rarely() *rare {
	if s.rare == nil {
		s.rare = &rare{}
	}
	return s.rare
}
