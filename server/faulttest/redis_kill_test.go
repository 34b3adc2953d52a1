package faulttest

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/server"
	"reslog/server/servertest"
)

// crowdSize is how many clients come and go at a time.
const crowdSize = 40

// TestKillRedis kills nodes while hundreds of connections to a Redis server come and
// go, and others stay. Every connection that was answered has one new_conn and one
// close_conn in the archive, and no connection has one of them twice or alone; nor is
// there more or less than one record of a login.
func TestKillRedis(t *testing.T) {
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { killRedis(t, d) })
	}
}

func killRedis(t *testing.T, d bus.Durability) {
	s, file, data := startRedis(t), redisBootstrap(t), t.TempDir()
	var l redisLedger
	n := rounds(8)
	for round := range n {
		l.round = round
		v := start(t, data, d, withRedis(s), withFile(file))
		ctx, stop := context.WithCancel(t.Context())
		wait := l.crowd(ctx, v.redis, crowdSize)
		stayed, err := l.stay(ctx, v.redis, 50)
		if err != nil {
			t.Errorf("connections that stay: %v", err)
		}
		// A third of the kills come soon after these, the others when the node has met many.
		if before := l.answered(); round%3 > 0 {
			waitFor(t, "some answers", func() bool { return l.answered()-before >= 5*crowdSize })
		}
		time.Sleep(time.Duration(rand.IntN([]int{30, 200, 500}[round%3])) * time.Millisecond)
		v.kill(t)
		stop()
		wait()
		if err := closeAll(stayed); err != nil {
			t.Error(err)
		}
	}
	last := servertest.Start(t, servertest.WithData(data), readingFile(t, file), servertest.WithConfig(func(c *server.Config) {
		c.Durability, c.RedisAddr, c.RedisUpstream, c.RedisDetails = d, "127.0.0.1:0", s.addr, true
	}))
	last.Settle(t)
	sum := l.complete(t, last.BlobURL(), 0, 0)
	t.Logf("%d kills", n)
	if sum.reasons["restarted"] < n || sum.reasons["client"] < n*crowdSize {
		t.Errorf("%v: the test shows little", sum.reasons)
	}
}

// TestRedisGoesAway kills the server and starts it again while clients come and go.
// The node goes on, and each connection has its two records.
func TestRedisGoesAway(t *testing.T) {
	s, file := startRedis(t), redisBootstrap(t)
	v := start(t, t.TempDir(), bus.Buffered, withRedis(s), withFile(file))
	defer v.stop(t)
	var l redisLedger
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	wait := l.crowd(ctx, v.redis, crowdSize)
	n := rounds(6)
	for range n {
		stayed, err := l.stay(ctx, v.redis, 20)
		if err != nil {
			t.Fatalf("connections that stay: %v", err)
		}
		s.kill()
		// Who was connected is told at once.
		for _, c := range stayed {
			if _, err := c.in.ReadByte(); err == nil {
				t.Error("a connection to a server that was killed has something to say")
			}
		}
		if err := closeAll(stayed); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
		s.start(t)
		before := l.answered()
		waitFor(t, "answers of the server that is back", func() bool { return l.answered()-before >= 2*crowdSize })
	}
	stop()
	failed := wait()
	sum := l.complete(t, v.url, 0, 0)
	t.Logf("the server was killed %d times, %d visits failed", n, failed)
	if sum.reasons["server"] < 20*n || sum.reasons["noServer"] == 0 {
		t.Errorf("%v: the test shows little", sum.reasons)
	}
}

// TestManyRedisConnections opens and closes 50,000 connections, as fast as it goes;
// 5,000 with -short, more when it soaks.
func TestManyRedisConnections(t *testing.T) {
	connections, workers := 50_000*soak(), 64
	if testing.Short() {
		connections = 5000
	}
	s, file := startRedis(t), redisBootstrap(t)
	v := start(t, t.TempDir(), bus.Buffered, withRedis(s), withFile(file))
	defer v.stop(t)
	var l redisLedger
	var wg sync.WaitGroup
	began := time.Now()
	for w := range workers {
		wg.Go(func() {
			for i := w; i < connections; i += workers {
				if !l.visitor(t.Context(), v.redis, i) {
					t.Errorf("connection %d was not answered", i)
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("%d connections in %v, %.0f a second", connections, took.Round(time.Millisecond), float64(connections)/took.Seconds())
	sum := l.complete(t, v.url, connections, 0)
	if sum.recorded != connections || sum.reasons["client"] != connections {
		t.Errorf("%d connections: %s", connections, sum)
	}
}
