package signalr

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"reslog/record"
	"reslog/resource"
	"reslog/service/signalr/event"
)

// category is that of all resource logs of a SignalR service.
const category record.Category = "AllLogs"

// Logs are handed to the Emitter by a few goroutines, so that nobody who has something
// to tell waits for a disk in audit mode. Those of one connection are in one lane, and
// so stay in order.
const (
	lanes   = 8
	laneCap = 8192
)

// logs makes records of events.
type logs struct {
	c     *Config
	lanes [lanes]chan *entry
	seed  maphash.Seed
	// lost are events for which a lane had no room, failed those that were not kept.
	lost, failed atomic.Int64
	told         atomic.Int64 // Unix seconds of the last line of the logger
}

// entry is an event and whose it is.
type entry struct {
	event.Event
	id       resource.ID
	location string
}

func newLogs(c *Config) *logs {
	l := &logs{c: c, seed: maphash.MakeSeed()}
	for i := range l.lanes {
		l.lanes[i] = make(chan *entry, laneCap)
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
	return &entry{e, s.ID, s.Location}
}

// put hands an event over, soon.
func (l *logs) put(s *Service, e event.Event, diagnostic bool) {
	if !l.wanted(s, &e, diagnostic) {
		return
	}
	n := l.entry(s, e)
	select {
	case l.lanes[maphash.String(l.seed, e.ConnectionID)%lanes] <- n:
	default:
		l.lost.Add(1)
		l.tell("events of a SignalR service were lost: they come faster than they are kept", nil)
	}
}

// keep hands an event over and returns when it is kept, which in audit mode is when it
// is on disk.
func (l *logs) keep(ctx context.Context, s *Service, e event.Event, diagnostic bool) error {
	if !l.wanted(s, &e, diagnostic) {
		return nil
	}
	return l.emit(ctx, l.entry(s, e))
}

// emitTime is how long the Emitter may take.
const emitTime = 10 * time.Second

func (l *logs) emit(ctx context.Context, n *entry) error {
	ctx, cancel := context.WithTimeout(ctx, emitTime)
	defer cancel()
	err := l.c.Emitter.Emit(ctx, n.record())
	if err != nil {
		l.failed.Add(1)
		l.tell("an event of a SignalR service was not kept", err)
	}
	return err
}

// tell tells the logger, once a minute.
func (l *logs) tell(what string, err error) {
	now := l.c.Now().Unix()
	last := l.told.Load()
	if now-last >= 60 && l.told.CompareAndSwap(last, now) {
		l.c.Logger.Error(what, "lost", l.lost.Load(), "failed", l.failed.Load(), "error", err)
	}
}

// run hands over events until done is closed, and then those that are left.
func (l *logs) run(done <-chan struct{}) {
	var working sync.WaitGroup
	for _, lane := range l.lanes {
		working.Go(func() {
			for {
				select {
				case n := <-lane:
					_ = l.emit(context.Background(), n) // counted and told
				case <-done:
					l.rest(lane)
					return
				}
			}
		})
	}
	working.Wait()
}

func (l *logs) rest(lane <-chan *entry) {
	for {
		select {
		case n := <-lane:
			_ = l.emit(context.Background(), n)
		default:
			return
		}
	}
}
