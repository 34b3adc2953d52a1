package tablestore

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// parallel32 runs fn in 32 goroutines whatever the number of cores: most of their
// time goes by waiting for the disk.
func parallel32(b *testing.B, fn func(i int64) error) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(max(1, 32/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fn(next.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "ops/s")
}

// order is an entity of about 250 bytes.
func order(i int64) Entity {
	return entity(fmt.Sprintf("customer-%04d", i*7919%1000), fmt.Sprintf("order-%010d", i),
		text("Address", "Mountain View, 1600 Amphitheatre Parkway"), number("Amount", i), Property{Name: "Age", Type: Int32, Number: i % 100},
		Property{Name: "CustomerCode", Type: GUID, Text: "c9da6455-213d-42c9-9a79-3e9149a57833"},
		Property{Name: "CustomerSince", Type: DateTime, Number: 639_000_000_000_000_001}, Property{Name: "IsActive", Type: Boolean, Number: 1},
		Property{Name: "Price", Type: Double, Number: 0x3fe0000000000000}, text("Comment", "delivered to the neighbours, who were at home"))
}

// fill makes a table of n orders.
func fill(b *testing.B, n int64) *Store {
	b.Helper()
	s := openTest(b, Config{})
	newTable(b, s, "Orders")
	var writes []Write
	for i := range n {
		writes = append(writes, Write{Entity: order(i)})
		if len(writes) == 500 || i == n-1 {
			write(b, s, "Orders", writes...)
			writes = writes[:0]
		}
	}
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkInsert(b *testing.B) {
	s := openTest(b, Config{})
	newTable(b, s, "Orders")
	ctx, now := context.Background(), time.Now()
	parallel32(b, func(i int64) error {
		_, err := s.Write(ctx, account, "Orders", now, []Write{{Entity: order(i)}})
		return err
	})
}

func BenchmarkMerge(b *testing.B) {
	const n = 10_000
	s := fill(b, n)
	ctx, now := context.Background(), time.Now()
	parallel32(b, func(i int64) error {
		e := Entity{Key: order(i % n).Key, Properties: []Property{number("Amount", i), text("Comment", "changed")}}
		_, err := s.Write(ctx, account, "Orders", now, []Write{{Kind: Merge, Entity: e}})
		return err
	})
}

func BenchmarkBatch100(b *testing.B) {
	s := openTest(b, Config{})
	newTable(b, s, "Orders")
	ctx, now := context.Background(), time.Now()
	parallel32(b, func(i int64) error {
		writes := make([]Write, 100)
		for n := range writes {
			writes[n].Entity = order(i*100 + int64(n))
		}
		_, err := s.Write(ctx, account, "Orders", now, writes)
		return err
	})
}

func BenchmarkGet(b *testing.B) {
	const n = 100_000
	s := fill(b, n)
	ctx := context.Background()
	list := make([]Key, n)
	for i := range list {
		list[i] = order(int64(i)).Key
	}
	parallel32(b, func(i int64) error {
		_, err := s.Get(ctx, account, "Orders", list[i*31337%n])
		return err
	})
}

// BenchmarkQuery asks for 100 of 100,000 entities: a partition, and by a filter that
// looks at everything.
func BenchmarkQuery(b *testing.B) {
	const n = 100_000
	s := fill(b, n)
	ctx := context.Background()
	ask := func(b *testing.B, q Query) {
		b.Helper()
		p, err := s.Query(ctx, account, "Orders", q)
		if err != nil || len(p.Entities) != 100 {
			b.Fatal(len(p.Entities), err)
		}
	}
	b.Run("partition", func(b *testing.B) {
		b.ReportAllocs()
		for i := int64(0); b.Loop(); i++ {
			partition := order(i % n).Partition
			ask(b, Query{Ranges: []Range{{&Key{partition, ""}, &Key{partition + "\x00", ""}}}})
		}
	})
	b.Run("filter", func(b *testing.B) {
		b.ReportAllocs()
		wanted := func(e *Entity) bool { return e.Properties[1].Number%1000 == 7 }
		for b.Loop() {
			ask(b, Query{Filter: wanted})
		}
	})
}

// BenchmarkDeleteTable deletes tables of 10,000 entities.
func BenchmarkDeleteTable(b *testing.B) {
	s := openTest(b, Config{})
	writes := make([]Write, 10_000)
	for i := range writes {
		writes[i].Entity = order(int64(i))
	}
	for b.Loop() {
		b.StopTimer()
		newTable(b, s, "Orders")
		write(b, s, "Orders", writes...)
		b.StartTimer()
		if err := s.DeleteTable(b.Context(), account, "Orders"); err != nil {
			b.Fatal(err)
		}
	}
}
