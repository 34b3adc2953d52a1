package signalr

import "sync"

// How many lanes there are, how many events may wait in one, how many with those that must
// be kept, and how many are handed over at once: in audit mode as many share a sync of the
// disk.
const (
	lanes       = 8
	laneCap     = 8192
	laneMustCap = 4 * laneCap
	laneWorks   = 32
)

// lane hands events over: those of one connection one after the other, in order, those of
// different ones side by side, so that what waits for one holds up no other. Connections
// have their turns one after the other. There is a goroutine only while there is work.
type lane struct {
	hand func(*entry)

	mu     sync.Mutex
	chains map[string]*chain // by the connection; those of none are not in it
	ready  []*chain          // those that nobody works on
	held   int               // entries that wait or are worked on
	works  int
	idle   *sync.Cond // works is 0
	closed bool
}

// chain is what waits of one connection.
type chain struct {
	connection string
	queue      []*entry
}

func (l *lane) init(hand func(*entry)) {
	l.hand, l.chains, l.idle = hand, make(map[string]*chain), sync.NewCond(&l.mu)
}

// put takes an entry. It reports false if there is no room for it.
func (l *lane) put(n *entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.held >= laneMustCap || l.held >= laneCap && !n.must {
		return false
	}
	l.held++
	if c := l.chains[n.ConnectionID]; c != nil {
		c.queue = append(c.queue, n)
		return true
	}
	c := &chain{n.ConnectionID, []*entry{n}}
	if c.connection != "" {
		l.chains[c.connection] = c
	}
	l.ready = append(l.ready, c)
	if l.works < laneWorks {
		l.works++
		go l.work()
	}
	return true
}

// work hands over until nothing is ready.
func (l *lane) work() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.ready) > 0 {
		c := l.ready[0]
		l.ready[0] = nil
		l.ready = l.ready[1:]
		queue := c.queue
		c.queue = nil
		l.mu.Unlock()
		for _, n := range queue {
			l.hand(n)
		}
		l.mu.Lock()
		l.held -= len(queue)
		if len(c.queue) > 0 {
			l.ready = append(l.ready, c)
		} else {
			delete(l.chains, c.connection)
		}
	}
	if l.works--; l.works == 0 {
		l.ready = nil
		l.idle.Broadcast()
	}
}

// close waits until all is handed over, and takes nothing more.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.works > 0 {
		l.idle.Wait()
	}
	l.closed = true
}
