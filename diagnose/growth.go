package diagnose

import (
	"fmt"
	"slices"
	"time"
)

// holder is a user or an address that has connections.
type holder struct {
	open, peak int
	peakAt     time.Time
	started    int
	last       time.Time
	ids        []string // some of those that were open at the peak
	hubs       tally
	others     tally // addresses of a user, users of an address
}

// life is a connection as its events tell it.
type life struct {
	server        bool
	user, address string
	hub           string
	began         bool // its start is among the events
}

// growth counts how many connections there are at once, and finds who has more of them
// than expected.
func (d *diagnosis) growth() {
	lives := d.lives()
	users, addresses := map[string]*holder{}, map[string]*holder{}
	open := map[string]bool{}
	begin := func(id string, at time.Time) {
		l := lives[id]
		if open[id] {
			return
		}
		open[id] = true
		d.side(l.server).open(at)
		if l.server {
			return
		}
		enter(users, l.user, l.address, id, l, at)
		enter(addresses, l.address, l.user, id, l, at)
	}
	// Those whose start was before are there from the beginning.
	for i := range d.all {
		if r := &d.all[i]; r.Connection != "" && lives[r.Connection] != nil && !lives[r.Connection].began {
			begin(r.Connection, d.report.From)
		}
	}
	for i := range d.all {
		r := &d.all[i]
		l := lives[r.Connection]
		if l == nil {
			continue
		}
		c := d.side(l.server)
		switch {
		case r.is(started):
			c.Started++
			begin(r.Connection, r.Time)
		case r.is(ended), r.is(aborted):
			if r.is(ended) {
				c.Ended++
			} else {
				c.Aborted++
			}
			if !open[r.Connection] {
				continue
			}
			delete(open, r.Connection)
			c.Open--
			if !l.server {
				leave(users, l.user, r.Time)
				leave(addresses, l.address, r.Time)
			}
		}
	}
	d.tell(users, d.PerUser, "user")
	d.tell(addresses, d.PerAddress, "address")
}

// lives are the connections by their ID. An event of a refusal makes none,
// nor does one that comes behind the end.
func (d *diagnosis) lives() map[string]*life {
	lives := map[string]*life{}
	for i := range d.all {
		r := &d.all[i]
		if r.Connection == "" || r.in("Authorization") || r.in("Throttling") || r.ofEnd() {
			continue
		}
		l := lives[r.Connection]
		if l == nil {
			l = &life{began: r.is(started)}
			lives[r.Connection] = l
		}
		l.server = l.server || r.isServer()
		for _, s := range [...]struct {
			to   *string
			from string
		}{{&l.user, r.User}, {&l.address, r.address()}, {&l.hub, r.Hub}} {
			if *s.to == "" {
				*s.to = s.from
			}
		}
	}
	return lives
}

func (d *diagnosis) side(server bool) *Connections {
	if server {
		return &d.report.Servers
	}
	return &d.report.Clients
}

func (c *Connections) open(at time.Time) {
	c.Open++
	if c.Open > c.Peak {
		c.Peak, c.PeakAt = c.Open, at
	}
}

func enter(all map[string]*holder, name, other, id string, l *life, at time.Time) {
	if name == "" {
		return
	}
	h := all[name]
	if h == nil {
		h = &holder{hubs: tally{}, others: tally{}}
		all[name] = h
	}
	h.open++
	h.started++
	h.last = at
	h.hubs.add(l.hub)
	h.others.add(other)
	if len(h.ids) < maxSamples {
		h.ids = append(h.ids, id)
	}
	if h.open > h.peak {
		h.peak, h.peakAt = h.open, at
	}
}

func leave(all map[string]*holder, name string, at time.Time) {
	if h := all[name]; h != nil {
		h.open--
		h.last = at
	}
}

// tell makes findings of those with the most connections over what is expected.
func (d *diagnosis) tell(all map[string]*holder, expected int, what string) {
	if expected < 0 {
		return
	}
	var names []string
	for name, h := range all {
		if h.peak > expected {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if n := all[b].peak - all[a].peak; n != 0 {
			return n
		}
		if a < b {
			return -1
		}
		return 1
	})
	over := len(names)
	for _, name := range names[:min(over, maxTallies)] {
		h := all[name]
		f := Finding{
			Kind: Growth, Severity: Warning, Title: what + " " + name,
			Meaning: fmt.Sprintf("%d connections were open at once, and %d in all, where %d at once is expected: it is likely that the client makes more than it should.", h.peak, h.started, expected),
			Advice:  "Check that the client builds one connection and stops the old one before it makes another, also when a page or component is built again. Give a test client a user ID of its own and look at it alone.",
			Count:   h.peak, First: h.peakAt, Last: h.last, Connections: h.ids, Hubs: h.hubs.most(),
		}
		if what == "user" {
			f.Addresses = h.others.most()
		} else {
			f.Users = h.others.most()
			f.Advice = "If users share the address, as behind a proxy, it is expected: see the users. Else check that each client builds one connection, and stops the old one before it makes another."
		}
		if over > maxTallies {
			f.Details = []Tally{{fmt.Sprintf("%ss over what is expected, of which %d are told", what, maxTallies), over}}
		}
		d.report.Findings = append(d.report.Findings, f)
	}
}
