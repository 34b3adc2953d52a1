package odata

import "slices"

// cut is a place in the order of strings: right before one, or right after it,
// which is before all others that come next. end is behind all strings.
type cut struct {
	text       string
	after, end bool
}

// compare orders cuts.
func (c cut) compare(o cut) int {
	switch {
	case c.end || o.end:
		return rank(c.end) - rank(o.end)
	case c.text != o.text:
		return compareText(c.text, o.text)
	}
	return rank(c.after) - rank(o.after)
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// span are the strings between two cuts.
type span struct{ from, to cut }

// everything is the span of all strings.
func everything() span { return span{to: cut{end: true}} }

// single reports whether s is just one string.
func (s span) single() bool {
	return !s.to.end && s.from.text == s.to.text && !s.from.after && s.to.after
}

// spans are a set of strings: disjoint, in order, and none beside the other.
type spans []span

// spansOf are the strings for which a comparison with text holds.
func spansOf(op operator, text string) spans {
	before, after := cut{text: text}, cut{text: text, after: true}
	start, end := cut{}, cut{end: true}
	var all []span
	switch op {
	case opEQ:
		all = []span{{before, after}}
	case opNE:
		all = []span{{start, before}, {after, end}}
	case opGT:
		all = []span{{after, end}}
	case opGE:
		all = []span{{before, end}}
	case opLT:
		all = []span{{start, before}}
	case opLE:
		all = []span{{start, after}}
	}
	return slices.DeleteFunc(all, span.empty)
}

func (s span) empty() bool { return s.from.compare(s.to) >= 0 }

// intersect is what is in both sets.
func (s spans) intersect(o spans) spans {
	var both spans
	for len(s) > 0 && len(o) > 0 {
		x := span{later(s[0].from, o[0].from), sooner(s[0].to, o[0].to)}
		if !x.empty() {
			both = append(both, x)
		}
		if s[0].to.compare(o[0].to) < 0 {
			s = s[1:]
		} else {
			o = o[1:]
		}
	}
	return both
}

// union is what is in one of the sets.
func (s spans) union(o spans) spans {
	var either spans
	for len(s) > 0 || len(o) > 0 {
		if len(s) == 0 || len(o) > 0 && o[0].from.compare(s[0].from) < 0 {
			s, o = o, s
		}
		next := s[0]
		s = s[1:]
		if n := len(either); n > 0 && next.from.compare(either[n-1].to) <= 0 {
			either[n-1].to = later(either[n-1].to, next.to)
		} else {
			either = append(either, next)
		}
	}
	return either
}

// hull is the set without its gaps.
func (s spans) hull() spans {
	if len(s) < 2 {
		return s
	}
	return spans{{s[0].from, s[len(s)-1].to}}
}

func later(a, b cut) cut {
	if a.compare(b) < 0 {
		return b
	}
	return a
}

func sooner(a, b cut) cut {
	if a.compare(b) < 0 {
		return a
	}
	return b
}
