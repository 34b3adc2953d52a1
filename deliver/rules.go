package deliver

import (
	"slices"

	"reslog/diagnostic"
	"reslog/record"
)

// rule says that records of a category are wanted from one place of the stream
// to another. Rules are how a change of categories takes effect at a certain
// record, however far the worker has read.
type rule struct {
	Category record.Category `json:"category"`
	After    uint64          `json:"after"`           // Number of the last record not wanted
	Until    uint64          `json:"until,omitempty"` // Number of the last one wanted; 0: no end
	Closed   bool            `json:"closed,omitempty"`
}

func (r *rule) covers(c record.Category, number uint64) bool {
	return r.Category == c && number > r.After && (!r.Closed || number <= r.Until)
}

// rules are replaced, never changed: the reader's goroutine looks at them.
type rules []rule

func (rs rules) want(c record.Category, number uint64) bool {
	for i := range rs {
		if rs[i].covers(c, number) {
			return true
		}
	}
	return false
}

// category reports whether any rule is about c.
func (rs rules) category(c record.Category) bool {
	return slices.ContainsFunc(rs, func(r rule) bool { return r.Category == c })
}

// change returns the rules for a setting that is s after record number last.
func (rs rules) change(s *diagnostic.Setting, last uint64) rules {
	wanted := s.Wanted()
	next := make(rules, 0, len(rs)+len(wanted))
	for _, r := range rs {
		if !r.Closed && !slices.Contains(wanted, r.Category) {
			r.Closed, r.Until = true, max(last, r.After)
		}
		next = append(next, r)
	}
	for _, c := range wanted {
		if !slices.ContainsFunc(next, func(r rule) bool { return r.Category == c && !r.Closed }) {
			next = append(next, rule{Category: c, After: last})
		}
	}
	return next
}

// past returns the rules without those that end before record number.
func (rs rules) past(number uint64) rules {
	return slices.DeleteFunc(slices.Clone(rs), func(r rule) bool { return r.Closed && r.Until <= number })
}
