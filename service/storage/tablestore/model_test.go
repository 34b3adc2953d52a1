package tablestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
)

// The model is what the store is meant to be, kept in maps.
type (
	modelTable map[Key]Entity
	model      map[string]modelTable
)

func (m modelTable) list() (list []Entity) {
	for _, e := range m {
		list = append(list, e)
	}
	return sorted(list, func(a, b Entity) int { return a.Key.compare(b.Key) })
}

func (m model) usage() (u Usage) {
	for _, t := range m {
		u.Tables++
		for _, e := range t {
			u.Entities++
			u.Bytes += int64(e.Size())
		}
	}
	return u
}

// runner drives store and model by the same dice.
type runner struct {
	t *testing.T
	r *rand.Rand
	c Config
	s *Store
	m model
}

func (u *runner) pick(list ...string) string { return list[u.r.IntN(len(list))] }

func (u *runner) key() Key {
	return Key{
		u.pick("", "a", "a\x00", "ab", "\uffff", "\U00010000"),
		u.pick("", "0", "1", "10", "\x00", "\x01", "\ue000", "\U0001F600", "\U0001F600x"),
	}
}

func (u *runner) properties() (list []Property) {
	for _, n := range u.r.Perm(len(whole))[:u.r.IntN(5)] {
		p := whole[n]
		switch p.Type {
		case String, Binary:
			p.Text = randomString(u.r, characters, 300)
		case Int32, Int64, DateTime, Double:
			p.Number = int64(u.r.Uint64() >> u.r.IntN(64))
		case Boolean, GUID:
		}
		list = append(list, p)
	}
	return list
}

// expect is what a write does to the model, or how it fails.
func expect(m modelTable, w Write, stamp time.Time) error {
	old, there := m[w.Entity.Key]
	switch {
	case w.Kind == Insert && there:
		return ErrEntityExists
	case (w.Kind == Replace || w.Kind == Merge || w.Kind == Delete) && !there:
		return ErrEntityNotFound
	case !w.Match.IsZero() && !w.Match.Equal(old.Timestamp):
		return ErrCondition
	case w.Kind == Delete:
		delete(m, w.Entity.Key)
		return nil
	}
	e := Entity{Key: w.Entity.Key, Timestamp: stamp}
	if w.Kind == Merge || w.Kind == InsertOrMerge {
		e.Properties = slices.Clone(old.Properties)
	}
	for _, p := range w.Entity.Properties {
		if i := slices.IndexFunc(e.Properties, func(o Property) bool { return o.Name == p.Name }); i >= 0 {
			e.Properties[i] = p
		} else {
			e.Properties = append(e.Properties, p)
		}
	}
	m[e.Key] = e
	return nil
}

func (u *runner) write(name string) {
	var writes []Write
	used := map[Key]bool{}
	for range 1 + u.r.IntN(4) {
		w := Write{Kind: Kind(u.r.IntN(6)), Entity: Entity{Key: u.key()}}
		if used[w.Entity.Key] {
			continue
		}
		used[w.Entity.Key] = true
		if w.Kind != Delete {
			w.Entity.Properties = u.properties()
		}
		if old, ok := u.m[name][w.Entity.Key]; ok && u.r.IntN(2) == 0 && (w.Kind == Replace || w.Kind == Merge || w.Kind == Delete) {
			w.Match = old.Timestamp.Add(time.Duration(u.r.IntN(5)/4) * 100)
		}
		writes = append(writes, w)
	}
	now := at.Add(time.Duration(u.r.IntN(10)-5) * time.Microsecond)
	times, err := u.s.Write(context.Background(), account, name, now, writes)
	after := modelTable{}
	for k, e := range u.m[name] {
		after[k] = e
	}
	for i, w := range writes {
		var stamp time.Time
		if err == nil {
			stamp = times[i]
		}
		if old, ok := u.m[name][w.Entity.Key]; ok && err == nil && w.Kind != Delete && !stamp.After(old.Timestamp) {
			u.t.Fatalf("%+v: timestamp %v after %v", w, stamp, old.Timestamp)
		}
		if want := expect(after, w, stamp); want != nil {
			var is *WriteError
			if !errors.Is(err, want) || !errors.As(err, &is) || is.Index != i {
				u.t.Fatalf("write %d of %+v: %v, want %v", i, writes, err, want)
			}
			return
		}
	}
	if err != nil {
		u.t.Fatalf("%+v: %v", writes, err)
	}
	u.m[name] = after
}

func (u *runner) bound() *Key {
	if u.r.IntN(3) == 0 {
		return nil
	}
	k := u.key()
	return &k
}

func (r Range) has(k Key) bool {
	return (r.From == nil || r.From.compare(k) <= 0) && (r.To == nil || k.compare(*r.To) <= 0)
}

// query asks for all pages of something and compares them.
func (u *runner) query(name string) {
	q := Query{Limit: 1 + u.r.IntN(20), Scan: 1 + u.r.IntN(40), Bytes: 1 + u.r.IntN(4000)}
	first := Range{u.bound(), u.bound()}
	q.Ranges = []Range{first}
	if first.To != nil && u.r.IntN(2) == 0 {
		from := *first.To
		from.Row += "\x00"
		q.Ranges = append(q.Ranges, Range{&from, u.bound()})
	}
	wanted := func(e *Entity) bool { return len(e.Properties) != 1 && e.Row != "1" }
	if u.r.IntN(2) == 0 {
		q.Filter = wanted
	}
	var want, got []Entity
	for _, e := range u.m[name].list() {
		if slices.ContainsFunc(q.Ranges, func(r Range) bool { return r.has(e.Key) }) && (q.Filter == nil || wanted(&e)) {
			want = append(want, e)
		}
	}
	for pages := 0; ; pages++ {
		p, err := u.s.Query(context.Background(), account, name, q)
		if err != nil || pages > 1000 || len(p.Entities) > q.Limit {
			u.t.Fatalf("page %d of %d entities: %v", pages, len(p.Entities), err)
		}
		got = append(got, p.Entities...)
		if q.Next = p.Next; p.Next == nil {
			break
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		u.t.Fatalf("query %+v (-want +got):\n%s", q, d)
	}
}

func (u *runner) one() {
	ctx, name := context.Background(), u.pick("a", "b", "c")
	m, there := u.m[name]
	switch dice := u.r.IntN(100); {
	case !there:
		if err := u.s.CreateTable(ctx, account, Table{Name: name}); err != nil {
			u.t.Fatal(err)
		}
		u.m[name] = modelTable{}
	case dice == 0:
		if err := u.s.DeleteTable(ctx, account, name); err != nil {
			u.t.Fatal(err)
		}
		delete(u.m, name)
	case dice == 1:
		closeTest(u.t, u.s)
		u.s = openTest(u.t, u.c)
	case dice == 2:
		if err := u.s.db.Flush(); err != nil {
			u.t.Fatal(err)
		}
	case dice < 6:
		r := Range{u.bound(), u.bound()}
		if err := u.s.DeleteRange(ctx, account, name, r); err != nil {
			u.t.Fatal(err)
		}
		for k := range m {
			if r.has(k) {
				delete(m, k)
			}
		}
	case dice < 30:
		u.query(name)
	case dice < 40:
		k := u.key()
		want, there := m[k]
		got, err := u.s.Get(ctx, account, name, k)
		if d := cmp.Diff(want, got); d != "" || there != (err == nil) || err != nil && !errors.Is(err, ErrEntityNotFound) {
			u.t.Fatalf("get %q: %v (-want +got):\n%s", k, err, d)
		}
	default:
		u.write(name)
	}
	wantUsage(u.t, u.s, u.m.usage())
}

// TestModel does at random what can be done, with restarts between, and compares
// with the model.
func TestModel(t *testing.T) {
	steps := 2500
	if testing.Short() {
		steps = 800
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			u := runner{t: t, r: rand.New(rand.NewPCG(seed, 0)), c: Config{FS: vfs.NewMem(), Dir: "/store"}, m: model{}}
			u.s = openTest(t, u.c)
			for step := range steps {
				u.one()
				if t.Failed() {
					t.Fatalf("at step %d", step)
				}
			}
		})
	}
}
