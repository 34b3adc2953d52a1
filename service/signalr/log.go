package signalr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"reslog/record"
	"reslog/resource"
	"reslog/service/signalr/event"
)

// category is that of all resource logs of a SignalR service.
const category record.Category = "AllLogs"

// logs makes records of events, and hands them to the Emitter so that nobody who has
// something to tell waits for a disk in audit mode; see lane for how.
type logs struct {
	c     *Config
	lanes [lanes]lane
	seed  maphash.Seed
	// lost are events for which a lane had no room, failed those that were not kept.
	lost, failed atomic.Int64
	told         atomic.Int64 // Unix seconds of the last line of the logger
	// hurry is closed when what must be kept is not tried for ever any more.
	hurry chan struct{}
}

// entry is an event and whose it is.
type entry struct {
	event.Event
	id       resource.ID
	location string
	// must says that it has more room in a lane than others, and is tried until it is kept:
	// the end of a client, of whom there is a beginning, and both of an application server.
	must bool
}

func newLogs(c *Config) *logs {
	l := &logs{c: c, seed: maphash.MakeSeed(), hurry: make(chan struct{})}
	for i := range l.lanes {
		l.lanes[i].init(l.hand)
	}
	return l
}

// wanted reports whether a service wants events like this. A diagnostic client is
// logged even if its type of logs is off.
func (l *logs) wanted(s *Service, e *event.Event, diagnostic bool) bool {
	on := s.Connectivity
	switch typeOf(e) {
	case messagingLogs:
		on = s.Messaging
	case httpLogs:
		on = s.HTTPRequests
	}
	return (on || diagnostic) && l.c.Emitter.Enabled(s.ID, category)
}

func (l *logs) entry(s *Service, e event.Event) *entry {
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	if e.Time.IsZero() {
		e.Time = l.c.Now()
	}
	return &entry{Event: e, id: s.ID, location: s.Location}
}

// put hands an event over, soon.
func (l *logs) put(s *Service, e event.Event, diagnostic bool) {
	if l.wanted(s, &e, diagnostic) {
		l.send(l.entry(s, e))
	}
}

// putMust hands over an event without which a connection has no beginning or no end.
func (l *logs) putMust(s *Service, e event.Event, diagnostic bool) {
	if l.wanted(s, &e, diagnostic) {
		n := l.entry(s, e)
		n.must = true
		l.send(n)
	}
}

func (l *logs) send(n *entry) {
	if !l.lanes[maphash.String(l.seed, cmp.Or(n.ConnectionID, n.ID))%lanes].put(n) {
		l.lost.Add(1)
		l.tell("events of a SignalR service were lost: they come faster than they are kept", nil)
	}
}

// keep hands an event over and returns when it is kept, which in audit mode is when it
// is on disk. An error that is errUnkept says that it will never be; after others it may.
func (l *logs) keep(ctx context.Context, s *Service, e event.Event, diagnostic bool) error {
	if !l.wanted(s, &e, diagnostic) {
		return nil
	}
	err := l.emit(ctx, l.entry(s, e))
	if errors.Is(err, errUnkept) {
		l.unkept(err)
	}
	return err
}

// How long the Emitter may take, and how long it is left alone before what it must keep
// is tried again.
const (
	emitTime  = 10 * time.Second
	mustPause = 200 * time.Millisecond
)

// errUnkept is in errors about records that are not kept, and will not be.
var errUnkept = errors.New("there is no record of it")

func (l *logs) emit(ctx context.Context, n *entry) error {
	ctx, cancel := context.WithTimeout(ctx, emitTime)
	defer cancel()
	err := l.c.Emitter.Emit(ctx, n.record())
	if err != nil && (l.c.Unkept == nil || l.c.Unkept(err)) {
		return fmt.Errorf("%w: %w", errUnkept, err)
	}
	return err
}

// hand hands an entry over. What must be kept is tried until it is, or the Server has ended.
func (l *logs) hand(n *entry) {
	for {
		err := l.emit(context.Background(), n)
		if !errors.Is(err, errUnkept) {
			return
		}
		if n.must {
			select {
			case <-time.After(mustPause):
				l.tell("the beginning or end of a SignalR connection is not kept, trying again", err)
				continue
			case <-l.hurry:
			}
		}
		l.unkept(err)
		return
	}
}

func (l *logs) unkept(err error) {
	l.failed.Add(1)
	l.tell("an event of a SignalR service was not kept", err)
}

// tell tells the logger, once a minute.
func (l *logs) tell(what string, err error) {
	now := l.c.Now().Unix()
	last := l.told.Load()
	if now-last >= 60 && l.told.CompareAndSwap(last, now) {
		l.c.Logger.Error(what, "lost", l.lost.Load(), "failed", l.failed.Load(), "error", err)
	}
}

// close returns when all is handed over, or given up after a while. What comes later is lost.
func (l *logs) close() {
	late := time.AfterFunc(emitTime, func() { close(l.hurry) })
	defer late.Stop()
	for i := range l.lanes {
		l.lanes[i].close()
	}
}
