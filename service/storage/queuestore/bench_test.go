package queuestore

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// parallel32 runs fn in 32 goroutines whatever the number of cores: most of
// their time goes by waiting for the disk.
func parallel32(b *testing.B, fn func() error) {
	b.Helper()
	b.SetParallelism(max(1, 32/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fn(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "ops/s")
}

var benchText = strings.Repeat("0123456789abcdef", 16)

// backlog puts n messages.
func backlog(b testing.TB, s *Store, n int) {
	b.Helper()
	ctx := context.Background()
	var left atomic.Int64
	left.Store(int64(n))
	errs := make(chan error, 64)
	for range 64 {
		go func() {
			for left.Add(-1) >= 0 {
				now := time.Now()
				if _, err := s.Put(ctx, testAccount, "q", benchText, now, now, Forever); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 64 {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s := openTest(b, Config{})
	newQueue(b, s, "q")
	ctx := context.Background()
	parallel32(b, func() error {
		now := time.Now()
		_, err := s.Put(ctx, testAccount, "q", benchText, now, now, now.Add(7*24*time.Hour))
		return err
	})
}

// BenchmarkCycle puts, dequeues and deletes a message.
func BenchmarkCycle(b *testing.B) {
	for _, n := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("backlog=%d", n), func(b *testing.B) {
			s := openTest(b, Config{})
			newQueue(b, s, "q")
			backlog(b, s, n)
			ctx := context.Background()
			parallel32(b, func() error {
				now := time.Now()
				if _, err := s.Put(ctx, testAccount, "q", benchText, now, now, now.Add(7*24*time.Hour)); err != nil {
					return err
				}
				return take(ctx, s)
			})
		})
	}
}

func take(ctx context.Context, s *Store) error {
	now := time.Now()
	list, err := s.Get(ctx, testAccount, "q", 1, now, now.Add(30*time.Second))
	if err != nil || len(list) == 0 {
		return err
	}
	return s.Delete(ctx, testAccount, "q", list[0].ID, list[0].Receipt, time.Now())
}

// BenchmarkConsume dequeues and deletes what waits: each of b.N finds a message.
func BenchmarkConsume(b *testing.B) {
	s := openTest(b, Config{})
	newQueue(b, s, "q")
	backlog(b, s, b.N)
	ctx := context.Background()
	parallel32(b, func() error { return take(ctx, s) })
}

func BenchmarkPeek(b *testing.B) {
	for _, n := range []int{1, 100_000} {
		b.Run(fmt.Sprintf("backlog=%d", n), func(b *testing.B) {
			s := openTest(b, Config{})
			newQueue(b, s, "q")
			backlog(b, s, n)
			ctx := context.Background()
			parallel32(b, func() error {
				list, err := s.Peek(ctx, testAccount, "q", 1, time.Now())
				if err == nil && len(list) != 1 {
					err = fmt.Errorf("%d messages", len(list))
				}
				return err
			})
		})
	}
}
