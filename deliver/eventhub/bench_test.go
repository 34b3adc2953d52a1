package eventhub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"reslog/deliver"
	"reslog/record"
)

// BenchmarkDeliver delivers batches as a worker does, 1000 records of about 700
// bytes, to a broker in the same process which checks what it gets and does not
// keep it. A round is a record.
func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct {
		name       string
		categories []record.Category
		gzip       bool
	}{
		{"one hub", []record.Category{"StorageRead"}, false},
		{"three hubs", []record.Category{"StorageRead", "StorageWrite", "StorageDelete"}, false},
		{"gzip", []record.Category{"StorageRead"}, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			const size, line = 1000, 700
			cluster := newCluster(b, kfake.BlackholeProduce())
			d := open(b, Config{Brokers: cluster.ListenAddrs(), Gzip: c.gzip})
			batch := make([]deliver.Item, size)
			text := strings.Repeat("abcdefghijklmnopqrstuvwxyz", 30)
			for i := range batch {
				head := fmt.Sprintf(`{"time":"2026-03-01T09:59:59.%07dZ","properties":{"x":"`, i)
				batch[i] = item(1, uint32(i), c.categories[i%len(c.categories)], head+text[:line-len(head)-3]+`"}}`)
			}
			if _, err := d.Deliver(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(line)
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; done += size {
				for i := range batch {
					batch[i].Position.Seq++
				}
				if _, err := d.Deliver(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
