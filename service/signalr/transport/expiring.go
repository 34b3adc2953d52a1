package transport

import (
	"container/list"
	"time"
)

// expiring is a map whose entries are there for a time, the same for all. It is not for
// use by several goroutines.
type expiring[V any] struct {
	life    time.Duration
	entries map[string]*list.Element
	oldest  list.List // of *expiry[V], the oldest first
}

type expiry[V any] struct {
	key   string
	value V
	until time.Time
}

func newExpiring[V any](life time.Duration) *expiring[V] {
	return &expiring[V]{life: life, entries: map[string]*list.Element{}}
}

// count removes what has expired, and tells how many are there.
func (x *expiring[V]) count(now time.Time) int {
	for e := x.oldest.Front(); e != nil && !now.Before(e.Value.(*expiry[V]).until); e = x.oldest.Front() {
		x.remove(e)
	}
	return len(x.entries)
}

func (x *expiring[V]) put(now time.Time, key string, v V) {
	x.entries[key] = x.oldest.PushBack(&expiry[V]{key, v, now.Add(x.life)})
}

// get returns an entry that is there.
func (x *expiring[V]) get(now time.Time, key string) (v V, ok bool) {
	e := x.entries[key]
	if e == nil || !now.Before(e.Value.(*expiry[V]).until) {
		return v, false
	}
	return e.Value.(*expiry[V]).value, true
}

func (x *expiring[V]) drop(key string) {
	if e := x.entries[key]; e != nil {
		x.remove(e)
	}
}

// dropOldest makes room.
func (x *expiring[V]) dropOldest() {
	if e := x.oldest.Front(); e != nil {
		x.remove(e)
	}
}

func (x *expiring[V]) remove(e *list.Element) {
	delete(x.entries, e.Value.(*expiry[V]).key)
	x.oldest.Remove(e)
}
