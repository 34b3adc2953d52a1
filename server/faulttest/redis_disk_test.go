package faulttest

import (
	"context"
	"testing"
	"time"

	"reslog/bus"
)

// TestFullDiskOfRedis takes all room from a node, the journal of connections and the
// bus, while clients of a Redis server come and go. In buffered mode they notice
// nothing, in audit mode none gets through that has no record; when there is room
// everything goes on. No record is there twice, and what is missing was counted.
func TestFullDiskOfRedis(t *testing.T) {
	if err := namespaces(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { fillRedis(t, d) })
	}
}

func fillRedis(t *testing.T, d bus.Durability) {
	s := startRedis(t)
	v := start(t, t.TempDir(), d, onSmallDisk(diskSize), withFile(redisBootstrap(t)), withRedis(s))
	defer v.stop(t)
	var l redisLedger
	visits := func(n int) (failed int) {
		for i := range n {
			if !l.visitor(t.Context(), v.redis, i) {
				failed++
			}
		}
		return failed
	}
	if failed := visits(200); failed > 0 {
		t.Errorf("%d visits failed before the disk was full", failed)
	}
	stayed, err := l.stay(t.Context(), v.redis, 20)
	if err != nil {
		t.Fatal(err)
	}
	v.disk(t, makeFull)
	// Several at a time, as each may be made to wait.
	ctx, stop := context.WithCancel(t.Context())
	wait := l.crowd(ctx, v.redis, crowdSize/4)
	waitFor(t, "the bus to be full", func() bool { return metric(t, v.admin, "reslog_bus_publish_failures_total") > 0 })
	time.Sleep(3 * time.Second)
	stop()
	failed := wait()
	t.Logf("on a full disk: %d visits, %d failed; %.0f records could not be published", len(l.visits), failed, metric(t, v.admin, "reslog_bus_publish_failures_total"))
	if d == bus.Buffered && failed > 0 {
		t.Errorf("%d visits failed in buffered mode", failed)
	}
	// Who was there before is served, and may leave.
	for _, c := range stayed {
		if err := c.ask("PING\r\n", "+PONG\r\n"); err != nil {
			t.Errorf("a connection of before: %v", err)
		}
	}
	if err := closeAll(stayed); err != nil {
		t.Error(err)
	}
	v.disk(t, makeRoom)
	waitFor(t, "visits to be answered as before", func() bool {
		time.Sleep(200 * time.Millisecond)
		return visits(4) == 0 && metric(t, v.admin, "reslog_bus_failing") == 0
	})
	if failed := visits(200); failed > 0 {
		t.Errorf("%d visits failed when there was room", failed)
	}
	dropped := int(metric(t, v.admin, "reslog_records_dropped_total"))
	if d == bus.Audit {
		dropped = 0 // it counts those that are handed over again
	}
	l.complete(t, v.url, 0, dropped)
	v.restart(t)
	if failed := visits(50); failed > 0 {
		t.Errorf("%d visits failed after a restart", failed)
	}
	l.complete(t, v.url, 0, dropped)
	t.Logf("%d records dropped", dropped)
}
