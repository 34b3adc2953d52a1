package hub

import (
	"cmp"
	"slices"
)

// selection is who a Target means, at one moment. It is used again and again.
type selection struct {
	to, except []*entry
	// whole says that the names are those of connections that are all here: no other
	// node needs to know.
	whole bool
}

// sel fills a selection, which goes back with release.
func (h *Hubs) sel(hub string, t Target) *selection {
	s := h.scratch.Get().(*selection)
	s.whole = false
	r := h.room(hub)
	if r == nil {
		return s
	}
	r.mu.RLock()
	switch t.Kind {
	case All:
		s.to = append(s.to, r.members...)
	case Connections:
		for _, id := range t.Names {
			if e := r.byID[id]; e != nil {
				s.to = append(s.to, e)
			}
		}
		s.whole = len(s.to) == len(t.Names)
	case Users:
		for _, name := range t.Names {
			if u := r.users[name]; u != nil {
				s.to = append(s.to, u.members...)
			}
		}
	case Groups:
		for _, name := range t.Names {
			if g := r.groups[name]; g != nil {
				s.to = append(s.to, g.members...)
			}
		}
	}
	for _, id := range t.Except {
		if e := r.byID[id]; e != nil {
			s.except = append(s.except, e)
		}
	}
	for _, name := range t.ExceptUsers {
		if u := r.users[name]; u != nil {
			s.except = append(s.except, u.members...)
		}
	}
	r.mu.RUnlock()
	if t.Kind != All && len(t.Names) > 1 {
		slices.SortFunc(s.to, bySerial)
		s.to = slices.Compact(s.to)
	}
	if len(s.except) > 0 {
		slices.SortFunc(s.except, bySerial)
		s.to = slices.DeleteFunc(s.to, func(e *entry) bool {
			_, found := slices.BinarySearchFunc(s.except, e, bySerial)
			return found
		})
	}
	return s
}

func bySerial(a, b *entry) int { return cmp.Compare(a.serial, b.serial) }

// release gives a selection back. What it held must not be kept alive by it; what was
// left out has been cleared already.
func (h *Hubs) release(s *selection) {
	clear(s.to)
	clear(s.except)
	s.to, s.except = s.to[:0], s.except[:0]
	h.scratch.Put(s)
}
