package bus_test

import (
	"testing"

	"reslog/bus"
)

// BenchmarkEmit is the cost of one record to the one who emits it; what the
// disk does not keep up with is dropped.
func BenchmarkEmit(b *testing.B) {
	n, err := bus.Open(b.Context(), bus.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	e := n.Emitter()
	r := newRecord(blobs, "StorageRead", "00000000-0000-4000-8000-000000000000")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = e.Emit(b.Context(), r)
		}
	})
}
