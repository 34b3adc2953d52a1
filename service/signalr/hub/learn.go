package hub

import (
	"context"
	"strings"
	"sync"
)

// learner asks other nodes what users stand in who came here: this node may have been
// started after they were put there. It asks for many at once, in a goroutine that ends
// when there is nothing to ask.
type learner struct {
	mu      sync.Mutex
	waiting map[who]bool
	// asked are those that are being asked about; false says that the user left a
	// group meanwhile, so that an answer may be older than that.
	asked   map[who]bool
	running bool
}

type who struct{ hub, user string }

const (
	// learnBatch is how many users one question is about.
	learnBatch = 64
	// maxWaiting bounds those who are to be asked about; beyond it a user has the
	// groups of his that are known here.
	maxWaiting = 100_000
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

// leaves notes that a user left a group.
func (l *learner) leaves(hub, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := (who{strings.ToLower(hub), user}); l.asked[w] {
		l.asked[w] = false
	}
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
		l.waiting, l.asked, l.running = nil, nil, false
		return nil
	}
	l.asked = map[who]bool{}
	q := &packet{kind: kindStanding}
	for w := range l.waiting {
		if len(q.sets) == learnBatch {
			break
		}
		delete(l.waiting, w)
		l.asked[w] = true
		q.sets = append(q.sets, set{hub: w.hub, user: w.user})
	}
	return q
}

// apply takes over what others know, unless the user has left a group since: then he is
// asked about again.
func (l *learner) apply(h *Hubs, sets []set) {
	l.mu.Lock()
	defer l.mu.Unlock() // held, so that no leaving comes in between
	for w, valid := range l.asked {
		if !valid {
			l.waiting[w] = true
		}
	}
	for _, s := range sets {
		if l.asked[who{s.hub, s.user}] {
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
