package signalr

import (
	"net/netip"
	"strconv"
	"sync"
	"time"

	"reslog/service/signalr/event"
)

// flood lets through what one address causes of events, up to a number a minute. What
// is beyond is counted, and told in one event at the end of the minute.
type flood struct {
	now func() time.Time

	mu    sync.Mutex
	since time.Time
	seen  map[floodKey]*floodCount
}

// What one address is told of in a minute, and of how many addresses. All others share
// one number.
const (
	floodEvents    = 20
	floodAddresses = 1024
)

type floodKey struct {
	operation event.Operation
	caller    netip.Addr
}

type floodCount struct {
	n    int64
	last event.Event
}

func newFlood(now func() time.Time) *flood {
	return &flood{now: now, since: now(), seen: make(map[floodKey]*floodCount)}
}

// log hands an event on, if it may.
func (f *flood) log(to event.Sink, e event.Event) {
	f.mu.Lock()
	key := floodKey{e.Operation, e.Caller}
	c := f.seen[key]
	if c == nil {
		if len(f.seen) >= floodAddresses {
			key.caller = netip.Addr{}
			c = f.seen[key]
		}
		if c == nil {
			c = &floodCount{}
			f.seen[key] = c
		}
	}
	c.n++
	held := c.n > floodEvents
	if held {
		c.last = e
	}
	f.mu.Unlock()
	if !held {
		to(e)
	}
}

// tick ends a minute.
func (f *flood) tick(now time.Time, to event.Sink) {
	f.mu.Lock()
	if now.Sub(f.since) < time.Minute {
		f.mu.Unlock()
		return
	}
	seen := f.seen
	f.since, f.seen = now, make(map[floodKey]*floodCount)
	f.mu.Unlock()
	for key, c := range seen {
		if more := c.n - floodEvents; more > 0 {
			e := c.last
			// They differ in what they are about, and in what they come from if there were
			// too many addresses.
			e.User, e.Caller = "", key.caller
			e.Message += " (and " + strconv.FormatInt(more-1, 10) + " more like this in the last minute)"
			to(e)
		}
	}
}
