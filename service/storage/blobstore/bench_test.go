package blobstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// parallel32 runs fn in 32 goroutines whatever the number of cores: most of
// their time goes by waiting for the disk.
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

func BenchmarkPut4KiB(b *testing.B) {
	s := openTest(b, Config{})
	newContainer(b, s, "c")
	data := randomBytes(rand.New(rand.NewPCG(1, 1)), 4096)
	ctx := context.Background()
	parallel32(b, func(i int64) error {
		c, err := s.Stage(ctx, bytes.NewReader(data))
		if err != nil {
			return err
		}
		return s.Update(ctx, Ref{account, "c", fmt.Sprintf("blob-%08d", i)}, func(t *Txn) error {
			return t.Create(&Blob{Type: BlockBlob, ContentType: "application/octet-stream"}, c)
		})
	})
}

func BenchmarkPut4MiB(b *testing.B) {
	s := openTest(b, Config{})
	newContainer(b, s, "c")
	data := randomBytes(rand.New(rand.NewPCG(1, 1)), 4<<20)
	ctx := context.Background()
	b.SetBytes(4 << 20)
	var i int
	for b.Loop() {
		c, err := s.Stage(ctx, bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		i++
		err = s.Update(ctx, Ref{account, "c", fmt.Sprintf("blob-%d", i%8)}, func(t *Txn) error {
			return t.Create(&Blob{Type: BlockBlob}, c)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []int{4 << 10, 4 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			s := openTest(b, Config{})
			newContainer(b, s, "c")
			for i := range 64 {
				put(b, s, "c", fmt.Sprintf("blob-%08d", i), randomBytes(rand.New(rand.NewPCG(1, 1)), size))
			}
			ctx := context.Background()
			b.SetBytes(int64(size))
			parallel32(b, func(i int64) error {
				h, err := s.Open(ctx, Ref{account, "c", fmt.Sprintf("blob-%08d", i%64)}, time.Time{})
				if err != nil {
					return err
				}
				defer h.Close()
				return h.WriteTo(io.Discard, 0, h.Blob.Length)
			})
		})
	}
}

func BenchmarkList100(b *testing.B) {
	s := openTest(b, Config{})
	newContainer(b, s, "c")
	for i := range 1000 {
		update(b, s, "c", fmt.Sprintf("folder/blob-%08d", i), func(t *Txn) error {
			return t.Create(&Blob{Type: BlockBlob, ContentType: "text/plain", ContentMD5: make([]byte, 16), Metadata: Metadata{{"owner", "tests"}, {"kind", "listed"}}})
		})
	}
	ctx := context.Background()
	b.ReportAllocs()
	var o ListOptions
	for b.Loop() {
		o.Max = 100
		page, err := s.List(ctx, account, "c", o)
		if err != nil || len(page.Items) != 100 {
			b.Fatal(len(page.Items), err)
		}
		o.Marker = page.Next
	}
}

func BenchmarkAppend(b *testing.B) {
	s := openTest(b, Config{})
	newContainer(b, s, "c")
	update(b, s, "c", "log", func(t *Txn) error { return t.Create(&Blob{Type: AppendBlob}) })
	data := make([]byte, 512)
	ctx := context.Background()
	parallel32(b, func(int64) error {
		c, err := s.Stage(ctx, bytes.NewReader(data))
		if err != nil {
			return err
		}
		return s.Update(ctx, Ref{account, "c", "log"}, func(t *Txn) error { return t.Append(c) })
	})
}
