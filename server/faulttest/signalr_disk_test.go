package faulttest

import (
	"context"
	"testing"
	"time"

	"reslog/bus"
)

// TestFullDiskOfSignalR takes all room from a node while clients of SignalR come and go. In
// buffered mode they notice nothing, and what is missing of them was counted. In audit mode
// none gets in that has no ConnectionStarted, and who was there before has an end, however
// late it is written. Who was there before is served in both.
func TestFullDiskOfSignalR(t *testing.T) {
	if err := namespaces(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { fillSignalR(t, d) })
	}
}

func fillSignalR(t *testing.T, d bus.Durability) {
	v := start(t, t.TempDir(), d, onSmallDisk(diskSize), withSignalR, withFile(signalRBootstrap(t)))
	defer v.stop(t)
	var l signalRLedger
	c := newSignalRClient(v.signalR, crowdSize, nil)
	visits := func(n int) (failed int) {
		for i := range n {
			if l.visit(t.Context(), c, i%4 != 0) != nil {
				failed++
			}
		}
		return failed
	}
	if failed := visits(100); failed > 0 {
		t.Errorf("%d visits failed before the disk was full", failed)
	}
	guests, err := l.stay(t.Context(), c, 20)
	if err != nil {
		t.Fatal(err)
	}
	v.disk(t, makeFull)
	ctx, stop := context.WithCancel(t.Context())
	wait := l.crowd(ctx, v.signalR, crowdSize/4, true)
	time.Sleep(5 * time.Second)
	// Who was there before is served, and may leave.
	if err := c.tell(t.Context(), "the disk is full"); err != nil {
		t.Error(err)
	}
	for i, g := range guests {
		if err := g.hears(t.Context(), "the disk is full"); err != nil {
			t.Errorf("a client of before: %v", err)
		}
		if i%2 == 0 {
			if err := l.leave(g); err != nil {
				t.Errorf("a client of before leaves: %v", err)
			}
		}
	}
	time.Sleep(2 * time.Second)
	stop()
	failed := wait()
	t.Logf("on a full disk: %d visits, %d failed; %.0f records could not be published", len(l.visits), failed, metric(t, v.admin, "reslog_bus_publish_failures_total"))
	if d == bus.Buffered && failed > 0 {
		t.Errorf("%d visits failed in buffered mode: %v", failed, l.failed)
	}
	if metric(t, v.admin, "reslog_bus_publish_failures_total") == 0 {
		t.Error("the bus could write: the test shows little")
	}
	v.disk(t, makeRoom)
	waitFor(t, "visits to be answered as before", func() bool {
		time.Sleep(200 * time.Millisecond)
		return visits(4) == 0 && metric(t, v.admin, "reslog_bus_failing") == 0
	})
	if failed := visits(100); failed > 0 {
		t.Errorf("%d visits failed when there was room", failed)
	}
	dropped := int(metric(t, v.admin, "reslog_records_dropped_total"))
	if d == bus.Audit {
		dropped = 0 // ends are handed over again
	}
	v.restart(t) // everybody has an end
	l.complete(t, v.url, dropped)
	c = newSignalRClient(v.signalR, crowdSize, nil)
	if failed := visits(20); failed > 0 {
		t.Errorf("%d visits failed after a restart", failed)
	}
	t.Logf("%d records dropped", dropped)
}

// complete waits until every client that was let in has its beginning and its end in the
// archive of a node that was stopped since; so many records may be missing.
func (l *signalRLedger) complete(t *testing.T, url string, dropped int) {
	t.Helper()
	l.ends = []signalREnd{{time.Now(), true}}
	var s signalRSum
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		all := signalREventsOf(t, url)
		delete(all, refusedSignalR)
		s = l.sum(all, true)
		if s.missing+s.unbegun+s.unended+s.open == 0 || time.Now().After(deadline) {
			break
		}
	}
	t.Log(s)
	if s.missing+s.unbegun+s.unended > dropped || s.open > dropped || s.repeated > 0 {
		t.Errorf("%s; %d records may be missing; %s", s, dropped, s.example)
	}
}
