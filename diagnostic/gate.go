package diagnostic

import (
	"context"
	"sync/atomic"

	"reslog/record"
	"reslog/resource"
)

// Gate is a record.Emitter that passes on only what a setting asks for.
//
// Its table is replaced whole by Update and read without a lock, so a record
// that races with a change of settings is judged by the one or by the other.
type Gate struct {
	next  record.Emitter
	table atomic.Pointer[map[want]struct{}]
}

type want struct {
	resource resource.Key
	category record.Category
}

var _ record.Emitter = (*Gate)(nil)

// NewGate returns a Gate that lets nothing through until Update is called.
func NewGate(next record.Emitter) *Gate {
	g := &Gate{next: next}
	g.table.Store(&map[want]struct{}{})
	return g
}

// Update replaces what the gate lets through. Its form is that of a watcher of
// Store.
func (g *Gate) Update(settings []Setting) {
	table := make(map[want]struct{})
	for i := range settings {
		s := &settings[i]
		if len(s.Destinations) == 0 {
			continue
		}
		for _, c := range s.Wanted() {
			table[want{s.Resource.Key(), c}] = struct{}{}
		}
	}
	g.table.Store(&table)
}

// Enabled reports whether a setting asks for category c of resource id.
func (g *Gate) Enabled(id resource.ID, c record.Category) bool {
	_, ok := (*g.table.Load())[want{id.Key(), c}]
	return ok && g.next.Enabled(id, c)
}

// Begin announces an operation if its record would be wanted.
func (g *Gate) Begin(ctx context.Context, unknown record.Record) error {
	if !g.Enabled(unknown.Resource, unknown.Category) {
		return nil
	}
	return g.next.Begin(ctx, unknown)
}

// Emit passes on a wanted record. A record that is no longer wanted still
// settles the intent it may have been announced by.
func (g *Gate) Emit(ctx context.Context, r record.Record) error {
	if !g.Enabled(r.Resource, r.Category) {
		return g.next.Withdraw(ctx, r)
	}
	return g.next.Emit(ctx, r)
}

// Withdraw settles an intent whatever the settings are by now.
func (g *Gate) Withdraw(ctx context.Context, unknown record.Record) error {
	return g.next.Withdraw(ctx, unknown)
}
