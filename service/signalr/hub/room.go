package hub

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// room is a hub. Its methods want mu held, for reading at least.
type room struct {
	name string // in lower case

	mu      sync.RWMutex
	members []*entry
	byID    map[string]*entry
	users   map[string]*user
	groups  map[string]*group
	calls   map[*call]struct{} // invocations of its members
	// serial numbers entries, groups and standings in the order they were made.
	serial uint64

	standing      map[string]map[string]standing // by user and group
	standingCount int
	swept         int64 // when all were looked through last, in Unix nanoseconds
}

// entry is a member in a room. Its places in the lists of others are kept with it, so
// that it is taken out of each at once; the last one takes its place.
type entry struct {
	member Member
	serial uint64
	user   *user   // nil for anonymous
	places []place // in the order of their groups' serials
	at     int32   // in room.members
	userAt int32   // in user.members
}

type place struct {
	group *group
	at    int32 // in group.members
}

type user struct {
	members []*entry
}

type group struct {
	name    string
	serial  uint64
	members []*entry
}

func newRoom(name string) *room {
	return &room{name: name, byID: map[string]*entry{}, users: map[string]*user{}, groups: map[string]*group{}}
}

func (r *room) empty() bool { return len(r.members) == 0 && r.standingCount == 0 }

func (r *room) next() uint64 {
	r.serial++
	return r.serial
}

func (r *room) add(m Member) *entry {
	e := &entry{member: m, serial: r.next(), at: int32(len(r.members))}
	r.members = append(r.members, e)
	r.byID[m.ID()] = e
	if name := m.User(); name != "" {
		u := r.users[name]
		if u == nil {
			u = &user{}
			r.users[name] = u
		}
		e.user, e.userAt = u, int32(len(u.members))
		u.members = append(u.members, e)
	}
	return e
}

// remove takes a member out of everything, and returns the calls that are lost by it.
func (r *room) remove(e *entry) []*call {
	for len(e.places) > 0 {
		r.leaveGroup(e, len(e.places)-1)
	}
	e.places = nil
	if u := e.user; u != nil {
		last := u.members[len(u.members)-1]
		u.members[e.userAt], last.userAt = last, e.userAt
		u.members = shorten(u.members)
		if len(u.members) == 0 {
			delete(r.users, e.member.User())
		}
	}
	last := r.members[len(r.members)-1]
	r.members[e.at], last.at = last, e.at
	r.members = shorten(r.members)
	delete(r.byID, e.member.ID())
	var lost []*call
	for c := range r.calls {
		if c.entry == e {
			lost = append(lost, c)
		}
	}
	return lost
}

// shorten drops the last, and gives memory back when little of it is used.
func shorten(list []*entry) []*entry {
	n := len(list) - 1
	list[n] = nil
	list = list[:n]
	if c := cap(list); c > 64 && n < c/4 {
		return append(make([]*entry, 0, c/2), list...)
	}
	return list
}

// find is where a member's place in a group is, or would be.
func (e *entry) find(g *group) (int, bool) {
	return slices.BinarySearchFunc(e.places, g.serial, func(p place, serial uint64) int {
		return cmp.Compare(p.group.serial, serial)
	})
}

func (e *entry) in(g *group) bool {
	if g == nil {
		return false
	}
	_, ok := e.find(g)
	return ok
}

// joinGroup reports false if the member is in as many groups as it may be.
func (r *room) joinGroup(e *entry, name string, most int) bool {
	g := r.groups[name]
	if g != nil && e.in(g) {
		return true
	}
	if len(e.places) >= most {
		return false
	}
	if g == nil {
		name = strings.Clone(name) // it may be a part of something large
		g = &group{name: name, serial: r.next()}
		r.groups[name] = g
	}
	i, _ := e.find(g)
	e.places = slices.Insert(e.places, i, place{g, int32(len(g.members))})
	g.members = append(g.members, e)
	return true
}

// leaveGroup takes a member out of the i-th of its groups.
func (r *room) leaveGroup(e *entry, i int) {
	p := e.places[i]
	g := p.group
	last := g.members[len(g.members)-1]
	if last != e {
		j, _ := last.find(g)
		last.places[j].at = p.at
		g.members[p.at] = last
	}
	g.members = shorten(g.members)
	e.places = slices.Delete(e.places, i, i+1)
	if len(g.members) == 0 {
		delete(r.groups, g.name)
	}
}

// leaveNamed takes a member out of a group, or with "" out of all.
func (r *room) leaveNamed(e *entry, name string) {
	if name == "" {
		for len(e.places) > 0 {
			r.leaveGroup(e, len(e.places)-1)
		}
		return
	}
	if g := r.groups[name]; g != nil {
		if i, ok := e.find(g); ok {
			r.leaveGroup(e, i)
		}
	}
}

func (r *room) appendPresent(list []Present) []Present {
	r.mu.RLock()
	start := len(list)
	serials := make(map[Member]uint64, len(r.members))
	for _, e := range r.members {
		p := Present{Hub: r.name, Member: e.member}
		for _, at := range e.places {
			p.Groups = append(p.Groups, at.group.name)
		}
		serials[e.member] = e.serial
		list = append(list, p)
	}
	r.mu.RUnlock()
	slices.SortFunc(list[start:], func(a, b Present) int {
		return cmp.Compare(serials[a.Member], serials[b.Member])
	})
	for _, p := range list[start:] {
		slices.Sort(p.Groups)
	}
	return list
}
