package audit

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/service/redis/event"
)

// Source is that of the connections of an audit stream.
const Source = "audit"

// stream is a connection of a cluster, usually of one of its workers.
type stream struct {
	l        *Listener
	conn     net.Conn
	from     string
	host     netip.Addr // the zero value on a Unix socket
	decoder  *decoder
	follower follower

	mu       sync.Mutex
	stopping bool // the deadline stays as it is
}

// stream reads a connection to its end and closes it.
func (l *Listener) stream(ctx context.Context, conn net.Conn) {
	s := &stream{l: l, conn: conn, from: conn.RemoteAddr().String(), host: hostOf(conn.RemoteAddr()), follower: follower{}}
	s.decoder = newDecoder(s, l.c.MaxRecord)
	stop := context.AfterFunc(ctx, s.stop)
	defer stop()
	defer func() {
		l.connected.Add(-1) // before the worker can know, who may connect anew at once
		_ = conn.Close()
	}()
	l.c.Logger.Debug("audit stream: connected", "from", s.from)

	err := s.run()
	if s.decoder.partial() {
		s.refuse(errCut)
	}
	l.mu.Lock()
	missing := l.sequences.end(s.follower, s.host)
	l.mu.Unlock()
	s.lost(missing)
	switch {
	case errors.Is(err, errLost), errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil:
		l.notes.warn("closed", "audit stream: closed a connection", "from", s.from, "reason", reason(err))
	default:
		l.c.Logger.Debug("audit stream: disconnected", "from", s.from, "reason", reason(err))
	}
}

func reason(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "the cluster closed it"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "the rest of a record did not come"
	}
	return err.Error()
}

// run handles records until none comes any more.
func (s *stream) run() error {
	for {
		b, err := s.decoder.next()
		if err == nil {
			s.record(b)
			continue
		}
		var r refusal
		if !errors.As(err, &r) {
			return err
		}
		s.refuse(r)
	}
}

// Read reads for the decoder. The rest of a record must come in time.
func (s *stream) Read(b []byte) (int, error) {
	var deadline time.Time
	if s.decoder.partial() {
		deadline = time.Now().Add(s.l.c.RecordTimeout)
	}
	s.mu.Lock()
	if !s.stopping {
		_ = s.conn.SetReadDeadline(deadline) // a connection that cannot is at its end
	}
	s.mu.Unlock()
	return s.conn.Read(b)
}

// stop lets the stream read what has arrived, and no more.
func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	_ = s.conn.SetReadDeadline(time.Now().Add(drain))
}

// record counts a record and hands over its event.
func (s *stream) record(b []byte) {
	l := s.l
	e, err := parse(b)
	if e.numbered {
		l.mu.Lock()
		missing := l.sequences.take(s.follower, s.host, e.worker, e.seq)
		l.mu.Unlock()
		s.lost(missing)
	}
	switch {
	case err != nil:
		s.refuse(err)
	case e.kind == command:
		l.commands.Add(1)
	case s.repeats(e):
		l.repeated.Add(1)
	default:
		if e.kind == newInternal {
			l.internal.Add(1)
		}
		l.events.Add(1)
		l.c.Take(s.event(e, b))
	}
}

// repeats keeps the memory of what connections said, and reports whether e repeats
// it.
func (s *stream) repeats(e entry) bool {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	id := session{s.host, e.id}
	if e.kind == authentication {
		return s.l.repeats.known(id, e.status, e.user)
	}
	s.l.repeats.forget(id)
	return false
}

// event makes the event of a record.
func (s *stream) event(e entry, b []byte) event.Event {
	v := event.Event{
		Time:     time.Unix(e.ts, 0).UTC(),
		Captured: s.l.c.Now().UTC(),
		Connection: event.Connection{
			ID: e.id, Source: Source, Database: e.database, Client: e.src, Server: e.trg,
		},
	}
	switch e.kind {
	case newConnection, newInternal:
		v.Type = event.NewConnection
		v.Connection.Opened, v.Connection.Internal = v.Time, e.kind == newInternal
	case closeConnection:
		v.Type = event.CloseConnection
	case authentication:
		v.Type, v.Status, v.User = event.Authentication, e.status, e.user
	}
	if e.numbered {
		v.ID = recordID(s.host, b)
	} else {
		v.ID = s.l.c.NewID()
	}
	return v
}

// recordID makes the ID of an event of its record, which no other has because of
// its number, and of who sent it.
func recordID(host netip.Addr, b []byte) string {
	name := append(host.AppendTo(make([]byte, 0, 64+len(b))), 0)
	return uuid.NewSHA1(uuid.NameSpaceOID, append(name, b...)).String()
}

// refuse counts what is no record that could be read.
func (s *stream) refuse(err error) {
	s.l.refused.Add(1)
	s.l.notes.warn(err.Error(), "audit stream: refused a record", "from", s.from, "reason", err.Error())
}

func (s *stream) lost(n int64) {
	if n > 0 {
		s.l.notes.warn("lost", "audit stream: records are missing", "from", s.from, "records", n)
	}
}

// hostOf is the address of a host, the zero value of a Unix socket.
func hostOf(a net.Addr) netip.Addr {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return t.AddrPort().Addr().Unmap()
}
