package hub

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Hubs are all hubs of a service. Names of hubs are compared without regard to case,
// those of groups and users with it.
type Hubs struct {
	cfg Config

	// mu guards the map. A room's lock may be taken while it is held, not the other way.
	mu    sync.RWMutex
	rooms map[string]*room

	scratch sync.Pool // of *selection
	calls   calls
	pending atomic.Int64 // invocations, against MaxInvocations
	learn   learner
}

// New makes Hubs without members.
func New(c Config) *Hubs {
	h := &Hubs{cfg: c.withDefaults(), rooms: map[string]*room{}}
	h.scratch.New = func() any { return new(selection) }
	if c.Peers != nil {
		c.Peers.Receive(h.receive, h.answer)
	}
	return h
}

// room returns a hub, nil if nobody is there.
func (h *Hubs) room(name string) *room {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rooms[strings.ToLower(name)]
}

// enter returns a hub, made if need be, with its lock held: while it is, the room
// stays in the map.
func (h *Hubs) enter(name string) *room {
	key := strings.ToLower(name)
	h.mu.RLock()
	if r := h.rooms[key]; r != nil {
		r.mu.Lock()
		h.mu.RUnlock()
		return r
	}
	h.mu.RUnlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[key]
	if r == nil {
		key = strings.Clone(key)
		r = newRoom(key)
		h.rooms[key] = r
	}
	r.mu.Lock()
	return r
}

// discard takes a room out of the map if nothing is in it any more.
func (h *Hubs) discard(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.empty() && h.rooms[r.name] == r {
		delete(h.rooms, r.name)
	}
}

// Join takes a member into a hub, and into the groups that its user stands in. One with
// the same ID is taken out.
func (h *Hubs) Join(hub string, m Member) {
	r := h.enter(hub)
	var lost []*call
	if old := r.byID[m.ID()]; old != nil {
		if old.member == m {
			r.mu.Unlock()
			return
		}
		lost = r.remove(old)
	}
	e := r.add(m)
	for group := range r.stands(m.User(), h.cfg.Now()) {
		if !r.joinGroup(e, group, h.cfg.MaxGroups) {
			break
		}
	}
	first := e.user != nil && len(e.user.members) == 1
	r.mu.Unlock()
	loseAll(lost)
	if first && !h.alone() {
		h.learn.user(h, r.name, m.User())
	}
}

// Leave takes a member out of a hub, and of its groups too. What it was asked for is lost.
func (h *Hubs) Leave(hub string, m Member) {
	r := h.room(hub)
	if r == nil {
		return
	}
	r.mu.Lock()
	e := r.byID[m.ID()]
	if e == nil || e.member != m {
		r.mu.Unlock()
		return
	}
	lost := r.remove(e)
	empty := r.empty()
	r.mu.Unlock()
	loseAll(lost)
	if empty {
		h.discard(r)
	}
}

// Present is a member in a snapshot.
type Present struct {
	Hub    string
	Member Member
	Groups []string
}

// Snapshot lists the members that are here, of a hub, or with "" of all: by hub, the
// oldest first, with their groups in order.
func (h *Hubs) Snapshot(hub string) []Present {
	var rooms []*room
	if hub != "" {
		if r := h.room(hub); r != nil {
			rooms = []*room{r}
		}
	} else {
		h.mu.RLock()
		for _, r := range h.rooms {
			rooms = append(rooms, r)
		}
		h.mu.RUnlock()
		slices.SortFunc(rooms, func(a, b *room) int { return strings.Compare(a.name, b.name) })
	}
	var list []Present
	for _, r := range rooms {
		list = r.appendPresent(list)
	}
	return list
}

// Stats are counts of what is here.
type Stats struct{ Hubs, Members, Users, Groups, Standing, Invocations int }

// Stats counts what this node holds.
func (h *Hubs) Stats() Stats {
	s := Stats{Invocations: int(h.pending.Load())}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, r := range h.rooms {
		r.mu.RLock()
		s.Hubs++
		s.Members += len(r.members)
		s.Users += len(r.users)
		s.Groups += len(r.groups)
		s.Standing += r.standingCount
		r.mu.RUnlock()
	}
	return s
}
