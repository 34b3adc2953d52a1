package hub

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// year is how long a user stands in a group without a ttl.
const year = 365 * 24 * time.Hour

// sweepEvery is how often, at most, all standings of a hub are looked through.
const sweepEvery = time.Minute

// standing is a user's place in a group that his connections to come get too.
type standing struct {
	until  int64 // in Unix nanoseconds
	serial uint64
	plain  bool // without a ttl: only the newest of them are kept
}

// UserJoinGroup puts the connections of a user into a group, those to come too: for
// ttl, or for a year with none (nil); with 0 only those that are there. A connection
// that is in the group stays when the time is over.
func (h *Hubs) UserJoinGroup(ctx context.Context, hub, user, group string, ttl *time.Duration) error {
	if err := h.userJoinHere(hub, set{user: user, group: group, plain: ttl == nil, left: lifetime(ttl)}); err != nil {
		return err
	}
	if h.alone() {
		return nil
	}
	full := false
	err := h.ask(ctx, &packet{kind: kindUserJoinGroup, hub: hub, user: user, group: group, ttl: ttl}, func(a *packet) bool {
		full = full || a.full
		return false
	})
	if full {
		return ErrFull
	}
	return err
}

func lifetime(ttl *time.Duration) time.Duration {
	if ttl == nil {
		return year
	}
	return min(max(*ttl, 0), 100*year)
}

// set is a standing in words.
type set struct {
	hub, user, group string
	plain            bool
	left             time.Duration
}

func (h *Hubs) userJoinHere(hub string, s set) error {
	if s.user == "" {
		return nil // nobody in particular
	}
	if s.left <= 0 {
		if r := h.room(hub); r != nil {
			r.mu.Lock()
			h.joinAll(r, s.user, s.group)
			r.mu.Unlock()
		}
		return nil
	}
	r := h.enter(hub)
	ok := h.stand(r, s)
	if ok {
		h.joinAll(r, s.user, s.group)
	}
	empty := r.empty()
	r.mu.Unlock()
	if empty {
		h.discard(r)
	}
	if !ok {
		return ErrFull
	}
	return nil
}

func (h *Hubs) joinAll(r *room, name, group string) {
	if u := r.users[name]; u != nil {
		for _, e := range u.members {
			r.joinGroup(e, group, h.cfg.MaxGroups)
		}
	}
}

// stand notes a standing, or reports that there is no room.
func (h *Hubs) stand(r *room, s set) bool {
	now := h.cfg.Now()
	groups := r.standing[s.user]
	if _, ok := groups[s.group]; !ok {
		if r.standingCount >= h.cfg.MaxStanding && now.UnixNano()-r.swept >= int64(sweepEvery) {
			r.sweep(now)
		}
		if r.standingCount >= h.cfg.MaxStanding {
			return false
		}
		r.standingCount++
		groups = r.standing[s.user] // a sweep may have dropped it
	}
	if groups == nil {
		groups = map[string]standing{}
		if r.standing == nil {
			r.standing = map[string]map[string]standing{}
		}
		r.standing[strings.Clone(s.user)] = groups
	}
	groups[strings.Clone(s.group)] = standing{now.Add(s.left).UnixNano(), r.next(), s.plain}
	r.trim(s.user, true, h.cfg.MaxUserGroups, now)
	r.trim(s.user, false, h.cfg.MaxGroups, now)
	return true
}

// trim drops the oldest standings of a user, of one sort, beyond how many he may have.
func (r *room) trim(user string, plain bool, most int, now time.Time) {
	groups := r.standing[user]
	n := 0
	for _, s := range groups {
		if s.plain == plain {
			n++
		}
	}
	if n <= most {
		return
	}
	r.expire(user, now)
	names := slices.DeleteFunc(slices.Collect(maps.Keys(groups)), func(g string) bool { return groups[g].plain != plain })
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(groups[a].serial, groups[b].serial) })
	for _, g := range names[:max(0, len(names)-most)] {
		r.unstand(user, g)
	}
}

// stands iterates over the groups that a user stands in.
func (r *room) stands(user string, now time.Time) iter.Seq2[string, standing] {
	if user != "" && r.standing[user] != nil {
		r.expire(user, now)
	}
	return maps.All(r.standing[user])
}

// expire drops what is over.
func (r *room) expire(user string, now time.Time) {
	for g, s := range r.standing[user] {
		if s.until <= now.UnixNano() {
			r.unstand(user, g)
		}
	}
}

func (r *room) sweep(now time.Time) {
	r.swept = now.UnixNano()
	for user := range r.standing {
		r.expire(user, now)
	}
}

// unstand drops a standing that is there.
func (r *room) unstand(user, group string) {
	delete(r.standing[user], group)
	r.standingCount--
	if len(r.standing[user]) == 0 {
		delete(r.standing, user)
	}
}

// UserLeaveGroup takes a user out of a group, or of all without a group's name.
func (h *Hubs) UserLeaveGroup(ctx context.Context, hub, user, group string) error {
	h.userLeaveHere(hub, user, group)
	if h.alone() {
		return nil
	}
	return h.ask(ctx, &packet{kind: kindUserLeaveGroup, hub: hub, user: user, group: group}, nil)
}

func (h *Hubs) userLeaveHere(hub, user, group string) {
	if h.cfg.Peers != nil {
		h.learn.leaves(h, hub, user, group)
	}
	r := h.room(hub)
	if r == nil || user == "" {
		return
	}
	r.mu.Lock()
	for g := range r.standing[user] {
		if group == "" || g == group {
			r.unstand(user, g)
		}
	}
	if u := r.users[user]; u != nil {
		for _, e := range u.members {
			r.leaveNamed(e, group)
		}
	}
	empty := r.empty()
	r.mu.Unlock()
	if empty {
		h.discard(r)
	}
}

// standsOf lists what a user stands in, the oldest first.
func (h *Hubs) standsOf(hub, user string) []set {
	r := h.room(hub)
	if r == nil {
		return nil
	}
	now := h.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	groups := maps.Collect(r.stands(user, now))
	names := slices.Collect(maps.Keys(groups))
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(groups[a].serial, groups[b].serial) })
	list := make([]set, len(names))
	for i, g := range names {
		left := time.Duration(groups[g].until - now.UnixNano())
		list[i] = set{hub: hub, user: user, group: g, plain: groups[g].plain, left: left}
	}
	return list
}

// standsOfAll lists what users stand in, as much as an answer holds.
func (h *Hubs) standsOfAll(users []set) []set {
	var list []set
	size := 0
	for _, u := range users {
		for _, s := range h.standsOf(u.hub, u.user) {
			size += len(s.hub) + len(s.user) + len(s.group) + 20
			if size > maxPacket/2 {
				h.cfg.Logger.Warn("another node does not learn all groups that users stand in: they are too many")
				return list
			}
			list = append(list, s)
		}
	}
	return list
}
