package signalr

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reslog/service/signalr/event"
)

// tier is what a service may have on a node. Sources: "Azure SignalR Service limits";
// "Messages and connections in Azure SignalR Service".
type tier struct {
	// connections at once, messages a day, new connections a second.
	connections int
	messages    int64
	rate        int
	// hard ends messages at the number of the day; others are only billed beyond it.
	hard bool
}

// tierOf is the tier that a SKU's name and its units make. A name that is not known
// is that of the standard tier.
func tierOf(sku string, units int) tier {
	units = max(units, 1)
	if strings.HasPrefix(strings.ToLower(sku), "free") {
		return tier{connections: 20, messages: 20_000, rate: 20, hard: true}
	}
	t := tier{connections: 1000 * units, messages: 1_000_000 * int64(units), rate: 400}
	switch {
	case units >= 100:
		t.rate = 8000
	case units >= 50:
		t.rate = 2000
	case units >= 20:
		t.rate = 600
	}
	return t
}

// Messages are counted by each 2 KiB of them that has begun.
const messageUnit = 2 << 10

// maxDiagnostic is how many diagnostic clients there may be.
const maxDiagnostic = 100

// The reasons of limits beside those of event.
const (
	limitRate       = "Connection rate reaches limit"
	limitDiagnostic = "Diagnostic client count reaches limit"
)

// limits counts what a service has and uses, against its tier.
type limits struct {
	now func() time.Time

	mu         sync.Mutex
	tier       tier
	clients    int
	servers    int
	diagnostic int
	tokens     float64 // new connections that may come now
	filled     time.Time

	hard atomic.Int64 // messages a day, 0 for no end
	day  atomic.Int64 // since 1970, UTC
	used atomic.Int64 // on that day
}

func newLimits(t tier, now func() time.Time) *limits {
	l := &limits{now: now}
	l.set(t)
	return l
}

// set changes the tier. What is used stays used.
func (l *limits) set(t tier) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tier.rate != t.rate {
		l.tokens, l.filled = float64(t.rate), l.now()
	}
	l.tier = t
	hard := int64(0)
	if t.hard {
		hard = t.messages
	}
	l.hard.Store(hard)
}

// room returns which limit a further client would be over, "" for none. servers says
// that application servers count too.
func (l *limits) room(servers bool) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over(servers)
}

func (l *limits) over(servers bool) string {
	n := l.clients
	if servers {
		n += l.servers
	}
	if n >= l.tier.connections {
		return event.ReasonConnectionLimit
	}
	now := l.now()
	if since := now.Sub(l.filled); since > 0 {
		l.tokens = min(l.tokens+since.Seconds()*float64(l.tier.rate), float64(l.tier.rate))
		l.filled = now
	}
	if l.tokens < 1 {
		return limitRate
	}
	return ""
}

// admit counts a client, or returns which limit it is over. leave is called once.
func (l *limits) admit(servers, diagnostic bool) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if over := l.over(servers); over != "" {
		return over
	}
	if diagnostic && l.diagnostic >= maxDiagnostic {
		return limitDiagnostic
	}
	l.tokens--
	l.clients++
	if diagnostic {
		l.diagnostic++
	}
	return ""
}

func (l *limits) leave(diagnostic bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients--
	if diagnostic {
		l.diagnostic--
	}
}

// admitServer counts a server connection.
func (l *limits) admitServer() (ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clients+l.servers >= l.tier.connections {
		return false
	}
	l.servers++
	return true
}

func (l *limits) leaveServer() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers--
}

// diagnosing reports whether there are diagnostic clients.
func (l *limits) diagnosing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.diagnostic > 0
}

// counts are the connections that there are, and how many there may be.
func (l *limits) counts() (clients, servers, most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clients, l.servers, l.tier.connections
}

// spend counts a message of so many bytes. It reports false if there are none left
// today, and how many were counted.
func (l *limits) spend(size int) (n int64, ok bool) {
	n = int64(max(size+messageUnit-1, messageUnit) / messageUnit)
	l.turn()
	hard := l.hard.Load()
	if l.used.Add(n) > hard && hard > 0 {
		return 0, false
	}
	return n, true
}

// exhausted reports whether a message was refused today: the last that may be sent is
// asked about once more on its way.
func (l *limits) exhausted() bool {
	l.turn()
	hard := l.hard.Load()
	return hard > 0 && l.used.Load() > hard
}

// today is what was used today.
func (l *limits) today() Day {
	l.turn()
	return Day{l.day.Load(), l.used.Load()}
}

// restore adds what was used before, if that was today.
func (l *limits) restore(d Day) {
	if now := l.today(); d.Number == now.Number && d.Messages > 0 {
		l.used.Add(d.Messages)
	}
}

// turn begins a day.
func (l *limits) turn() {
	today := l.now().Unix() / 86400
	if day := l.day.Load(); day != today && l.day.CompareAndSwap(day, today) {
		l.used.Store(0)
	}
}
