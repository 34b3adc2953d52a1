package faulttest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/bus"
)

// A flood of SignalR comes from so many addresses, several clients from each.
const (
	floodSources = 4
	floodClients = 5
)

// flood has clients do something as fast as they can, for a while, and returns how often.
func flood(ctx context.Context, t *testing.T, url string, do func(context.Context, *signalRClient) error) (wait func() int64) {
	var working sync.WaitGroup
	var done atomic.Int64
	for i := range floodSources {
		c := newSignalRClient(url, floodClients, net.IPv4(127, 2, 0, byte(i+1)))
		for range floodClients {
			working.Go(func() {
				for ctx.Err() == nil {
					if err := do(ctx, c); err != nil && ctx.Err() == nil {
						t.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
	}
	return func() int64 {
		working.Wait()
		return done.Load()
	}
}

// refusedIn is how many records at most there are of a flood that took so long: of each
// address twenty in each minute that had begun, and one that counts the others.
func refusedIn(took time.Duration) int { return floodSources * 21 * (int(took/time.Minute) + 2) }

// TestFloodOfTokens has clients try bad tokens as fast as they can. Few of them are in the
// log, others are served meanwhile, and each of these has its records.
func TestFloodOfTokens(t *testing.T) {
	v := start(t, t.TempDir(), bus.Buffered, withSignalR, withFile(signalRBootstrap(t)))
	defer v.stop(t)
	began := time.Now()
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(rounds(4))*5*time.Second)
	defer stop()
	wait := flood(ctx, t, v.signalR, func(ctx context.Context, c *signalRClient) error {
		bad := *c
		bad.bearer = signalRToken("http://elsewhere.example/client/?hub=chat")
		_, err := bad.ask(ctx, http.MethodPost, "/client/negotiate?hub=chat&negotiateVersion=1", "", http.StatusUnauthorized)
		return err
	})
	var l signalRLedger
	c := newSignalRClient(v.signalR, 1, nil)
	var slowest time.Duration
	for i := 0; ctx.Err() == nil; i++ {
		at := time.Now()
		if err := l.visit(ctx, c, i%4 != 0); err != nil && ctx.Err() == nil {
			t.Errorf("a visit during the flood: %v", err)
		}
		slowest = max(slowest, time.Since(at))
		time.Sleep(50 * time.Millisecond)
	}
	attempts, took := wait(), time.Since(began)
	v.restart(t)
	l.complete(t, v.url, 0)
	events := signalREventsOf(t, v.url)[refusedSignalR]
	if events == nil {
		t.Fatal("no refused token has a record")
	}
	bound, memory := refusedIn(took), int64(metric(t, v.admin, "process_resident_memory_bytes"))
	t.Logf("%d bad tokens in %v, %d records of them (at most %d); the slowest of %d other visits took %v; the node has %d MiB",
		attempts, took.Round(time.Millisecond), events.unauthorized, bound, len(l.visits), slowest, memory>>20)
	if events.unauthorized > bound || events.unauthorized < floodSources || attempts < int64(bound) {
		t.Errorf("%d records of %d bad tokens, want %d to %d", events.unauthorized, attempts, floodSources, bound)
	}
	if memory > 512<<20 {
		t.Errorf("the node has %d MiB", memory>>20)
	}
}

// TestFloodOfConnections has clients come to a service that has as many as it may, as fast
// as they can. Few refusals are in the log, who is there is served meanwhile, and there are
// no more connections than the tier allows.
func TestFloodOfConnections(t *testing.T) {
	const most = 20 // of the Free tier
	v := start(t, t.TempDir(), bus.Buffered, withFewSignalR, withFile(signalRBootstrap(t)))
	defer v.stop(t)
	var l signalRLedger
	c := newSignalRClient(v.signalR, most, nil)
	guests, err := l.stay(t.Context(), c, most)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(rounds(4))*5*time.Second)
	defer stop()
	wait := flood(ctx, t, v.signalR, func(ctx context.Context, c *signalRClient) error {
		if _, err := c.ask(ctx, http.MethodPost, "/client/negotiate?hub=chat&negotiateVersion=1", "", http.StatusTooManyRequests); err != nil {
			return err
		}
		// Without asking before.
		_, err := c.ask(ctx, http.MethodGet, "/client/?hub=chat&access_token="+c.bearer, "", http.StatusBadRequest)
		return err
	})
	var slowest time.Duration
	told := 0
	for ; ctx.Err() == nil; told++ {
		at := time.Now()
		if err := c.tell(ctx, "hello"); err != nil && ctx.Err() == nil {
			t.Errorf("a message during the flood: %v", err)
		}
		for _, g := range guests {
			if err := g.hears(t.Context(), "hello"); err != nil {
				t.Fatalf("a client that was there: %v", err)
			}
		}
		slowest = max(slowest, time.Since(at))
		time.Sleep(200 * time.Millisecond)
	}
	attempts, took := wait(), time.Since(began)
	if n := metric(t, v.admin, "reslog_signalr_connections", `side="client"`); n != most {
		t.Errorf("there are %.0f clients", n)
	}
	for _, g := range guests {
		if err := l.leave(g); err != nil {
			t.Error(err)
		}
	}
	v.restart(t)
	l.complete(t, v.url, 0)
	events := signalREventsOf(t, v.url)[refusedSignalR]
	if events == nil {
		t.Fatal("nobody who was refused has a record")
	}
	bound := refusedIn(took)
	t.Logf("%d refused in %v, %d records of them (at most %d); the slowest of %d messages to all took %v",
		attempts, took.Round(time.Millisecond), events.throttled+events.aborted, 2*bound, told, slowest)
	if n := events.throttled; n > bound || n < floodSources || attempts < int64(bound) || events.aborted > bound {
		t.Errorf("%+v of %d refusals, want at most %d", events, attempts, bound)
	}
}
