package hub

import (
	"context"
	"slices"
	"strings"
)

// ConnectionExists tells whether there is such a connection; UserExists, one of the
// user; GroupExists, one in the group; InGroup, one of the user in the group. An error
// says that none is known and not all nodes have answered.
func (h *Hubs) ConnectionExists(ctx context.Context, hub, id string) (bool, error) {
	return h.either(ctx, &packet{kind: kindConnectionExists, hub: hub, id: id})
}

// UserExists is described at ConnectionExists.
func (h *Hubs) UserExists(ctx context.Context, hub, user string) (bool, error) {
	return h.either(ctx, &packet{kind: kindUserExists, hub: hub, user: user})
}

// GroupExists is described at ConnectionExists.
func (h *Hubs) GroupExists(ctx context.Context, hub, group string) (bool, error) {
	return h.either(ctx, &packet{kind: kindGroupExists, hub: hub, group: group})
}

// InGroup is described at ConnectionExists.
func (h *Hubs) InGroup(ctx context.Context, hub, user, group string) (bool, error) {
	return h.either(ctx, &packet{kind: kindInGroup, hub: hub, user: user, group: group})
}

// JoinGroup puts a connection into a group, LeaveGroup takes it out, of all of them
// without a group's name. They report whether there is such a connection.
// ErrTooManyGroups says that there is, and is in too many.
func (h *Hubs) JoinGroup(ctx context.Context, hub, id, group string) (bool, error) {
	return h.either(ctx, &packet{kind: kindJoinGroup, hub: hub, id: id, group: group})
}

// LeaveGroup is described at JoinGroup.
func (h *Hubs) LeaveGroup(ctx context.Context, hub, id, group string) (bool, error) {
	return h.either(ctx, &packet{kind: kindLeaveGroup, hub: hub, id: id, group: group})
}

// either answers a question with yes as soon as this node or another does.
func (h *Hubs) either(ctx context.Context, q *packet) (bool, error) {
	yes, full := h.decide(q)
	var err error
	if !yes && !h.alone() {
		err = h.ask(ctx, q, func(a *packet) bool {
			yes, full = a.yes, a.full
			return yes
		})
	}
	switch {
	case yes && full:
		return true, ErrTooManyGroups
	case yes:
		return true, nil
	}
	return false, err
}

// decide answers a question for this node. full says that there is such a connection,
// and that it is in too many groups.
func (h *Hubs) decide(q *packet) (yes, full bool) {
	r := h.room(q.hub)
	if r == nil {
		return false, false
	}
	switch q.kind {
	case kindJoinGroup, kindLeaveGroup:
		return h.changeGroup(r, q)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch q.kind {
	case kindConnectionExists:
		return r.byID[q.id] != nil, false
	case kindUserExists:
		return r.users[q.user] != nil, false
	case kindGroupExists:
		return r.groups[q.group] != nil, false
	case kindInGroup:
		u, g := r.users[q.user], r.groups[q.group]
		return u != nil && slices.ContainsFunc(u.members, func(e *entry) bool { return e.in(g) }), false
	}
	return false, false
}

func (h *Hubs) changeGroup(r *room, q *packet) (yes, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byID[q.id]
	if e == nil {
		return false, false
	}
	if q.kind == kindLeaveGroup {
		r.leaveNamed(e, q.group)
		return true, false
	}
	return true, !r.joinGroup(e, q.group, h.cfg.MaxGroups)
}

// Listed is a connection in a listing.
type Listed struct{ ID, User string }

// Members lists the connections of a group, in the order of their IDs, from behind
// after, at most so many and 1,000.
func (h *Hubs) Members(ctx context.Context, hub, group, after string, most int) ([]Listed, error) {
	most = min(most, maxListed)
	if most <= 0 {
		return nil, nil
	}
	list := h.membersHere(hub, group, after, most)
	if h.alone() {
		return list, nil
	}
	q := &packet{kind: kindMembers, hub: hub, group: group, text: after, number: uint64(most)}
	err := h.ask(ctx, q, func(a *packet) bool {
		list = lowest(append(list, a.listed...), most)
		return false
	})
	return list, err
}

// maxListed bounds a page of members, so that it fits a packet.
const maxListed = 1000

func (h *Hubs) membersHere(hub, group, after string, most int) []Listed {
	s := h.sel(hub, Group(group))
	defer h.release(s)
	var list []Listed
	for _, e := range s.to {
		if id := e.member.ID(); id > after {
			list = append(list, Listed{id, e.member.User()})
		}
		if len(list) >= 2*most+64 {
			list = lowest(list, most)
		}
	}
	return lowest(list, most)
}

// lowest sorts a list and cuts it.
func lowest(list []Listed, most int) []Listed {
	slices.SortFunc(list, func(a, b Listed) int { return strings.Compare(a.ID, b.ID) })
	list = slices.Compact(list)
	return list[:min(len(list), most)]
}
