package connections

import (
	"context"
	"strconv"
	"testing"

	"reslog/service/redis/event"
)

// nothing is an Out that takes no time.
type nothing struct{}

func (nothing) Emit(context.Context, event.Event) error              { return nil }
func (nothing) Sync(context.Context) ([]byte, error)                 { return nil, nil }
func (nothing) Since(context.Context, []byte, func(id string)) error { return nil }
func (nothing) Passed(context.Context, []byte) error                 { return nil }

// BenchmarkTake is the cost of an event, of connections that come, log in and go.
func BenchmarkTake(b *testing.B) {
	for _, open := range []int{0, 10_000} {
		b.Run("open="+strconv.Itoa(open), func(b *testing.B) {
			cfg := config(b, b.TempDir(), nothing{})
			cfg.SyncInterval = 0
			book, err := Open(b.Context(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			var m maker
			for range open {
				take(b, book, m.open(book.NextID()))
			}
			opened, auth, closed := m.open(0), m.auth(0, event.OK, "alice"), m.close(0)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				events := []event.Event{opened, auth, closed}
				for i := 0; pb.Next(); i++ {
					e := &events[i%3]
					if i%3 == 0 {
						id := book.NextID()
						for k := range events {
							events[k].Connection.ID = id
						}
					}
					if err := book.Take(b.Context(), *e); err != nil {
						b.Error(err)
					}
				}
			})
			b.StopTimer()
			if err := book.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
			if s := book.Stats(); s.Late+s.Missing > 0 {
				b.Logf("%+v", s)
			}
		})
	}
}

// BenchmarkPut is the cost of an event that nobody waits for.
func BenchmarkPut(b *testing.B) {
	cfg := config(b, b.TempDir(), nothing{})
	cfg.SyncInterval = 0
	book, err := Open(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	var m maker
	events := []event.Event{m.open(0), m.auth(0, event.OK, "alice"), m.close(0)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%3 == 0 {
			id := book.NextID()
			for k := range events {
				events[k].Connection.ID = id
			}
		}
		if err := book.Put(events[i%3], nil); err != nil {
			b.Error(err)
		}
	}
	if err := book.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
