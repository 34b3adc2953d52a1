package storagemetrics

import (
	"fmt"
	"testing"

	"reslog/metric"
)

func newBenchWorld(tb testing.TB) *world {
	return newWorld(tb, func(c *Config) { c.Recorder = metric.New(metric.Config{Emitter: new(sink), Now: c.Now}) })
}

func TestObserveAllocatesNothing(t *testing.T) {
	w := newBenchWorld(t)
	o := w.get()
	for range 1000 { // until every shard knows the operation
		w.Observe(o)
	}
	if n := testing.AllocsPerRun(1000, func() { w.Observe(o) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for range 10 { // nor when the rows were written in between
		w.flush()
		if n := testing.AllocsPerRun(100, func() { w.Observe(o) }); n != 0 {
			t.Errorf("%v allocations after a flush", n)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, recorder := range []bool{false, true} {
		b.Run(fmt.Sprintf("recorder=%v", recorder), func(b *testing.B) {
			w := newBenchWorld(b)
			if !recorder {
				w = newWorld(b)
			}
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				o := w.get()
				for p.Next() {
					w.Observe(o)
				}
			})
		})
	}
}

// BenchmarkFlush is a second of 100 accounts of which each does ten operations on
// blobs, without the store.
func BenchmarkFlush(b *testing.B) {
	w := newBenchWorld(b)
	for i := range 100 {
		w.list = append(w.list, newAccount(fmt.Sprint("account", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		o := w.get()
		for _, a := range w.list {
			o.Account, o.Resource = a.Name, a.ID.Child("blobServices", "default")
			for _, o.Operation = range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"} {
				w.Observe(o)
			}
		}
		w.flush()
	}
}
