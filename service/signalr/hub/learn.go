package hub

import (
	"context"
	"strings"
	"sync"
	"time"
)

// learner asks other nodes what users stand in who came here: this node may have been
// started after they were put there. It asks for many at once, in a goroutine that ends
// when there is nothing to ask.
type learner struct {
	mu      sync.Mutex
	waiting map[who]bool
	running bool
	// left and leftBefore are who left which groups, "" for all, of late: an answer may
	// be of a node that did not hear of it yet. They were changed over at changed.
	left, leftBefore map[departure]bool
	changed          time.Time
}

type who struct{ hub, user string }

type departure struct{ hub, user, group string }

const (
	// learnBatch is how many users one question is about.
	learnBatch = 64
	// maxWaiting bounds those who are to be asked about; beyond it a user has the
	// groups of his that are known here.
	maxWaiting = 100_000
	// maxLeft bounds the departures that are remembered.
	maxLeft = 100_000
)

// user asks about a user, soon.
func (l *learner) user(h *Hubs, hub, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= maxWaiting {
		return
	}
	if l.waiting == nil {
		l.waiting = map[who]bool{}
	}
	l.waiting[who{hub, user}] = true
	if !l.running {
		l.running = true
		go l.run(h)
	}
}

// leaves notes that a user left a group. It is remembered for as long as a node may
// take to hear of it, and then to answer: twice the AskTimeout.
func (l *learner) leaves(h *Hubs, hub, user, group string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := h.cfg.Now()
	if now.Sub(l.changed) > 2*h.cfg.AskTimeout || len(l.left) >= maxLeft {
		l.left, l.leftBefore, l.changed = nil, l.left, now
	}
	if l.left == nil {
		l.left = map[departure]bool{}
	}
	l.left[departure{strings.ToLower(hub), user, group}] = true
}

// hasLeft reports whether a user left a group of late. It wants mu held.
func (l *learner) hasLeft(h *Hubs, s set) bool {
	if h.cfg.Now().Sub(l.changed) > 4*h.cfg.AskTimeout {
		return false // all of them are old
	}
	one, all := departure{s.hub, s.user, s.group}, departure{s.hub, s.user, ""}
	return l.left[one] || l.left[all] || l.leftBefore[one] || l.leftBefore[all]
}

func (l *learner) run(h *Hubs) {
	for {
		q := l.take()
		if q == nil {
			return
		}
		var sets []set
		err := h.ask(context.Background(), q, func(a *packet) bool {
			sets = append(sets, a.sets...)
			return false
		})
		if err != nil {
			h.cfg.Logger.Warn("other nodes did not tell which groups a user stands in", "error", err)
		}
		l.apply(h, sets)
	}
}

// take makes the next question, nil if there is none.
func (l *learner) take() *packet {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.waiting, l.running = nil, false
		return nil
	}
	q := &packet{kind: kindStanding}
	for w := range l.waiting {
		if len(q.sets) == learnBatch {
			break
		}
		delete(l.waiting, w)
		q.sets = append(q.sets, set{hub: w.hub, user: w.user})
	}
	return q
}

// apply takes over what others know, but not what a user left.
func (l *learner) apply(h *Hubs, sets []set) {
	l.mu.Lock()
	defer l.mu.Unlock() // held, so that no leaving comes in between
	for _, s := range sets {
		if !l.hasLeft(h, s) {
			h.takeOver(s)
		}
	}
}

// takeOver notes a standing that another node has, if this one has none.
func (h *Hubs) takeOver(s set) {
	r := h.enter(s.hub)
	if _, ok := r.standing[s.user][s.group]; !ok && s.left > 0 && h.stand(r, s) {
		h.joinAll(r, s.user, s.group)
	}
	empty := r.empty()
	r.mu.Unlock()
	if empty {
		h.discard(r)
	}
}
