package redis

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"reslog/service/redis/connections"
	"reslog/service/redis/event"
	"reslog/service/redis/relay"
	"reslog/service/redis/session"
)

// proxySource is the event.Connection.Source of connections that the node accepts.
const proxySource = "proxy"

// tap follows one connection: it tells the book when it begins, who logs in on it,
// and when it ends. Its calls do not overlap.
type tap struct {
	endpoint *endpoint
	conn     event.Connection
	session  *session.Session
	// wake tells the relay that all events are noted; unnoted is how many are not.
	wake    func()
	unnoted atomic.Int32

	// local is the address that the server sees it come from. With Server.mu.
	local netip.AddrPort
}

var (
	_ relay.Tap          = (*tap)(nil)
	_ connections.Waiter = (*tap)(nil)
)

// open begins the tap of a connection, or returns nil to refuse it. A connection
// that is refused has its events, as any other.
func (ep *endpoint) open(p relay.Peer, wake func()) relay.Tap {
	s := ep.server
	t := &tap{endpoint: ep, wake: wake, conn: event.Connection{
		ID:     s.book.NextID(),
		Source: proxySource,
		Client: unmapped(p.Client),
		Server: unmapped(p.Server),
		Opened: s.c.Now(),
	}}
	if s.c.Details {
		t.conn.CommonName = p.CommonName[:min(len(p.CommonName), event.MaxCommonName)]
	}
	t.session = session.New(session.Config{Login: t.login, Counts: &ep.origin.counts, Now: s.c.Now})
	s.accepted.Add(1)
	s.mu.Lock()
	s.live[t.conn.ID] = t
	s.mu.Unlock()
	err := t.tell(t.event(event.NewConnection, t.conn.Opened))
	if !ep.guard.lets(p.Client.Addr()) || s.c.Audit && err != nil {
		t.Close(event.Refused)
		return nil
	}
	return t
}

// Connected keeps where the server sees the connection come from.
func (t *tap) Connected(local netip.AddrPort) {
	s := t.endpoint.server
	s.mu.Lock()
	defer s.mu.Unlock()
	t.local = unmapped(local)
}

// Request reads along.
func (t *tap) Request(b []byte) { t.session.Request(b) }

// Reply reads along.
func (t *tap) Reply(b []byte) { t.session.Reply(b) }

func (t *tap) login(l session.Login) {
	s := t.endpoint.server
	e := t.event(event.Authentication, s.c.Now())
	e.Status, e.User = l.Status, string(l.User)
	_ = t.tell(e) // it has been counted and logged
}

// Close tells that the connection has ended.
func (t *tap) Close(why event.Reason) {
	s := t.endpoint.server
	if why == event.Refused {
		s.refused.Add(1)
	}
	s.mu.Lock()
	delete(s.live, t.conn.ID)
	s.mu.Unlock()
	e := t.event(event.CloseConnection, s.c.Now())
	e.Reason = why
	_ = t.tell(e) // it has been counted and logged
}

// tell hands an event to the book. In audit mode it returns when the event is on disk;
// else at once, and the tap is not ready until the event is in the book's journal: that
// a client knows of no connection and of no login that a crash could make unknown.
func (t *tap) tell(e event.Event) error {
	s := t.endpoint.server
	if s.c.Audit {
		return s.take(e)
	}
	s.count(&e)
	t.unnoted.Add(1)
	err := s.book.Put(e, t)
	if err != nil {
		t.Noted()
		s.late(err)
	}
	return err
}

// Noted says that an event is in the journal.
func (t *tap) Noted() {
	if t.unnoted.Add(-1) == 0 {
		t.wake()
	}
}

// Ready reports whether all events are in the journal.
func (t *tap) Ready() bool { return t.unnoted.Load() == 0 }

func (t *tap) event(typ event.Type, at time.Time) event.Event {
	return event.Event{ID: newEventID(), Type: typ, Time: at, Connection: t.conn}
}

// keepTime bounds how long an event waits for the disk in audit mode. The book then
// hands it over again.
const keepTime = 5 * time.Second

// take counts an event and hands it to the book. In audit mode it returns when the
// event is on disk, and an error when it is not yet.
func (s *Server) take(e event.Event) error {
	s.count(&e)
	ctx := context.Background()
	if s.c.Audit {
		limited, cancel := context.WithTimeout(ctx, keepTime)
		defer cancel()
		ctx = limited
	}
	err := s.book.Take(ctx, e)
	if err != nil {
		s.late(err)
	}
	return err
}

func (s *Server) count(e *event.Event) {
	if e.Type == event.Authentication {
		s.logins[loginOf(e.Status)].Add(1)
	}
}

// late counts an event that is not kept yet, and says so, once a second.
func (s *Server) late(err error) {
	s.unkept.Add(1)
	now := s.c.Now().Unix()
	if last := s.toldLate.Load(); now != last && s.toldLate.CompareAndSwap(last, now) {
		s.c.Logger.Error("an event of a Redis connection is not on disk yet, it is handed over again", "error", err, "so far", s.unkept.Load())
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// newEventID returns a random GUID. Nobody gains by guessing one: the generator of
// the runtime, which costs no call of the system, is good enough.
func newEventID() string {
	var raw [16]byte
	a, b := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		raw[i], raw[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	raw[6] = raw[6]&0x0f | 0x40 // version 4, random
	raw[8] = raw[8]&0x3f | 0x80 // the variant of RFC 9562
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:36], raw[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
