package faulttest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/bus"
)

// TestFloodOfLogins has clients try passwords as fast as they can, in pipelines, and
// with user names as long as the server takes. What the node keeps of it is bounded,
// others are served meanwhile, and each connection has its two records.
func TestFloodOfLogins(t *testing.T) {
	const (
		clients = 20
		batch   = 200
	)
	s, file := startRedis(t), redisBootstrap(t)
	v := start(t, t.TempDir(), bus.Buffered, withRedis(s), withFile(file))
	defer v.stop(t)
	var l redisLedger
	var attempts atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(rounds(2))*5*time.Second)
	defer stop()
	for w := range clients {
		wg.Go(func() {
			ip, v2 := l.source()
			c, err := dialFrom(ctx, ip, v.redis)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			l.note(&v2.connected)
			for i := 0; ctx.Err() == nil; i++ {
				if err := guess(c, w, i, batch); err != nil {
					t.Error(err)
					return
				}
				l.note(&v2.answered)
				attempts.Add(batch)
			}
		})
	}
	var slowest time.Duration
	for i := 0; ctx.Err() == nil; i++ {
		at := time.Now()
		if !l.visitor(ctx, v.redis, 4*i+2) && ctx.Err() == nil {
			t.Error("a visit during the flood failed")
		}
		slowest = max(slowest, time.Since(at))
		time.Sleep(50 * time.Millisecond)
	}
	wg.Wait()
	took := time.Since(began)
	memory := int64(metric(t, v.admin, "process_resident_memory_bytes"))
	// A visit that the end of the flood cut off may have been logged in.
	l.complete(t, v.url, 0, 1)
	failures := failuresOf(t, v.url)
	// Of a connection at most a hundred in a second, and those of the seconds that had begun.
	bound := clients * 100 * int(took.Seconds()+2)
	t.Logf("%d attempts in %v, %d records of them (at most %d); the slowest of other visits took %v; the node has %d MiB",
		attempts.Load(), took.Round(time.Millisecond), failures, bound, slowest, memory>>20)
	if failures > bound || failures < clients {
		t.Errorf("%d records of %d failed logins, want %d to %d", failures, attempts.Load(), clients, bound)
	}
	if memory > 512<<20 {
		t.Errorf("the node has %d MiB", memory>>20)
	}
}

// guess sends a pipeline of wrong passwords, and reads that each is refused.
func guess(c *redisConn, w, i, batch int) error {
	if err := c.SetDeadline(time.Now().Add(redisPatience)); err != nil {
		return err
	}
	var b strings.Builder
	for k := range batch {
		name := fmt.Sprintf("user %d\r\n%d %d", w, i, k)
		if w%2 == 0 {
			name = strings.Repeat("x", 10_000) + name
		}
		fmt.Fprintf(&b, "*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$1\r\nx\r\n", len(name), name)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, b.String())
		sent <- err
	}()
	for range batch {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.HasPrefix(line, "-WRONGPASS ") {
			return fmt.Errorf("a wrong password is answered by %q", line)
		}
	}
	return <-sent
}

// failuresOf is how many records of failed logins there are in the archive.
func failuresOf(t *testing.T, url string) (n int) {
	t.Helper()
	for _, e := range redisEventsOf(t, url) {
		n += e.failures
	}
	return n
}
